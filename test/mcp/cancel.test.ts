import { expect, test } from 'vitest'
import { FakeSession, front, gatewayUrl, lanes, modern, post, primed, said } from '../support/fake-front.ts'

const params = { name: 'Test_Slow', arguments: {} }

/** A call that runs until the test ends it, and says when it has begun. */
function slow(progress = false) {
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const session = new FakeSession({
    callTool: async (request) => {
      session.calls.push(request)
      if (progress) await request.onProgress?.({ progress: 1 })
      begun.resolve()
      await finish.promise
      return said('done')
    },
  })
  return { session, begun: begun.promise, finish: finish.resolve }
}

for (const [lane, type] of Object.entries(lanes)) {
  const call = (more: object = {}) =>
    modern({ method: 'tools/call', params: { ...params, ...more } }, { headers: { 'content-type': type } })

  test(`2026-07-28: hanging up while waiting for the answer cancels the call (${lane} lane)`, async () => {
    const { session, begun, finish } = slow()
    const hangUp = new AbortController()
    const site = await primed(front(session))
    const answer = site.fetch(new Request(call(), { signal: hangUp.signal }))
    await begun
    hangUp.abort()
    finish()
    await answer
    expect(session.cancelled).toEqual([session.calls[0]?.cancelKey])
  })

  test(`2026-07-28: closing the stream in the middle of progress cancels the call (${lane} lane)`, async () => {
    const { session, begun, finish } = slow(true)
    const site = await primed(front(session))
    const response = await site.fetch(call({ _meta: { progressToken: 1 } }))
    await begun
    await response.body?.cancel()
    expect(session.cancelled).toEqual([session.calls[0]?.cancelKey])
    finish()
  })
}

test('2026-07-28: a call that was answered is not cancelled afterwards, and keys are never the same', async () => {
  const session = new FakeSession()
  const site = front(session)
  const hangUp = new AbortController()
  for (let i = 0; i < 2; i++) {
    await (await site.fetch(new Request(modern({ method: 'tools/call', params }), { signal: hangUp.signal }))).text()
  }
  hangUp.abort()
  expect(session.cancelled).toEqual([])
  expect(session.calls[0]?.cancelKey).not.toBe(session.calls[1]?.cancelKey)
})

async function conversation(site: ReturnType<typeof front>, who: string) {
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const headers = { authorization: `Bearer ${who}`, 'mcp-protocol-version': '2025-11-25' }
  const begun = await site.fetch(
    post(gatewayUrl, { jsonrpc: '2.0', id: 0, method: 'initialize', params: initialize }, headers),
  )
  const session = begun.headers.get('mcp-session-id')
  return (body: object) =>
    site.fetch(post(gatewayUrl, { jsonrpc: '2.0', ...body }, { ...headers, 'mcp-session-id': session }))
}

test('2025-11-25: a cancellation finds the call by its id, though it comes as a request of its own', async () => {
  const { session, begun, finish } = slow()
  const send = await conversation(front(session), 'alice')
  const answer = send({ id: 7, method: 'tools/call', params })
  await begun
  const told = await send({ method: 'notifications/cancelled', params: { requestId: 7 } })
  expect(told.status).toBe(202)
  expect(session.cancelled).toEqual([session.calls[0]?.cancelKey])
  finish()
  await answer
})

test('2025-11-25: the id 7 and the id "7", and the same id in another conversation, are other calls', async () => {
  const { session, begun, finish } = slow()
  const site = front(session)
  const send = await conversation(site, 'alice')
  const other = await conversation(site, 'alice')
  const answer = send({ id: 7, method: 'tools/call', params })
  await begun
  await send({ method: 'notifications/cancelled', params: { requestId: '7' } })
  await other({ method: 'notifications/cancelled', params: { requestId: 7 } })
  expect(session.cancelled).not.toContain(session.calls[0]?.cancelKey)
  finish()
  await answer
})

test('2025-11-25: hanging up does not cancel; these versions say so', async () => {
  const { session, begun, finish } = slow()
  const hangUp = new AbortController()
  const send = front(session)
  const request = post(
    gatewayUrl,
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
    { authorization: 'Bearer alice' },
  )
  const answer = send.fetch(new Request(request, { signal: hangUp.signal }))
  await begun
  hangUp.abort()
  finish()
  await answer
  expect(session.cancelled).toEqual([])
})
