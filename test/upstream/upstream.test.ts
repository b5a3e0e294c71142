import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createEgress } from '../../src/egress/egress.ts'
import type { UpstreamRequest, Upstreams, UpstreamTarget } from '../../src/upstream/upstream.ts'
import { createUpstreams } from '../../src/upstream/upstream.ts'
import type { Fixture, FixtureOptions } from '../support/fixture/fixture.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { upstreamsOfASession } from '../support/upstreams-of-a-session.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function start(
  options: FixtureOptions = {},
): Promise<{ fixture: Fixture; upstreams: Upstreams; target: UpstreamTarget }> {
  const fixture = await startFixture(options)
  const upstreams = upstreamsOfASession()
  cleanups.push(
    () => fixture.close(),
    () => upstreams.close(),
  )
  return { fixture, upstreams, target: { id: 'fixture', url: fixture.mcp, discovered: null } }
}

const everything = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const credential = { key: 'none', headers: {} }
const call = (name: string, args: JsonObject = {}, more: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'tools/call',
  params: { name, arguments: args },
  credential,
  capabilities: everything,
  ...more,
})
const rpc = (fixture: Fixture): (string | undefined)[] => fixture.seen.map((one) => one.rpc ?? one.http)
const texts = (reply: unknown): unknown =>
  (reply as { value: { result: { content: { text: string }[] } } }).value.result.content[0]?.text

const kinds: Record<string, FixtureOptions> = {
  'speaks 2026-07-28 only': { eras: 'modern' },
  'speaks both eras': { eras: 'both' },
  'speaks 2025-x with sessions': { eras: 'legacy' },
  'speaks 2025-x without sessions': { eras: 'legacy', sessions: false },
}

