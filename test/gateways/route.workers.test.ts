import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { resolveGateway, setEnabled } from '../../src/gateways/gateways.ts'
import { documentOf, newGateway, newName, published, testProject } from '../support/gateway-fixtures.ts'
import { testVars } from '../support/test-vars.ts'

const url = (name: string, rest = '/mcp') => new URL(`${testVars.BEHALF_PUBLIC_URL}/${name}${rest}`)

/** The same bindings, counting what is read. */
function counted(more: object = {}) {
  const reads = { d1: 0, kv: 0 }
  const counting = <Binding extends object>(binding: Binding, count: () => void): Binding =>
    new Proxy(binding, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          count()
          return (value as (...all: unknown[]) => unknown).apply(target, args)
        }
      },
    })
  const DB = counting(env.DB, () => reads.d1++)
  const KV = counting(env.KV, () => reads.kv++)
  return { reads, env: { ...env, ...more, DB, KV } as Env }
}

/** A clock that stands where it is put. */
const at = (ms: number) => () => ms

describe('which gateway a URL is for', () => {
  it('is found once and then known, without a read', async () => {
    const { name, gateway } = await newGateway({ title: 'A title' })
    const { reads, env: counting } = counted()
    const first = await resolveGateway(url(name), counting, at(0))
    expect(first).toMatchObject({
      ok: true,
      value: { project: testProject, gateway, slug: name, title: 'A title', enabled: true, resource: url(name).href },
    })
    const after = { ...reads }
    expect(after.d1).toBeGreaterThan(0)
    for (let i = 0; i < 10; i++) expect(await resolveGateway(url(name), counting, at(29_999))).toEqual(first)
    expect(reads).toEqual(after)
    await resolveGateway(url(name), counting, at(30_000))
    expect(reads.d1).toBeGreaterThan(after.d1)
  })

  it('is unknown for 5 s at most', async () => {
    const name = newName()
    const { reads, env: counting } = counted()
    expect(await resolveGateway(url(name), counting, at(0))).toMatchObject({ error: { code: 'gateways/unknown' } })
    const after = reads.d1
    await resolveGateway(url(name), counting, at(4_999))
    expect(reads.d1).toBe(after)
    await published(documentOf(name), null)
    expect(await resolveGateway(url(name), counting, at(5_000))).toMatchObject({ ok: true })
  })

  it('looks the same for a gateway that is off and one that is not there', async () => {
    const off = await newGateway()
    await setEnabled(env, { project: testProject, gateway: off.gateway, enabled: false })
    const disabled = await newGateway({ enabled: false })
    const missing = await resolveGateway(url(newName()), env)
    expect(missing).toEqual({ ok: false, error: { code: 'gateways/unknown' } })
    expect(await resolveGateway(url(off.name), env)).toEqual(missing)
    expect(await resolveGateway(url(disabled.name), env)).toEqual(missing)
  })

  it.each([
    ['https://evil.example/NAME/mcp'],
    ['https://behalf.test:444/NAME/mcp'],
    ['https://behalf.test/NAME%2fmcp'],
    ['https://behalf.test//NAME/mcp'],
    ['https://behalf.test/'],
    ['https://NAME.evil.example/mcp'],
    ['https://NAME.behalf.test/mcp'],
    ["https://behalf.test/' OR 1=1--/mcp"],
  ])('is none for %s', async (text) => {
    const { name } = await newGateway()
    const result = await resolveGateway(new URL(text.replace('NAME', name)), env)
    expect(result).toMatchObject({ error: { code: 'gateways/unknown' } })
  })

  it('is named by the host, where a base host is configured', async () => {
    const { name } = await newGateway()
    const { env: hosted } = counted({ BEHALF_BASE_HOST: 'gw.example' })
    const path = url(name).href
    const host = `https://${name}.gw.example/mcp`
    expect(await resolveGateway(new URL(host), hosted)).toMatchObject({
      value: { resource: host, resources: [path, host] },
    })
    expect(await resolveGateway(url(name), hosted)).toMatchObject({
      value: { resource: path, resources: [path, host] },
    })
    for (const other of [
      'https://gw.example/mcp',
      `https://a.${name}.gw.example/mcp`,
      `https://${name}gw.example/mcp`,
    ]) {
      expect(await resolveGateway(new URL(other), hosted)).toMatchObject({ error: { code: 'gateways/unknown' } })
    }
  })
})
