import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ProjectId } from '../../src/core/ids.ts'
import { federationUse, saveUpstream } from '../../src/federation/federation.ts'
import { upstreamSettingsSchema } from '../../src/federation/federation.ts'
import { admitAll } from '../support/federated.ts'
import { alice, config, mustBe } from '../vault/vault-harness.ts'
import { call, connectAccount, newWorld } from './session-harness.ts'

afterEach(() => vi.unstubAllGlobals())

type Allow = { providers?: string[]; secrets?: string[] }

/** Adds a tool Worker as an administrator would, and admits all it has. */
async function admitted(project: ProjectId, id: string, allow: Allow) {
  const use = federationUse(env, config, project, Date.now)
  const settings = upstreamSettingsSchema.parse({ allow, timeoutMs: 5_000 })
  mustBe(await saveUpstream({ id, url: `worker:${id}`, settings, enabled: true }, use))
  return admitAll(id, use)
}

async function world(id = 'acme') {
  const made = await newWorld()
  mustBe(await admitted(made.project, id, { providers: ['github'] }))
  await made.publish({ tools: [{ toolkit: 'GitHub' }, { worker: id, prefix: 'W' }] }, 1)
  const caller = await made.person('alice')
  const use = (name: string, args = {}, more = {}) => call(caller, `W_${name}`, args, more)
  return { ...made, caller, use }
}

describe('a tool Worker', () => {
  it('runs with the account of the person, whose token it never has', async () => {
    const made = await world()
    const { caller, use, answer, requests, fixture } = made
    const asked = await use('StaleIssues', { repositories: ['acme/web'] })
    expect(asked).toMatchObject({ kind: 'refused', error: { code: 'vault/authorization_needed' } })
    await connectAccount(made, caller, alice, 'W_StaleIssues', { repositories: ['acme/web'] })
    const stale = { number: 7, title: 'Old', html_url: 'https://github.test/7', updated_at: '2020-01-01T00:00:00Z' }
    answer(() => Response.json([stale]))
    const steps: unknown[] = []
    const reply = await use(
      'StaleIssues',
      { repositories: ['acme/web'] },
      { onProgress: (progress: unknown) => void steps.push(progress) },
    )
    expect(reply).toMatchObject({
      kind: 'output',
      output: { structuredContent: { items: [{ number: 7 }], has_more: false } },
    })
    expect(requests.map(({ url }) => new URL(url).pathname)).toEqual(['/v1/repos/acme/web/issues'])
    const token = requests[0]?.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    expect(fixture.isLive(token)).toBe(true)
    expect(JSON.stringify(reply)).not.toContain(token)
    await expect.poll(() => steps).toEqual([{ progress: 0, total: 1, message: 'acme/web' }])
    answer(() => new Response('{}', { status: 404 }))
    expect(await use('StaleIssues', { repositories: ['acme/web'] })).toMatchObject({
      kind: 'output',
      output: { isError: true, meta: { 'behalf.dev/error': { kind: 'not_found' } } },
    })
    expect(await use('PriceQuote', { plan: 'Team', seats: 0 })).toMatchObject({
      kind: 'refused',
      error: { code: 'runtime/invalid_arguments' },
    })
  })

  it('is offered nothing of before an administrator allowed it the provider', async () => {
    const { project } = await newWorld()
    expect(await admitted(project, 'acme', {})).toMatchObject({
      ok: false,
      error: { code: 'core/bad_request', message: 'StaleIssues asks for provider github: allow it first.' },
    })
    const use = federationUse(env, config, project, Date.now)
    const settings = upstreamSettingsSchema.parse({})
    expect(await saveUpstream({ id: 'none', url: 'worker:none', settings, enabled: true }, use)).toMatchObject({
      error: { message: 'This deployment has no service binding TOOLS_NONE. Add it to wrangler.toml and deploy.' },
    })
  })

  it('that is hostile reaches nothing but the provider, and only while its call runs', async () => {
    const made = await world('hostile')
    const { caller, use, answer, requests } = made
    await connectAccount(made, caller, alice, 'W_Headers')
    answer(({ url, headers }) =>
      Response.json(url.endsWith('/echo') ? { said: headers.get('authorization') } : { login: 'alice' }),
    )
    const value = async (name: string) => {
      const reply = await use(name)
      if (reply.kind !== 'output') throw new Error(JSON.stringify(reply))
      return reply.output.structuredContent ?? JSON.parse((reply.output.content[0] as unknown as { text: string }).text)
    }
    expect(await value('Elsewhere')).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ ok: false, code: 'not_allowed' })),
    )
    expect(await value('Headers')).toMatchObject({ ok: false, code: 'not_allowed' })
    expect(requests).toHaveLength(0)
    expect(await value('Secret')).toBeNull()
    expect(new Set(await value('Other'))).toEqual(new Set(['refused']))
    // A service that says the token back: it is cut out before the tool Worker sees it.
    const echoed = JSON.stringify(await value('Echo'))
    expect(echoed).toContain('[redacted:token]')
    const token = requests[0]?.headers.get('authorization')?.replace('Bearer ', '') ?? 'none'
    expect(echoed).not.toContain(token)
    const before = requests.length
    const keep = await use('Keep')
    expect(JSON.stringify(keep)).toContain('kept')
    const kept = await value('Kept').catch(() => 'gone')
    expect(kept === 'gone' || (kept as { code?: string }).code === 'call_over').toBe(true)
    expect(requests).toHaveLength(before)
  })
})
