import { afterEach, expect, test, vi } from 'vitest'
import type { CallReply } from '../../src/core/call.ts'
import { FakeSession, front, gatewayUrl, modern, post, refused, said } from '../support/fake-front.ts'

afterEach(() => vi.useRealTimers())

const params = { name: 'Test_Slow', arguments: {} }
const legacy = () =>
  post(gatewayUrl, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { authorization: 'Bearer alice' })
/** Takes the SDK's lane. */
const unusual = () => modern({ method: 'tools/call', params: { ...params, inputResponses: {} } })
const plain = () => modern({ method: 'tools/call', params })

function slow() {
  const finish = Promise.withResolvers<CallReply>()
  return { finish, session: new FakeSession({ callTool: () => finish.promise }) }
}
const messages = (text: string) => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''))

for (const [name, request] of Object.entries({ legacy, unusual, plain })) {
  test(`a call that takes more than two seconds becomes a stream with a word every second, by which it is noticed that nobody hears (${name})`, async () => {
    vi.useFakeTimers()
    const { finish, session } = slow()
    const pending = front(session).fetch(request())
    await vi.advanceTimersByTimeAsync(2_000)
    const response = await pending
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    await vi.advanceTimersByTimeAsync(3_000)
    finish.resolve(said('done'))
    await vi.advanceTimersByTimeAsync(1)
    const text = await response.text()
    expect(text.match(/^: keep-alive$/gm)).toHaveLength(3)
    expect(messages(text)).toMatchObject([{ id: 1, result: { content: [{ text: 'done' }] } }])
    expect(vi.getTimerCount()).toBe(0)
  })

  test(`a refusal after two seconds is written into the stream (${name})`, async () => {
    vi.useFakeTimers()
    const { finish, session } = slow()
    const pending = front(session).fetch(request())
    await vi.advanceTimersByTimeAsync(2_000)
    finish.resolve(refused('policy/limit_reached'))
    await vi.advanceTimersByTimeAsync(1)
    const [message] = messages(await (await pending).text())
    expect(message).toMatchObject({
      id: 1,
      result: { isError: true, _meta: { 'behalf.dev/error': { kind: 'limit_reached' } } },
    })
  })

  test(`an answer in time is plain JSON and leaves no timer for longer than a second (${name})`, async () => {
    vi.useFakeTimers()
    const response = await front().fetch(request())
    expect(response.headers.get('content-type')).toBe('application/json')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(vi.getTimerCount()).toBe(0)
  })
}

for (const [name, request] of Object.entries({ unusual, plain })) {
  test(`hanging up on such a stream cancels the call (${name})`, async () => {
    vi.useFakeTimers()
    const { finish, session } = slow()
    const pending = front(session).fetch(request())
    await vi.advanceTimersByTimeAsync(2_000)
    await (await pending).body?.cancel()
    expect(session.cancelled).toHaveLength(1)
    finish.resolve(said('done'))
    await vi.advanceTimersByTimeAsync(20_000)
    expect(vi.getTimerCount()).toBe(0)
  })
}

test('a client that takes no stream waits for its JSON', async () => {
  vi.useFakeTimers()
  const { finish, session } = slow()
  const pending = front(session).fetch(
    modern({ method: 'tools/call', params }, { headers: { accept: 'application/json' } }),
  )
  await vi.advanceTimersByTimeAsync(60_000)
  finish.resolve(said('done'))
  expect((await pending).headers.get('content-type')).toBe('application/json')
})