describe.each(Object.entries(kinds))('a server that %s', (_name, options) => {
  const legacy = options.eras === 'legacy'
  const pushes = legacy && options.sessions !== false

  it('is found out once and called with one request each time', async () => {
    const { fixture, upstreams, target } = await start(options)
    const plain = { capabilities: {} }
    expect(await upstreams.request(target, call('test_simple_text', {}, plain))).toMatchObject({
      ok: true,
      value: {
        kind: 'result',
        result: { content: [{ type: 'text', text: 'This is a simple text response for testing.' }] },
      },
    })
    const before = fixture.seen.length
    expect(texts(await upstreams.request(target, call('echo', { message: 'again' }, plain)))).toBe('again')
    expect(rpc(fixture).slice(before)).toEqual(['tools/call'])
    const handshake = legacy ? ['server/discover', 'initialize', 'notifications/initialized'] : ['server/discover']
    expect(rpc(fixture).slice(0, before)).toEqual([...handshake, 'tools/call'])
  })

  it('needs no finding out when that was remembered', async () => {
    const { fixture, upstreams, target } = await start(options)
    const discovered = await upstreams.discover(target, credential)
    expect(discovered).toMatchObject({ ok: true, value: { era: legacy ? 'legacy' : 'modern', serverName: 'fixture' } })
    if (!discovered.ok) return
    const later = createUpstreams({ egress: createEgress({ development: true, egressAllow: [] }) })
    cleanups.push(() => later.close())
    const before = fixture.seen.length
    await later.request(
      { ...target, discovered: discovered.value },
      call('echo', { message: 'x' }, { capabilities: {} }),
    )
    expect(rpc(fixture).slice(before)).toEqual(
      legacy ? ['initialize', 'notifications/initialized', 'tools/call'] : ['tools/call'],
    )
  })

  it('lists tools, prompts, resources and templates', async () => {
    const { upstreams, target } = await start(options)
    const names = async (what: Parameters<Upstreams['list']>[1]): Promise<unknown[]> => {
      const list = await upstreams.list(target, what, credential)
      return list.ok ? list.value.map((one) => one['name']) : []
    }
    expect(await names('tools')).toContain('json_schema_2020_12_tool')
    expect(await names('prompts')).toContain('test_prompt_with_image')
    expect(await names('resources')).toEqual(['static-text', 'static-binary', 'watched-resource'])
    expect(await names('resourceTemplates')).toEqual(['template'])
  })

  it('answers prompts, resources and completion, and refuses what it does not know', async () => {
    const { upstreams, target } = await start(options)
    const ask = (method: UpstreamRequest['method'], params: JsonObject) =>
      upstreams.request(target, { method, params, credential, capabilities: {} })
    expect(await ask('prompts/get', { name: 'test_simple_prompt' })).toMatchObject({ ok: true })
    expect(await ask('resources/read', { uri: 'test://template/7/data' })).toMatchObject({
      value: { result: { contents: [{ uri: 'test://template/7/data' }] } },
    })
    const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' }
    expect(await ask('completion/complete', { ref, argument: { name: 'arg1', value: 'par' } })).toMatchObject({
      value: { result: { completion: { values: ['paris', 'park', 'party'] } } },
    })
    expect(await ask('resources/read', { uri: 'test://none' })).toMatchObject({
      ok: false,
      error: { code: 'upstream/invalid_params', evidence: { rpcCode: -32602 } },
    })
  })

  it('reports progress and logs while a call runs', async () => {
    const { upstreams, target } = await start(options)
    const progress: number[] = []
    const logs: JsonObject[] = []
    await upstreams.request(
      target,
      call('test_tool_with_progress', {}, { onProgress: (one) => void progress.push(one.progress) }),
    )
    expect(progress).toEqual([0, 50, 100])
    await upstreams.request(
      target,
      call('test_tool_with_logging', {}, { logLevel: 'info', onLog: (entry) => void logs.push(entry) }),
    )
    expect(logs.map((entry) => entry['data'])).toEqual([
      'Tool execution started',
      'Tool processing data',
      'Tool execution completed',
    ])
  })

  it.runIf(!legacy || pushes)('asks our client something and goes on with the answer', async () => {
    const { upstreams, target } = await start(options)
    const name = legacy ? 'test_elicitation' : 'test_input_required_result_elicitation'
    const asked = await upstreams.request(target, call(name, { message: 'Who?' }))
    expect(asked).toMatchObject({ ok: true, value: { kind: 'input_required' } })
    if (!asked.ok || asked.value.kind !== 'input_required') return
    const [key = ''] = Object.keys(asked.value.requests)
    expect(asked.value.requests[key]).toMatchObject({ method: 'elicitation/create' })
    const responses = {
      [key]: { action: 'accept', content: { name: 'Ada', username: 'Ada', email: 'ada@example.com' } },
    }
    const done = await upstreams.request(
      target,
      call(name, { message: 'Who?' }, { resume: { responses, state: asked.value.state } }),
    )
    expect(texts(done)).toContain('Ada')
  })

  it('is not told of capabilities that our client lacks', async () => {
    const { upstreams, target } = await start(options)
    const name = legacy ? 'test_elicitation' : 'test_input_required_result_capabilities'
    const reply = await upstreams.request(target, call(name, { message: 'Who?' }, { capabilities: {} }))
    const unanswerable = { ok: false, error: { evidence: { fault: 'asked_without_session' } } }
    const text = expect.stringMatching(/could not be asked|Nothing can be asked/)
    const answered = { ok: true, value: { kind: 'result', result: { content: [{ text }] } } }
    expect(reply).toMatchObject(legacy && !pushes ? unanswerable : answered)
  })

  it('stops a call when the caller does', async () => {
    const stop = new AbortController()
    let aborted = false
    const { upstreams, target } = await start({
      ...options,
      tools: {
        wait: {
          description: 'Waits.',
          run: (_args, ctx) =>
            new Promise((resolve) => {
              ctx.mcpReq.signal.addEventListener('abort', () => {
                aborted = true
                resolve({ content: [] })
              })
              stop.abort()
            }),
        },
      },
    })
    expect(await upstreams.request(target, call('wait', {}, { signal: stop.signal }))).toMatchObject({
      ok: false,
      error: { code: 'runtime/cancelled' },
    })
    // Without a session the server cannot match a cancellation to the call.
    await expect.poll(() => aborted || options.sessions === false).toBe(true)
  })

  it('is given up when it does not answer in time', async () => {
    const { upstreams, target } = await start({
      ...options,
      tools: { hang: { description: 'Hangs.', run: () => new Promise(() => {}) } },
    })
    await upstreams.discover(target, credential)
    expect(await upstreams.request({ ...target, timeoutMs: 40 }, call('hang'))).toMatchObject({
      ok: false,
      error: { code: 'egress/timeout' },
    })
  })

  it('sends our credential and nothing of the SDK in its place', async () => {
    const { fixture, upstreams, target } = await start(options)
    const headers = { authorization: 'Bearer ours' }
    await upstreams.request(target, call('echo', { message: 'x' }, { credential: { key: 'a', headers } }))
    expect(fixture.seen.every((one) => one.headers.get('authorization') === 'Bearer ours')).toBe(true)
    await upstreams.request(
      target,
      call('echo', {}, { credential: { key: 'a', headers: { authorization: 'Bearer renewed' } } }),
    )
    expect(fixture.seen.at(-1)?.headers.get('authorization')).toBe('Bearer renewed')
  })
})

