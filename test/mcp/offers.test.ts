import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import type { OfferReply, OfferRequest } from '../../src/session/session.ts'
import { FakeSession, front, gatewayUrl, modern, post, read, refused } from '../support/fake-front.ts'

const features = { tools: true, prompts: true, resources: true, completions: true, subscribe: true }
const results: Record<string, object> = {
  'prompts/list': { prompts: [{ name: 'review' }] },
  'prompts/get': { messages: [{ role: 'user', content: { type: 'text', text: 'Review.' } }] },
  'resources/list': { resources: [{ uri: 'test://a', name: 'a' }] },
  'resources/templates/list': { resourceTemplates: [] },
  'resources/read': { contents: [{ uri: 'test://a', text: 'A' }] },
  'resources/subscribe': {},
  'completion/complete': { completion: { values: ['one'] } },
}

function offering(reply?: (request: OfferRequest) => OfferReply) {
  const asked: OfferRequest[] = []
  const session = new FakeSession({
    about: async () => ({ ok: true, name: 'eng', title: 'Engineering', instructions: '', version: 1, features }),
    offer: async (request) => {
      asked.push(request)
      if (reply) return reply(request)
      return { kind: 'result', callId: 'call-1', result: (results[request.method] ?? {}) as never }
    },
  })
  return { asked, session, site: front(session) }
}

for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
  test(`prompts, resources and completions reach the session and come back (${JSON.stringify(mode)})`, async () => {
    const { asked, site } = offering()
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    const requestInit = { headers: { authorization: 'Bearer alice' } }
    await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), { fetch: site.fetch, requestInit }))
    expect((await client.listPrompts()).prompts).toMatchObject([{ name: 'review' }])
    expect((await client.getPrompt({ name: 'review', arguments: { of: 'x' } })).messages).toHaveLength(1)
    expect((await client.listResources()).resources).toMatchObject([{ uri: 'test://a' }])
    expect((await client.listResourceTemplates()).resourceTemplates).toEqual([])
    expect((await client.readResource({ uri: 'test://a' })).contents).toMatchObject([{ text: 'A' }])
    const ref = { type: 'ref/prompt', name: 'review' } as const
    expect((await client.complete({ ref, argument: { name: 'of', value: 'o' } })).completion.values).toEqual(['one'])
    expect(asked.map(({ method }) => method)).toEqual([
      'prompts/list',
      'prompts/get',
      'resources/list',
      'resources/templates/list',
      'resources/read',
      'completion/complete',
    ])
    expect(asked[1]?.params).toEqual({ name: 'review', arguments: { of: 'x' } })
    await client.close()
  })
}

test('lists are for one caller to keep, and a method that is not offered does not exist', async () => {
  const { result } = await read(await offering().site.fetch(modern({ method: 'prompts/list' })))
  expect(result).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
  for (const method of [
    'prompts/list',
    'prompts/get',
    'resources/read',
    'completion/complete',
    'resources/subscribe',
  ]) {
    const response = await front().fetch(modern({ method, params: { name: 'x' } }))
    expect([method, response.status, (await read(response)).error?.code]).toEqual([method, 404, -32601])
  }
})

test('a prompt or a resource that is refused is an error, never a result that looks like one', async () => {
  const { site } = offering(() => refused('policy/limit_reached') as OfferReply)
  const { error } = await read(await site.fetch(modern({ method: 'prompts/get', params: { name: 'review' } })))
  expect(error).toMatchObject({
    code: -32603,
    data: { 'behalf.dev/error': { kind: 'limit_reached', callId: 'call-1' } },
  })
})

test('a prompt may need an account too, and its state opens for no other prompt', async () => {
  const url = 'https://behalf.test/connect/x'
  const { asked, site } = offering(
    () =>
      ({
        ...refused('vault/authorization_needed', { help: { url } }),
        resume: { callId: 'call-1', wait: 'authorization' },
      }) as OfferReply,
  )
  const capabilities = { elicitation: { url: {} } }
  const get = (name: string, more: object = {}) =>
    site.fetch(modern({ method: 'prompts/get', params: { name, ...more }, capabilities }))
  const { result } = await read(await get('review'))
  expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { authorize: { params: { url } } } })
  const answer = { inputResponses: { authorize: { action: 'accept' } }, requestState: result?.['requestState'] }
  await get('review', answer)
  expect(asked[1]?.resumed).toMatchObject({ state: { wait: 'authorization' } })
  expect(asked[1]?.params).toEqual({ name: 'review' })
  expect((await read(await get('other', answer))).error?.code).toBe(-32602)
  expect(asked).toHaveLength(2)
})

test('a legacy client subscribes to a resource', async () => {
  const { asked, site } = offering()
  const body = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'test://a' } }
  expect((await read(await site.fetch(post(gatewayUrl, body, { authorization: 'Bearer alice' })))).result).toEqual({})
  expect(asked[0]?.params).toEqual({ uri: 'test://a' })
})
