import { expect, test, vi } from 'vitest'
import type { Code } from '../../src/core/errors.ts'
import { errors } from '../../src/core/errors.ts'
import { FakeSession, front, gatewayUrl, modern, post, read, refused } from '../support/fake-front.ts'

const params = { name: 'Test_Echo', arguments: {} }
const refusing = (code: Code, more = {}) => front(new FakeSession({ callTool: async () => refused(code, more) }))

test('a denied tool and an unknown tool look the same to the last byte (promise 5, attack case 63)', async () => {
  const evidence = { evidence: { rule: 'forbid-bob' } }
  const denied = await refusing('policy/denied', evidence).fetch(modern({ method: 'tools/call', params }))
  const unknown = await refusing('runtime/unknown_tool').fetch(modern({ method: 'tools/call', params }))
  expect(await denied.text()).toBe(await unknown.text())
  expect([...denied.headers]).toEqual([...unknown.headers])
})

test('every refusal tells its kind, and shows nothing of the evidence (promise 10)', async () => {
  for (const code of Object.keys(errors) as Code[]) {
    const text = await (
      await refusing(code, { evidence: { secret: 'canary-evidence' } }).fetch(modern({ method: 'tools/call', params }))
    ).text()
    expect(text).not.toContain('canary-evidence')
    const answer = JSON.parse(text)
    const meta = (answer.error?.data ?? answer.result?._meta)?.['behalf.dev/error']
    expect([code, meta?.kind, meta?.retryable]).toEqual([code, errors[code].kind, errors[code].retryable])
    expect(answer.result?.structuredContent).toBeUndefined()
  }
})

test('the help of a rule is in the message, which is all that clients show the model (promise 10)', async () => {
  const help = { text: 'Ask the claims desk.' }
  const site = refusing('policy/denied', { help })
  for (const request of [
    modern({ method: 'tools/call', params }),
    post(gatewayUrl, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { authorization: 'Bearer alice' }),
  ]) {
    const { error } = JSON.parse(await (await site.fetch(request)).text())
    expect(error.message).toBe(`${errors['policy/denied'].text}\n${help.text}`)
    expect(error.data['behalf.dev/error'].help).toEqual(help)
  }
})

test('says when to try again', async () => {
  const site = refusing('policy/limit_reached', { retryAfterMs: 1500 })
  const { result } = await read(await site.fetch(modern({ method: 'tools/call', params })))
  expect(result?.['_meta']).toMatchObject({
    'behalf.dev/error': { kind: 'limit_reached', callId: 'call-1', retryAfterMs: 1500 },
  })
})

test('a session that was ended is a 401 with a challenge, so that the client signs in again', async () => {
  const legacy = post(
    gatewayUrl,
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
    { authorization: 'Bearer alice' },
  )
  for (const request of [modern({ method: 'tools/call', params }), legacy]) {
    const response = await refusing('session/ended').fetch(request)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
  }
})

test('a list, a description or a stream that is refused carries the status of the refusal', async () => {
  const ended = { ok: false as const, error: { code: 'session/ended' as const } }
  const site = front(new FakeSession({ listTools: async () => ended, about: async () => ended }))
  for (const method of ['tools/list', 'server/discover', 'subscriptions/listen']) {
    const params = method === 'subscriptions/listen' ? { notifications: { toolsListChanged: true } } : {}
    expect([method, (await site.fetch(modern({ method, params }))).status]).toEqual([method, 401])
  }
  const stream = new Request(gatewayUrl, { headers: { authorization: 'Bearer alice', accept: 'text/event-stream' } })
  expect((await site.fetch(stream)).status).toBe(401)
})

test('what breaks inside is a generic error, without a word of it (attack case 58)', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const broken = async () => {
    throw new Error('D1_ERROR: canary-internal')
  }
  const site = front(new FakeSession({ callTool: broken, listTools: broken, about: broken }))
  const legacy = post(
    gatewayUrl,
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
    { authorization: 'Bearer alice' },
  )
  const requests = [
    modern({ method: 'tools/call', params }),
    modern({ method: 'tools/list' }),
    modern({ method: 'server/discover' }),
    legacy,
  ]
  for (const request of requests) {
    const text = await (await site.fetch(request)).text()
    expect(text).not.toContain('canary')
    expect(JSON.parse(text).error.code).toBe(-32603)
  }
  expect(log.mock.calls.map(String).every((line) => line.includes('canary-internal'))).toBe(true)
  log.mockRestore()
})

test('an error result carries no structured content, which would have to fit the output schema', async () => {
  const session = new FakeSession({
    callTool: async () => ({
      kind: 'output',
      callId: 'call-1',
      output: { content: [{ type: 'text', text: 'no' }], structuredContent: { half: true }, isError: true },
    }),
  })
  const { result } = await read(await front(session).fetch(modern({ method: 'tools/call', params })))
  expect(result).toMatchObject({ isError: true })
  expect(result).not.toHaveProperty('structuredContent')
})
