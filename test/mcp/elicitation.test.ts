import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { elicitationId } from '../../src/core/elicitation-id.ts'
import type { CallRequest } from '../../src/session/session.ts'
import { FakeSession, front, gatewayUrl, modern, post, read, refused, said, type Wire } from '../support/fake-front.ts'
import { bent } from '../support/bent.ts'

const url = 'https://behalf.test/connect/ticket'
const help = { url, text: 'Connect GitHub, then call again.' }
const capabilities = { elicitation: { form: {}, url: {} } }

/** Alice has no GitHub connection until somebody says so. */
function unconnected() {
  let connected = false
  const session = new FakeSession({
    callTool: async (request) => {
      session.calls.push(request)
      if (connected) return said('your issues')
      const reply = refused('vault/authorization_needed', { help })
      return { ...reply, resume: { callId: 'call-1', wait: 'authorization' } } as typeof reply
    },
  })
  return { session, site: front(session), connect: () => void (connected = true) }
}

const params = { name: 'GitHub_ListIssues', arguments: { repository: 'a/b' } }
const first = modern({ method: 'tools/call', params, capabilities })
const again = (result: Wire['result'], action: string, more: { who?: string; params?: typeof params } = {}) =>
  modern(
    {
      id: 2,
      method: 'tools/call',
      params: {
        ...(more.params ?? params),
        inputResponses: { authorize: { action } },
        requestState: result?.['requestState'],
      },
      capabilities,
    },
    more.who ? { who: more.who } : {},
  )

const error = { kind: 'authorization_required', callId: 'call-1', retryable: true, help }

test('2026-07-28: asks with a link, and the same call goes through once the person has connected', async () => {
  const { session, site, connect } = unconnected()
  const { result } = await read(await site.fetch(first.clone()))
  expect(result).toMatchObject({
    resultType: 'input_required',
    inputRequests: { authorize: { method: 'elicitation/create', params: { mode: 'url', url, message: help.text } } },
    _meta: { 'behalf.dev/error': error },
  })
  connect()
  const done = await read(await site.fetch(again(result, 'accept')))
  expect(done.result).toMatchObject({ resultType: 'complete', content: [{ text: 'your issues' }] })
  expect(session.calls[1]?.resumed).toEqual({
    responses: { authorize: { action: 'accept' } },
    state: { callId: 'call-1', wait: 'authorization' },
  })
})

test('the official client walks the whole way by itself', async () => {
  const { site, connect } = unconnected()
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  client.setRequestHandler('elicitation/create', async (request) => {
    expect(request.params).toMatchObject({ mode: 'url', url })
    connect()
    return { action: 'accept' }
  })
  const requestInit = { headers: { authorization: 'Bearer alice' } }
  await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), { fetch: site.fetch, requestInit }))
  expect((await client.callTool(params)).content).toEqual([{ type: 'text', text: 'your issues' }])
})

for (const action of ['decline', 'cancel']) {
  test(`${action} is final: the link as text, no other question, nothing runs (Claude Code 2.1.330 asks ten times otherwise)`, async () => {
    const { session, site, connect } = unconnected()
    const { result } = await read(await site.fetch(first.clone()))
    connect()
    const answer = (await read(await site.fetch(again(result, action)))).result
    expect(answer).toMatchObject({ resultType: 'complete', isError: true, _meta: { 'behalf.dev/error': error } })
    expect(answer?.content?.[0]?.text).toContain(url)
    expect(session.calls).toHaveLength(1)
    expect(session.refusals).toMatchObject([
      {
        method: 'tools/call',
        ...params,
        error: { code: 'vault/authorization_needed' },
        resumed: { state: { callId: 'call-1' } },
      },
    ])
  })
}

test('a person who accepts but never connects is asked three times, then gets the link as text', async () => {
  const { site } = unconnected()
  let { result } = await read(await site.fetch(first.clone()))
  const kinds = [result?.['resultType']]
  for (let round = 0; round < 3; round++) {
    result = (await read(await site.fetch(again(result, 'accept')))).result
    kinds.push(result?.['resultType'])
  }
  expect(kinds).toEqual(['input_required', 'input_required', 'input_required', 'complete'])
  expect(result?.content?.[0]?.text).toContain(url)
})

test('a state that another person, another call or nobody made is -32602, and nothing runs (attack case 11)', async () => {
  const { session, site } = unconnected()
  const { result } = await read(await site.fetch(first.clone()))
  const before = session.calls.length
  const altered = { ...result, requestState: bent(String(result?.['requestState'])) }
  const other = { ...params, arguments: { repository: 'a/secret' } }
  for (const request of [
    again(result, 'accept', { who: 'bob' }),
    again(result, 'accept', { params: other }),
    again(altered, 'accept'),
  ]) {
    const answer = await read(await site.fetch(request))
    expect(answer.error?.code).toBe(-32602)
    expect(answer.error?.message).toBe('The request state is not valid any more. Call again.')
  }
  expect(session.calls).toHaveLength(before)
  expect(
    session.refusals.map(({ caller, arguments: args, error: { code } }) => [caller.user.name, args, code]),
  ).toEqual([
    ['bob', params.arguments, 'mcp/invalid_state'],
    ['alice', other.arguments, 'mcp/invalid_state'],
    ['alice', params.arguments, 'mcp/invalid_state'],
  ])
})

