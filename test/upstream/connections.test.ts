import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { Result } from '../../src/core/result.ts'
import type { Egress } from '../../src/egress/egress.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { declaredCapabilities } from '../../src/upstream/shape.ts'
import type { UpstreamReply, UpstreamRequest } from '../../src/upstream/upstream.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

describe('what a server is told our client can be asked', () => {
  it('is what the protocol knows, in one order, whatever a client makes up', () => {
    const said = {
      made: { up: {} },
      sampling: { tools: { a: 1 }, x1: {}, context: {} },
      elicitation: { url: {}, form: { applyDefaults: true }, x2: {} },
      extensions: {
        'made.up/ext': {},
        'io.modelcontextprotocol/tasks': { x3: 1 },
        'io.modelcontextprotocol/ui': { mimeTypes: ['x/y', 'text/html;profile=mcp-app'], x4: {} },
      },
      roots: { listChanged: true },
    }
    expect(JSON.stringify(declaredCapabilities(said))).toBe(
      JSON.stringify({
        elicitation: { form: {}, url: {} },
        sampling: { context: {}, tools: {} },
        roots: {},
        extensions: {
          'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] },
          'io.modelcontextprotocol/tasks': {},
        },
      }),
    )
  })

  it('is nothing of what is no object, and no more than what was said', () => {
    expect(declaredCapabilities({ elicitation: true, sampling: null, roots: [], extensions: 'x' })).toEqual({})
    expect(declaredCapabilities({ elicitation: {}, extensions: { 'io.modelcontextprotocol/ui': {} } })).toEqual({
      elicitation: {},
      extensions: { 'io.modelcontextprotocol/ui': {} },
    })
    expect(declaredCapabilities(JSON.parse('{"elicitation":{"__proto__":{"form":{}}}}') as JsonObject)).toEqual({
      elicitation: {},
    })
  })
})

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** A server of 2025-x with sessions. */
async function world() {
  const fixture = await startFixture({ eras: 'legacy' })
  const outside = createEgress({ development: true, egressAllow: [] })
  const patience: (number | undefined)[] = []
  const egress: Egress = {
    fetch(request) {
      if (request.method === 'DELETE') patience.push(request.timeoutMs)
      return outside.fetch(request)
    },
  }
  const upstreams = upstreamsOfASession({ egress })
  cleanups.push(
    () => fixture.close(),
    () => upstreams.close(),
  )
  const call = (name: string, more: Partial<UpstreamRequest> = {}) =>
    upstreams.request(
      { id: 'fixture', url: fixture.mcp, discovered: null },
      {
        method: 'tools/call',
        params: { name, arguments: { message: 'x' } },
        credential: { key: 'none', headers: {} },
        capabilities: {},
        ...more,
      },
    )
  const count = (what: string): number => fixture.seen.filter(({ rpc, http }) => (rpc ?? http) === what).length
  const ended = (): unknown[] =>
    fixture.seen.filter(({ http }) => http === 'DELETE').map(({ headers }) => headers.get('mcp-session-id'))
  return { call, count, ended, patience, upstreams }
}

const as = (key: string): Partial<UpstreamRequest> => ({ credential: { key, headers: {} } })

/** With a stream, so that it is let go after a while. */
const asks = { capabilities: { elicitation: { form: {} } } }