describe('questions across calls', () => {
  it("several rounds keep the server's own state", async () => {
    const { upstreams, target } = await start({ eras: 'modern' })
    const name = 'test_input_required_result_multi_round'
    const one = await upstreams.request(target, call(name))
    if (!one.ok || one.value.kind !== 'input_required') throw new Error('no question')
    const step1 = { step1: { action: 'accept', content: { name: 'Ada' } } }
    const two = await upstreams.request(
      target,
      call(name, {}, { resume: { responses: step1, state: one.value.state } }),
    )
    if (!two.ok || two.value.kind !== 'input_required') throw new Error('no second question')
    expect(Object.keys(two.value.requests)).toEqual(['step2'])
    const step2 = { step2: { action: 'accept', content: { color: 'green' } } }
    expect(
      texts(await upstreams.request(target, call(name, {}, { resume: { responses: step2, state: two.value.state } }))),
    ).toBe('Your color: green')
  })

  it('an answer to a question of a call that is gone is refused', async () => {
    const { upstreams, target } = await start({ eras: 'legacy' })
    const state = JSON.stringify({ kind: 'running', call: 'none' })
    expect(
      await upstreams.request(target, call('test_elicitation', {}, { resume: { responses: {}, state } })),
    ).toMatchObject({
      ok: false,
      error: { code: 'upstream/unavailable' },
    })
    expect(
      await upstreams.request(target, call('echo', {}, { resume: { responses: {}, state: 'nonsense' } })),
    ).toMatchObject({
      ok: false,
      error: { code: 'upstream/invalid_params' },
    })
  })

  it('a link the server wants followed (-32042) is asked for, and the call made again after it', async () => {
    const { ProtocolError } = await import('@modelcontextprotocol/server')
    let followed = false
    const { upstreams, target } = await start({
      eras: 'legacy',
      tools: {
        link: {
          description: 'Wants a link followed.',
          run() {
            const elicitations = [{ mode: 'url', elicitationId: '1', url: 'https://example.com/sign', message: 'Sign' }]
            if (!followed) throw new ProtocolError(-32042, 'Sign first', { elicitations })
            return { content: [{ type: 'text', text: 'signed' }] }
          },
        },
      },
    })
    const asked = await upstreams.request(target, call('link'))
    expect(asked).toMatchObject({
      value: {
        kind: 'input_required',
        requests: { link_1: { params: { mode: 'url', url: 'https://example.com/sign' } } },
      },
    })
    if (!asked.ok || asked.value.kind !== 'input_required') return
    followed = true
    const resume = { responses: { link_1: { action: 'accept' } }, state: asked.value.state }
    expect(texts(await upstreams.request(target, call('link', {}, { resume })))).toBe('signed')
    followed = false
    expect(await upstreams.request(target, call('link', {}, { capabilities: { elicitation: {} } }))).toMatchObject({
      ok: false,
    })
  })
})

describe('a server with sessions that forgets them', () => {
  it('gets a new session and the call once', async () => {
    const { fixture, upstreams, target } = await start({ eras: 'legacy' })
    await upstreams.request(target, call('echo', { message: '1' }, { capabilities: {} }))
    fixture.forget()
    const before = fixture.seen.length
    expect(texts(await upstreams.request(target, call('echo', { message: '2' }, { capabilities: {} })))).toBe('2')
    expect(rpc(fixture).slice(before)).toEqual(['tools/call', 'initialize', 'notifications/initialized', 'tools/call'])
  })

  it('ends its session when ours ends', async () => {
    const { fixture, upstreams, target } = await start({ eras: 'legacy' })
    await upstreams.request(target, call('echo', { message: '1' }, { capabilities: {} }))
    await upstreams.close()
    expect(fixture.seen.at(-1)?.http).toBe('DELETE')
  })
})

describe('changes', () => {
  it.each(['modern', 'legacy'] as const)('are heard from a %s server', async (eras) => {
    const { fixture, upstreams, target } = await start({ eras })
    const heard: unknown[] = []
    const resources = ['test://watched-resource']
    const end = await upstreams.listen(target, credential, { lists: true, resources }, (notice) => heard.push(notice))
    expect(end.ok).toBe(true)
    await expect
      .poll(() => {
        fixture.changed('tools')
        fixture.resourceUpdated('test://watched-resource')
        return heard
      })
      .toEqual(
        expect.arrayContaining([
          { kind: 'changed', upstream: 'fixture', what: 'tools' },
          { kind: 'resource_updated', upstream: 'fixture', uri: 'test://watched-resource' },
        ]),
      )
    if (end.ok) await end.value()
  })
})