async function legacy(version: string, declared: object) {
  const { session, site } = unconnected()
  const headers = { authorization: 'Bearer alice', 'mcp-protocol-version': version }
  const initialize = {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: version, capabilities: declared, clientInfo: { name: 'c', version: '1' } },
  }
  const begun = await site.fetch(post(gatewayUrl, initialize, headers))
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  const response = await site.fetch(
    post(gatewayUrl, call, { ...headers, 'mcp-session-id': begun.headers.get('mcp-session-id') }),
  )
  return { session, status: response.status, ...(await read(response)) }
}

test('2025-11-25 with URL elicitation: error -32042 with the link', async () => {
  const answer = await legacy('2025-11-25', capabilities)
  expect(answer.error).toMatchObject({
    code: -32042,
    data: { elicitations: [{ mode: 'url', url, message: help.text }] },
  })
  expect(JSON.stringify(answer.error)).toContain(`"elicitationId":"${await elicitationId(url)}"`)
})

test('a client that declares no URL elicitation, or cannot know it, gets the link as text', async () => {
  for (const [version, declared] of [
    ['2025-11-25', {}],
    ['2025-11-25', { elicitation: {} }],
    ['2025-06-18', capabilities],
    ['2025-03-26', {}],
  ] as const) {
    const { error: none, result } = await legacy(version, declared)
    expect(none).toBeUndefined()
    expect(result).toMatchObject({ isError: true, _meta: { 'behalf.dev/error': error } })
    expect(result?.content?.[0]?.text).toBe(`You have to connect an account first.\n${help.text}\n${url}`)
  }
})

test('2026-07-28 without URL elicitation ({} means forms only): the link as text', async () => {
  for (const declared of [{}, { elicitation: {} }, { elicitation: { form: {} } }]) {
    const { site } = unconnected()
    const { result } = await read(await site.fetch(modern({ method: 'tools/call', params, capabilities: declared })))
    expect(result).toMatchObject({ resultType: 'complete', isError: true, _meta: { 'behalf.dev/error': error } })
  }
})

test('an approval that is needed is said in the same ways', async () => {
  const session = new FakeSession({
    callTool: async () => ({
      ...(refused('policy/approval_required', { help }) as {
        kind: 'refused'
        callId: string
        error: { code: 'policy/approval_required' }
      }),
      resume: { callId: 'call-1', wait: 'approval' as const, approval: 'approval-1' },
    }),
  })
  const { result } = await read(await front(session).fetch(first.clone()))
  expect(result).toMatchObject({
    resultType: 'input_required',
    _meta: { 'behalf.dev/error': { kind: 'approval_required' } },
  })
})

test('what an upstream asks is passed on with its state sealed, and the answer comes back to it', async () => {
  const asked: CallRequest[] = []
  const session = new FakeSession({
    callTool: async (request) => {
      asked.push(request)
      if (request.resumed) return said('thank you')
      const requests = {
        colour: {
          method: 'elicitation/create',
          params: {
            mode: 'form',
            message: 'Colour?',
            requestedSchema: { type: 'object', properties: { colour: { type: 'string' } } },
          },
        },
      }
      return {
        kind: 'input_required',
        callId: 'call-1',
        requests,
        resume: { callId: 'call-1', wait: 'upstream', upstream: 'secret of theirs' },
      }
    },
  })
  const site = front(session)
  const { result } = await read(await site.fetch(first.clone()))
  expect(result).toMatchObject({
    resultType: 'input_required',
    inputRequests: { colour: { params: { message: 'Colour?' } } },
  })
  expect(JSON.stringify(result)).not.toContain('secret of theirs')
  const responses = { colour: { action: 'decline' } }
  const next = modern({
    method: 'tools/call',
    params: { ...params, inputResponses: responses, requestState: result?.['requestState'] },
    capabilities,
  })
  expect((await read(await site.fetch(next))).result?.content?.[0]?.text).toBe('thank you')
  expect(asked[1]?.resumed).toEqual({
    responses,
    state: { callId: 'call-1', wait: 'upstream', upstream: 'secret of theirs' },
  })
})

/** Alice has two accounts, and none of them is the default. */
function undecided() {
  const choices = ['alice-dev', 'alice-work']
  const text = 'Say which account: alice-dev, alice-work.'
  const session = new FakeSession({
    callTool: async (request) => {
      session.calls.push(request)
      const { account: answer } = (request.resumed?.responses ?? {}) as { account?: { content?: { account?: string } } }
      const account = answer?.content?.account
      if (account !== undefined && choices.includes(account)) return said(`as ${account}`)
      const reply = refused('vault/account_ambiguous', { help: { text, choices } })
      return { ...reply, resume: { callId: 'call-1', wait: 'account' } } as typeof reply
    },
  })
  return { session, site: front(session), text }
}

