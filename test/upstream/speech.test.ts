import { afterEach, describe, expect, it } from 'vitest'
import type { UpstreamRequest, UpstreamTarget } from '../../src/upstream/upstream.ts'
import type { FixtureOptions } from '../support/fixture/fixture.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const credential = { key: 'none', headers: {} }

/** A server that counts what it did, and a gateway's session that remembers how it spoke. */
async function world(options: FixtureOptions) {
  let done = 0
  let now = 1_800_000_000_000
  const run = () => ({ content: [{ type: 'text' as const, text: `${++done}` }] })
  options.tools = { work: { description: 'Works.', run } }
  const fixture = await startFixture(options)
  const session = () => {
    const made = upstreamsOfASession({ now: () => now })
    cleanups.push(() => made.close())
    return made
  }
  cleanups.push(() => fixture.close())
  const upstreams = session()
  const first = await upstreams.discover({ id: 'fixture', url: fixture.mcp, discovered: null }, credential)
  if (!first.ok) throw new Error(first.error.code)
  const target: UpstreamTarget = { id: 'fixture', url: fixture.mcp, discovered: first.value }
  const request: UpstreamRequest = {
    method: 'tools/call',
    params: { name: 'work', arguments: {} },
    credential,
    capabilities: {},
  }
  const seen = (rpc: string): number => fixture.seen.filter((one) => one.rpc === rpc).length
  return {
    fixture,
    session,
    upstreams,
    target,
    call: (of = target) => upstreams.request(of, request),
    done: () => done,
    asked: () => seen('server/discover'),
    sent: () => seen('tools/call'),
    later: (ms: number) => void (now += ms),
  }
}

const changes: [string, FixtureOptions, NonNullable<FixtureOptions['eras']>][] = [
  ['goes back to 2025-x with sessions', { eras: 'modern' }, 'legacy'],
  ['goes back to 2025-x without sessions', { eras: 'modern', sessions: false }, 'legacy'],
  ['leaves 2025-x with sessions behind', { eras: 'legacy' }, 'modern'],
  ['leaves 2025-x without sessions behind', { eras: 'legacy', sessions: false }, 'modern'],
]

describe.each(changes)('a server that %s', (_, given, becomes) => {
  it('is found out once, by the call that it refused, which is then done once', async () => {
    const options = { ...given }
    const { call, done, asked, sent } = await world(options)
    await call()
    options.eras = becomes
    const before = asked()
    expect(await call()).toMatchObject({ ok: true })
    expect([done(), asked() - before]).toEqual([2, 1])
    const sentBefore = sent()
    expect(await call()).toMatchObject({ ok: true })
    expect([done(), asked() - before, sent() - sentBefore]).toEqual([3, 1, 1])
  })

  it('is asked once for all the calls that it refused at the same time, and each is done once', async () => {
    const options = { ...given }
    const { call, done, asked } = await world(options)
    options.eras = becomes
    const before = asked()
    const all = await Promise.all(Array.from({ length: 5 }, () => call()))
    expect(all.every(({ ok }) => ok)).toBe(true)
    expect([done(), asked() - before]).toEqual([5, 1])
  })

  it('answers lists too', async () => {
    const options = { ...given }
    const { upstreams, target } = await world(options)
    options.eras = becomes
    expect(await upstreams.list(target, 'tools', credential)).toMatchObject({ ok: true, value: [{ name: 'work' }] })
  })

  it('is not even tried the old way when the gateway says how it speaks now', async () => {
    const options = { ...given }
    const { call, session, target, later, sent } = await world(options)
    await call()
    options.eras = becomes
    later(1)
    const discovered = await session().discover(target, credential)
    if (!discovered.ok) throw new Error('not found')
    const before = sent()
    expect(await call({ ...target, discovered: discovered.value })).toMatchObject({ ok: true })
    expect(sent() - before).toBe(1)
  })
})

describe('a server that refuses calls and speaks as before', () => {
  const refuses = (status: number, body: object = {}) => {
    const state = { on: false }
    const before = async (request: Request): Promise<Response | null> => {
      if (!state.on || request.method !== 'POST') return null
      const { method } = (await request.clone().json()) as { method?: string }
      return method === 'tools/call' ? Response.json(body, { status }) : null
    }
    return { state, before }
  }

  it.each(['modern', 'legacy'] as const)(
    '(%s) is asked once in five minutes, and gets each call once',
    async (eras) => {
      const { state, before } = refuses(400)
      const { call, asked, sent, fixture, later } = await world({ eras, before })
      await call()
      state.on = true
      const [askedBefore, sentBefore] = [asked(), sent()]
      for (let i = 0; i < 3; i++) expect(await call()).toMatchObject({ ok: false })
      expect([asked() - askedBefore, sent() - sentBefore]).toEqual([1, 3])
      later(5 * 60_000)
      await call()
      await call()
      expect([asked() - askedBefore, sent() - sentBefore]).toEqual([2, 5])
      // The session that was there goes on.
      state.on = false
      const handshakes = fixture.seen.filter(({ rpc }) => rpc === 'initialize').length
      expect(await call()).toMatchObject({ ok: true })
      expect(fixture.seen.filter(({ rpc }) => rpc === 'initialize')).toHaveLength(handshakes)
    },
  )

  it('is not asked when it broke, or when the arguments were wrong', async () => {
    const { state, before } = refuses(500)
    const { call, asked, upstreams, target } = await world({ eras: 'modern', before })
    const askedBefore = asked()
    state.on = true
    expect(await call()).toMatchObject({ ok: false })
    state.on = false
    const wrong = { method: 'tools/call', params: { name: 'none' }, credential, capabilities: {} } as const
    expect(await upstreams.request(target, wrong)).toMatchObject({ error: { code: 'upstream/invalid_params' } })
    expect(asked()).toBe(askedBefore)
  })
})

it('a server that speaks otherwise each time it is asked gets each call twice at most', async () => {
  const options: FixtureOptions = { eras: 'modern' }
  options.before = async (request) => {
    if (request.method !== 'POST') return null
    const { method } = (await request.clone().json()) as { method?: string }
    if (method === 'tools/call') return Response.json({}, { status: 400 })
    if (method === 'server/discover' && asks++ > 0) options.eras = options.eras === 'modern' ? 'legacy' : 'modern'
    return null
  }
  let asks = 0
  const { call, sent } = await world(options)
  for (let i = 1; i <= 5; i++) {
    expect(await call()).toMatchObject({ ok: false })
    expect(sent()).toBeLessThanOrEqual(i + 1)
  }
})
