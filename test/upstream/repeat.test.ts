import { describe, expect, it } from 'vitest'
import type { Refusal } from '../../src/core/result.ts'
import type { Behaviour } from '../../src/core/tool.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { runUpstreamTool } from '../../src/runtime/run-upstream-tool.ts'
import type { UpstreamTarget } from '../../src/upstream/upstream.ts'
import { pauseBeforeRepeat } from '../../src/upstream/repeat.ts'
import { Breakers, createUpstreams } from '../../src/upstream/upstream.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { callOf } from '../support/runtime.ts'
import { toolNamed } from '../support/tool-named.ts'
import { serveInMemory } from '../support/upstream-in-memory.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

type Answer = 'lost' | 'cut' | 'stream cut' | 'stream ended' | Response

const status = (code: number, headers: Record<string, string> = {}): Response =>
  new Response('{}', { status: code, headers })

/** A server that does what it is called for and then answers in these ways, one after the other, and afterwards well. */
function serverThatAnswers(...answers: Answer[]) {
  let done = 0
  const serve = serveInMemory({ tools: { work: { run: () => ({ content: [{ type: 'text', text: `${++done}` }] }) } } })
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const isCall = typeof init.body === 'string' && init.body.includes('"tools/call"')
    const response = await serve(new Request(url, init))
    const answer = isCall ? answers.shift() : undefined
    if (answer === undefined) return response
    await response.body?.cancel()
    if (answer === 'lost') throw new TypeError('Network connection lost.')
    if (answer instanceof Response) return answer
    const body = new ReadableStream({
      start: (stream) =>
        answer === 'stream ended' ? stream.close() : stream.error(new TypeError('Network connection lost.')),
    })
    const type = answer === 'cut' ? 'application/json' : 'text/event-stream'
    return new Response(body, { headers: { 'content-type': type } })
  }
  const egress = createEgress({ development: false, egressAllow: [] }, { fetch })
  const run = (behaviour: Partial<Behaviour>, signal?: AbortSignal) => {
    const tool = toolNamed('Crm_Work', {
      source: { kind: 'upstream', upstream: 'crm', remoteName: 'work' },
      behaviour: { operation: 'update', destructive: false, idempotent: false, openWorld: false, ...behaviour },
    })
    const target: UpstreamTarget = { id: 'crm', url: 'https://crm.example/mcp', discovered: null }
    const upstreams = createUpstreams({ egress, breakers: new Breakers() })
    const use = { upstreams, target, credential: { key: 'none', headers: {} }, trace: { traceparent: '' } }
    return runUpstreamTool(callOf('Crm_Work', {}, signal ? { signal } : {}), tool, {}, use, () => {})
  }
  return { run, done: () => done }
}

const read = { operation: 'read' } as const
const answered = (text: string) => ({ ok: true, value: { output: { content: [{ text }] } } })
const now = { 'retry-after': '0' }
const failures: [string, () => Answer][] = [
  ['a lost connection', () => 'lost'],
  ['a connection lost in the middle of the answer', () => 'cut'],
  ['a stream lost before the answer', () => 'stream cut'],
  ['a stream that ended before the answer', () => 'stream ended'],
  ['HTTP 502', () => status(502, now)],
  ['HTTP 503', () => status(503, now)],
  ['HTTP 504', () => status(504, now)],
]

describe.each(failures)('after %s', (name, failure) => {
  const code = name.startsWith('HTTP') ? 'upstream/unavailable' : 'egress/unreachable'

  it.each<[string, Partial<Behaviour>]>([
    ['changes something', { operation: 'update' }],
    ['creates something', { operation: 'create' }],
    ['deletes something', { operation: 'delete', destructive: true }],
  ])('a call that %s is not sent again: it may have been carried out', async (_, behaviour) => {
    const { run, done } = serverThatAnswers(failure())
    expect(await run(behaviour)).toMatchObject({ ok: false, error: { code } })
    expect(done()).toBe(1)
  })

  it.each<[string, Partial<Behaviour>]>([
    ['reads', read],
    ['does the same when it is done twice', { operation: 'update', idempotent: true }],
  ])('a call that %s is sent once more, and once only', async (_, behaviour) => {
    const once = serverThatAnswers(failure())
    expect(await once.run(behaviour)).toMatchObject(answered('2'))
    const always = serverThatAnswers(failure(), failure(), failure())
    expect(await always.run(behaviour)).toMatchObject({ ok: false, error: { code } })
    expect(always.done()).toBe(2)
  })
})

it('a call to a server of 2025-x fails, too, when its stream ends without an answer, and a read is sent once more', async () => {
  let left = 2
  const before = async (request: Request): Promise<Response | null> => {
    const isCall = request.method === 'POST' && (await request.clone().text()).includes('"tools/call"')
    const headers = { 'content-type': 'text/event-stream' }
    return isCall && left-- > 0 ? new Response(': nothing\n\n', { headers }) : null
  }
  const fixture = await startFixture({ eras: 'legacy', before })
  const upstreams = upstreamsOfASession()
  const call = (repeatable: boolean) =>
    upstreams.request(
      { id: 'fixture', url: fixture.mcp, discovered: null },
      {
        method: 'tools/call',
        params: { name: 'echo', arguments: { message: 'x' } },
        credential: { key: 'none', headers: {} },
        capabilities: {},
        repeatable,
      },
    )
  try {
    expect(await call(false)).toMatchObject({ ok: false, error: { code: 'egress/unreachable' } })
    expect(left).toBe(1)
    expect(await call(true)).toMatchObject({ ok: true })
  } finally {
    await upstreams.close()
    await fixture.close()
  }
})

describe('a read is not sent again', () => {
  it.each([
    ['where the server sets a limit', 429],
    ['where the server broke', 500],
  ])('%s', async (_, code) => {
    const { run, done } = serverThatAnswers(status(code))
    expect(await run(read)).toMatchObject({ ok: false })
    expect(done()).toBe(1)
  })

  it('when the caller stops while it waits', async () => {
    const stop = new AbortController()
    const { run, done } = serverThatAnswers(status(503, { 'retry-after': '3' }))
    const running = run(read, stop.signal)
    await expect.poll(done).toBe(1)
    stop.abort()
    expect(await running).toMatchObject({ ok: false, error: { code: 'runtime/cancelled' } })
    expect(done()).toBe(1)
  })
})

describe('the pause before a call is sent once more', () => {
  const minute = 60_000
  const unavailable = (code: number, retryAfterMs?: number): Refusal => ({
    code: 'upstream/unavailable',
    evidence: { status: code },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

  it('is none after a lost connection, short after a passing fault, and as long as the server says', () => {
    expect(pauseBeforeRepeat({ code: 'egress/unreachable' }, minute)).toBe(0)
    expect(pauseBeforeRepeat(unavailable(502), minute)).toBe(250)
    expect(pauseBeforeRepeat(unavailable(503, 2_000), minute)).toBe(2_000)
  })

  it.each<[string, Refusal, number]>([
    ['the server wants more patience than a caller has', unavailable(503, 30_000), minute],
    ['the pause is longer than what is left of the time', unavailable(503, 1_000), 1_000],
    ['no time is left', { code: 'egress/unreachable' }, 0],
    ['the server sets a limit', unavailable(429, 0), minute],
    ['the circuit is open', { code: 'upstream/unavailable', evidence: { fault: 'circuit_open' } }, minute],
    ['it took too long already', { code: 'egress/timeout' }, minute],
  ])('is for ever where %s', (_, refusal, leftMs) => {
    expect(pauseBeforeRepeat(refusal, leftMs)).toBeNull()
  })
})