describe('connections to a server with sessions', () => {
  it('are not more because a client makes something up at each call', async () => {
    const { call, count } = await world()
    for (let i = 0; i < 12; i++) {
      const capabilities = { elicitation: { form: {}, [`x${i}`]: {} }, sampling: { [`y${i}`]: {} } }
      expect(await call('echo', { capabilities })).toMatchObject({ ok: true })
    }
    expect([count('initialize'), count('GET')]).toEqual([1, 1])
  })

  it('are eight at most: the one that was used longest ago goes, and its session with it', async () => {
    const { call, count } = await world()
    for (let i = 0; i < 8; i++) await call('echo', as(`${i}`))
    await call('echo', as('0'))
    expect([count('initialize'), count('DELETE')]).toEqual([8, 0])
    await call('echo', as('8'))
    await expect.poll(() => count('DELETE')).toBe(1)
    await call('echo', as('0'))
    expect(count('initialize')).toBe(9)
    await call('echo', as('1'))
    expect(count('initialize')).toBe(10)
    await expect.poll(() => count('DELETE')).toBe(2)
  })

  it('are eight at most also when many are wanted at once, and every call is answered', async () => {
    const { call, count } = await world()
    for (let i = 0; i < 8; i++) await call('echo', as(`${i}`))
    const more = await Promise.all(Array.from({ length: 8 }, (_, i) => call('echo', as(`more ${i}`))))
    expect(more.every(({ ok }) => ok)).toBe(true)
    await expect.poll(() => count('initialize') - count('DELETE')).toBe(8)
  })

  it('with a call that waits for a person are kept, and when all are there is no other', async () => {
    const { call, count } = await world()
    const waiting = await Promise.all(
      Array.from({ length: 8 }, (_, i) => call('test_elicitation', { ...asks, ...as(`${i}`) })),
    )
    expect(await call('echo', as('one more'))).toMatchObject({
      ok: false,
      error: { code: 'upstream/too_many_connections' },
    })
    expect(count('DELETE')).toBe(0)
    const [first] = waiting
    expect(await call('test_elicitation', { ...asks, ...as('0'), resume: answered(first) })).toMatchObject({ ok: true })
    expect(await call('echo', as('one more'))).toMatchObject({ ok: true })
  })

  it('serve to its end a call that was given one just before it had to go', async () => {
    const { call, count } = await world()
    for (let i = 0; i < 8; i++) await call('echo', { ...asks, ...as(`${i}`) })
    // Seven make the others go, the eighth this one, on which nothing runs yet.
    const [waiting] = await Promise.all([
      call('test_elicitation', { ...asks, ...as('0') }),
      ...Array.from({ length: 8 }, (_, i) => call('echo', { ...asks, ...as(`more ${i}`) })),
    ])
    await expect.poll(() => count('DELETE')).toBe(7)
    expect(await call('test_elicitation', { ...asks, ...as('0'), resume: answered(waiting) })).toMatchObject({
      value: { result: { content: [{ text: expect.stringContaining('ada@example.com') as string }] } },
    })
    expect(count('initialize')).toBe(16)
  })
})

describe('a connection that rests', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  async function rested(keys: readonly string[]) {
    const made = await world()
    for (const key of keys) expect(await made.call('echo', { ...asks, ...as(key) })).toMatchObject({ ok: true })
    vi.advanceTimersByTime(5 * 60_000)
    vi.useRealTimers()
    return made
  }

  it('keeps its session at the server, and the next call goes on with it', async () => {
    const { call, count, ended, upstreams } = await rested(['one'])
    expect(await call('echo', { ...asks, ...as('one') })).toMatchObject({ ok: true })
    expect([count('initialize'), count('DELETE')]).toEqual([1, 0])
    await upstreams.close()
    expect(ended()).toEqual([expect.any(String)])
  })

  it('ends it when our session ends, without waiting long for the server', async () => {
    const { count, ended, patience, upstreams } = await rested(['one', 'two'])
    expect(count('DELETE')).toBe(0)
    await upstreams.close()
    expect(new Set(ended()).size).toBe(2)
    expect(patience).toEqual([5_000, 5_000])
    await upstreams.close()
    expect(count('DELETE')).toBe(2)
  })

  it('ends it when its credential is called back, and no other', async () => {
    const { call, count, upstreams } = await rested(['one', 'two'])
    await upstreams.close({ credential: 'one' })
    expect(count('DELETE')).toBe(1)
    await call('echo', { ...asks, ...as('two') })
    expect(count('initialize')).toBe(2)
    await call('echo', { ...asks, ...as('one') })
    expect(count('initialize')).toBe(3)
  })

  it('ends it when it makes room for another', async () => {
    const { call, count } = await rested(Array.from({ length: 8 }, (_, i) => `${i}`))
    await call('echo', { ...asks, ...as('8') })
    await expect.poll(() => count('DELETE')).toBe(1)
  })
})

function answered(reply: Result<UpstreamReply> | undefined): NonNullable<UpstreamRequest['resume']> {
  if (!reply?.ok || reply.value.kind !== 'input_required') throw new Error('no question')
  const [key = ''] = Object.keys(reply.value.requests)
  const responses = { [key]: { action: 'accept', content: { username: 'Ada', email: 'ada@example.com' } } }
  return { responses, state: reply.value.state }
}
