import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { ProjectId } from '../../src/core/ids.ts'
import { openDb } from '../../src/db/db.ts'
import {
  endSessions,
  hubOf,
  loadSnapshot,
  publish,
  readHead,
  readVersion,
  setEnabled,
} from '../../src/gateways/gateways.ts'
import { snapshotFormat } from '../../src/gateways/load-snapshot.ts'
import { documentOf, newGateway, newName, published, testProject } from '../support/gateway-fixtures.ts'

const put = (name: string, base: number | null, description: string, project = testProject) =>
  publish(env, { project, document: documentOf(name, { description }), base, by: 'test', note: 'why' })

const code = (result: { ok: boolean; error?: { code: string } }): string | undefined => result.error?.code

describe('publishing', () => {
  it('adds a version and leaves the one before as it was', async () => {
    const { name, gateway } = await newGateway()
    const before = await readVersion(openDb(env.DB), testProject, gateway, 1)
    expect(await put(name, 1, 'second')).toMatchObject({ ok: true, value: { gateway, version: 2, changed: true } })
    expect(await readHead(openDb(env.DB), testProject, gateway)).toMatchObject({ version: 2, slug: name })
    expect(await readVersion(openDb(env.DB), testProject, gateway, 1)).toEqual(before)
    expect(await readVersion(openDb(env.DB), testProject, gateway, 2)).toMatchObject({ createdBy: 'test', note: 'why' })
  })

  it('writes nothing when nothing changed', async () => {
    const { name, document } = await newGateway()
    expect(await published(document, 1)).toMatchObject({ version: 1, changed: false })
    expect(await published(documentOf(name), 1, { force: true })).toMatchObject({ version: 2, changed: true })
  })

  it('lets one of two at once win, and tells the other', async () => {
    const { name, gateway } = await newGateway()
    for (const base of [1, 2, 3]) {
      const results = await Promise.all(['a', 'b', 'c', 'd'].map((text) => put(name, base, `${base} ${text}`)))
      expect(results.filter((result) => result.ok)).toHaveLength(1)
      expect(results.filter((result) => !result.ok).map(code)).toEqual(Array(3).fill('gateways/conflict'))
      const winner = results.findIndex((result) => result.ok)
      const row = await readVersion(openDb(env.DB), testProject, gateway, base + 1)
      expect(row?.document).toMatchObject({ description: `${base} ${'abcd'[winner]}` })
    }
    expect(await readHead(openDb(env.DB), testProject, gateway)).toMatchObject({ version: 4 })
  })

  it('lets one of two creators of a name win', async () => {
    const name = newName()
    const other = 'other-project' as ProjectId
    const results = await Promise.all([put(name, null, 'a'), put(name, null, 'b'), put(name, null, 'c', other)])
    expect(results.filter((result) => result.ok)).toHaveLength(1)
    expect(results.filter((result) => !result.ok).map(code)).toEqual(['gateways/conflict', 'gateways/conflict'])
  })

  it('refuses a base that is not the live version', async () => {
    const { name } = await newGateway()
    for (const base of [null, 0, 2, 7]) {
      expect(await put(name, base, 'x')).toMatchObject({ ok: false, error: { code: 'gateways/conflict' } })
    }
    expect(await put(newName(), 1, 'x')).toMatchObject({ ok: false, error: { code: 'gateways/conflict' } })
  })

  it("neither reads nor takes another project's gateway", async () => {
    const { name, gateway } = await newGateway()
    const other = 'other-project' as ProjectId
    expect(code(await put(name, 1, 'x', other))).toBe('gateways/conflict')
    expect(code(await put(name, null, 'x', other))).toBe('gateways/conflict')
    expect(code(await loadSnapshot(env, other, gateway, 1))).toBe('gateways/unknown')
    expect(code(await setEnabled(env, { project: other, gateway, enabled: false }))).toBe('gateways/unknown')
    await endSessions(env, other, { gateway: null, match: { all: true }, reason: 'test' })
    expect(await readHead(openDb(env.DB), testProject, gateway)).toMatchObject({ version: 1, enabled: true })
  })

  it('refuses what does not resolve and writes nothing', async () => {
    const { name, gateway } = await newGateway()
    const document = documentOf(name, { tools: [{ upstream: 'nowhere' }] })
    const result = await publish(env, { project: testProject, document, base: 1, by: 'test', note: null })
    expect(result).toMatchObject({ ok: false, error: { code: 'gateways/invalid' } })
    expect(result.ok ? '' : result.error.message).toBe('tools[0]: there is no upstream "nowhere"; add it first')
    expect(await readHead(openDb(env.DB), testProject, gateway)).toMatchObject({ version: 1 })
  })

  it('does not switch on again what somebody switched off', async () => {
    const { name, gateway } = await newGateway()
    expect(await setEnabled(env, { project: testProject, gateway, enabled: false })).toMatchObject({ ok: true })
    await put(name, 1, 'applied meanwhile')
    expect(await readHead(openDb(env.DB), testProject, gateway)).toMatchObject({ version: 2, enabled: false })
    const member = { user: 'u', agent: 'a' }
    expect(await hubOf(env, testProject, gateway).join('s', member)).toMatchObject({
      error: { code: 'gateways/unknown' },
    })
    await setEnabled(env, { project: testProject, gateway, enabled: true })
    expect(await hubOf(env, testProject, gateway).join('s', member)).toMatchObject({ ok: true, value: { version: 2 } })
  })
})

describe('a snapshot', () => {
  it('is the same from memory, from KV and compiled again', async () => {
    const { gateway } = await newGateway({ tools: [{ toolkit: 'GitHub' }] })
    const fromMemory = await loadSnapshot(env, testProject, gateway, 1)
    const { keys } = await env.KV.list({ prefix: `snapshot/${snapshotFormat}/${testProject}/${gateway}/1/` })
    expect(keys).toHaveLength(1)
    expect(fromMemory).toEqual({ ok: true, value: await env.KV.get(keys[0]?.name ?? '', 'json') })
    await env.KV.delete(keys[0]?.name ?? '')
    const { compileSnapshot } = await import('../../src/gateways/gateways.ts')
    const row = await readVersion(openDb(env.DB), testProject, gateway, 1)
    const again = await compileSnapshot(
      row?.document as never,
      { upstreams: [] },
      { project: testProject, gateway, version: 1 },
      { strict: true },
    )
    expect(fromMemory).toEqual(JSON.parse(JSON.stringify(again)))
  })

  it('offers no tool that needs more of a provider than the gateway may use', async () => {
    const capped = await newGateway({ tools: [{ toolkit: 'GitHub' }], providers: { github: { maxScopes: [] } } })
    const open = await newGateway({ tools: [{ toolkit: 'GitHub' }] })
    const names = async ({ gateway }: { gateway: typeof open.gateway }) => {
      const snapshot = await loadSnapshot(env, testProject, gateway, 1)
      return snapshot.ok ? snapshot.value.tools.map((tool) => tool.name) : []
    }
    expect(await names(open)).toContain('GitHub_CreateIssue')
    expect(await names(capped)).not.toContain('GitHub_CreateIssue')
  })
})