const chosen = (result: Wire['result'], response: object, declared: object = capabilities) =>
  modern({
    id: 2,
    method: 'tools/call',
    params: { ...params, inputResponses: { account: response }, requestState: result?.['requestState'] },
    capabilities: declared,
  })

test('2026-07-28: which account is meant is asked by a form with names, and the call goes on with the one that is chosen', async () => {
  for (const declared of [{ elicitation: {} }, { elicitation: { form: {} } }, capabilities]) {
    const { session, site } = undecided()
    const call = modern({ method: 'tools/call', params, capabilities: declared })
    const { result } = await read(await site.fetch(call))
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: {
        account: {
          method: 'elicitation/create',
          params: {
            mode: 'form',
            requestedSchema: {
              properties: { account: { type: 'string', enum: ['alice-dev', 'alice-work'] } },
              required: ['account'],
            },
          },
        },
      },
      _meta: { 'behalf.dev/error': { kind: 'invalid_request', retryable: true } },
    })
    const accepted = { action: 'accept', content: { account: 'alice-work' } }
    const done = await read(await site.fetch(chosen(result, accepted, declared)))
    expect(done.result).toMatchObject({ resultType: 'complete', content: [{ text: 'as alice-work' }] })
    expect(session.calls[1]?.resumed?.state).toEqual({ callId: 'call-1', wait: 'account' })
  }
})

test('the official client shows the form and goes on by itself', async () => {
  const { site } = undecided()
  const options = { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } } as const
  const client = new Client({ name: 'test', version: '1' }, options)
  client.setRequestHandler('elicitation/create', async () => ({
    action: 'accept',
    content: { account: 'alice-work' },
  }))
  const requestInit = { headers: { authorization: 'Bearer alice' } }
  await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), { fetch: site.fetch, requestInit }))
  expect((await client.callTool(params)).content).toEqual([{ type: 'text', text: 'as alice-work' }])
})

test('which account is meant is said as text to a client without forms, after a no, and after three rounds without a choice', async () => {
  for (const declared of [{}, { elicitation: { url: {} } }]) {
    const { site, text } = undecided()
    const { result } = await read(await site.fetch(modern({ method: 'tools/call', params, capabilities: declared })))
    expect(result).toMatchObject({ resultType: 'complete', isError: true })
    expect(result?.content?.[0]?.text).toContain(text)
  }
  for (const action of ['decline', 'cancel']) {
    const { session, site, text } = undecided()
    const { result } = await read(await site.fetch(first.clone()))
    const answer = (await read(await site.fetch(chosen(result, { action })))).result
    expect(answer).toMatchObject({ resultType: 'complete', isError: true })
    expect(answer?.content?.[0]?.text).toContain(text)
    expect(session.calls).toHaveLength(1)
  }
  const { site } = undecided()
  let { result } = await read(await site.fetch(first.clone()))
  const kinds = [result?.['resultType']]
  for (let round = 0; round < 3; round++) {
    result = (await read(await site.fetch(chosen(result, { action: 'accept', content: { account: 'nobody' } })))).result
    kinds.push(result?.['resultType'])
  }
  expect(kinds).toEqual(['input_required', 'input_required', 'input_required', 'complete'])
})

test("a server's own state comes back whole, and one that could not come back is an error at once", async () => {
  const session = new FakeSession({
    callTool: async ({ arguments: args, resumed }) => {
      if (resumed) return said(`${resumed.state.upstream?.length}`)
      const upstream = 'x'.repeat(args['length'] as number)
      const requests = { name: { method: 'elicitation/create', params: { message: 'Name?', requestedSchema: {} } } }
      return {
        kind: 'input_required',
        callId: 'call-1',
        requests,
        resume: { callId: 'call-1', wait: 'upstream', upstream },
      }
    },
  })
  const site = front(session)
  const call = (length: number, more = {}) =>
    modern({ method: 'tools/call', params: { name: 'Test_Ask', arguments: { length }, ...more }, capabilities })
  const { result } = await read(await site.fetch(call(150_000)))
  const inputResponses = { name: { action: 'accept', content: {} } }
  const again = await read(await site.fetch(call(150_000, { inputResponses, requestState: result?.['requestState'] })))
  expect(again.result).toMatchObject({ content: [{ text: '150000' }] })

  const refusal = await read(await site.fetch(call(300_000)))
  expect(refusal.result).toMatchObject({
    resultType: 'complete',
    isError: true,
    _meta: { 'behalf.dev/error': { kind: 'upstream_error', callId: 'call-1', retryable: false } },
  })
  expect(session.refusals).toMatchObject([
    { name: 'Test_Ask', error: { code: 'egress/too_large' }, resumed: { state: { callId: 'call-1' } } },
  ])
})
