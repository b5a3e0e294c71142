import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import type { CallReply } from '../../src/core/call.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { FakeSession, front, gatewayUrl, refused, said } from '../support/fake-front.ts'

const form = (message: string): JsonObject => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: { type: 'object', properties: { text: { type: 'string' } } } },
})
const sampling: JsonObject = {
  method: 'sampling/createMessage',
  params: { maxTokens: 10, messages: [{ role: 'user', content: { type: 'text', text: 'Say hi.' } }] },
}

/** A session whose tool asks what it is given to ask, then says what it was answered. */
function asking(questionsOf: (text: string) => JsonObject) {
  return new FakeSession({
    callTool: async ({ arguments: args, resumed }): Promise<CallReply> => {
      if (resumed) return said(JSON.stringify(resumed.responses))
      const resume = { callId: 'call-1', wait: 'upstream', upstream: 'theirs' } as const
      return { kind: 'input_required', callId: 'call-1', requests: questionsOf(args['text'] as string), resume }
    },
  })
}

async function connected(session: FakeSession, capabilities: object) {
  const site = front(session)
  const client = new OldClient({ name: 'old', version: '1' }, { capabilities })
  const requestInit = { headers: { authorization: 'Bearer alice' } }
  let wire = ''
  const fetch: typeof site.fetch = async (...request) => {
    const response = await site.fetch(...request)
    const tap = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        wire += new TextDecoder().decode(bytes)
        controller.enqueue(bytes)
      },
    })
    return new Response(response.body?.pipeThrough(tap) ?? null, response)
  }
  const transport = new OldTransport(new URL(gatewayUrl), { fetch, requestInit })
  await client.connect(transport as Parameters<OldClient['connect']>[0])
  const call = async (text: string) => {
    const result = await client.callTool({ name: 'Test_Ask', arguments: { text } })
    return (result.content as { text: string }[])[0]?.text ?? ''
  }
  return { client, call, site, wire: () => wire }
}

test('2025-11-25: a client is asked over the stream of its call, and its answers reach the tool', async () => {
  const session = asking(() => ({ name: form('Name?'), joke: sampling, where: { method: 'roots/list' } }))
  const { client, call } = await connected(session, { elicitation: {}, sampling: {}, roots: {} })
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept', content: { text: 'Alice' } }))
  client.setRequestHandler(CreateMessageRequestSchema, async () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'hi' },
  }))
  client.setRequestHandler(ListRootsRequestSchema, async () => ({ roots: [{ uri: 'file:///x' }] }))
  expect(JSON.parse(await call('x'))).toMatchObject({
    name: { action: 'accept', content: { text: 'Alice' } },
    joke: { content: { text: 'hi' } },
    where: { roots: [{ uri: 'file:///x' }] },
  })
  await client.close()
})

test('two calls of one client that ask at the same time get each its own answer', async () => {
  const session = asking((text) => ({ q: form(text) }))
  const { client, call } = await connected(session, { elicitation: {} })
  const answered: (() => void)[] = []
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    // The later question is answered first.
    await new Promise<void>((resolve) => {
      answered.push(resolve)
      if (answered.length === 2) for (const answer of answered.toReversed()) answer()
    })
    return { action: 'accept', content: { text: `about ${params.message}` } }
  })
  const [one, two] = await Promise.all([call('one'), call('two')])
  expect([one, two].map((text) => JSON.parse(text).q.content.text)).toEqual(['about one', 'about two'])
  await client.close()
})

test('a client is not asked what it did not declare; the tool’s caller is told', async () => {
  const session = asking((text) => ({ q: text === 'sampling' ? sampling : form(text) }))
  const { client, call, wire } = await connected(session, { sampling: {} })
  client.setRequestHandler(CreateMessageRequestSchema, async () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'hi' },
  }))
  expect(await call('form')).toBe('The tool asks a question that this client cannot show.')
  expect(wire()).not.toContain('elicitation/create')
  expect(await call('sampling')).toContain('hi')
  await client.close()
})

test('an answer from another person’s conversation is not taken for this one’s', async () => {
  const session = asking((text) => ({ q: form(text) }))
  const alice = await connected(session, { elicitation: {} })
  const asked = Promise.withResolvers<string>()
  const mayAnswer = Promise.withResolvers<void>()
  alice.client.setRequestHandler(ElicitRequestSchema, async (_request, { requestId }) => {
    asked.resolve(String(requestId))
    await mayAnswer.promise
    return { action: 'accept', content: { text: 'mine' } }
  })
  const answer = alice.call('x')
  const id = await asked.promise
  const mallory = await alice.site.fetch(gatewayUrl, {
    method: 'POST',
    headers: {
      authorization: 'Bearer mallory',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: { elicitation: {} },
        clientInfo: { name: 'm', version: '1' },
      },
    }),
  })
  await alice.site.fetch(gatewayUrl, {
    method: 'POST',
    headers: {
      authorization: 'Bearer mallory',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': mallory.headers.get('mcp-session-id') ?? '',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'accept', content: { text: 'forged' } } }),
  })
  mayAnswer.resolve()
  expect(await answer).toContain('mine')
  await alice.client.close()
})

test('a client that answers with an error cannot show the question', async () => {
  const { client, call } = await connected(
    asking((text) => ({ q: form(text) })),
    { elicitation: {} },
  )
  client.setRequestHandler(ElicitRequestSchema, async () => {
    throw new Error('no screen')
  })
  expect(await call('x')).toBe('The tool asks a question that this client cannot show.')
  await client.close()
})

/** A session that does not know which of two accounts is meant before it is told. */
function undecided() {
  const session: FakeSession = new FakeSession({
    callTool: async (request): Promise<CallReply> => {
      session.calls.push(request)
      if (request.resumed) return said(JSON.stringify(request.resumed))
      const help = { text: 'Say which account: one, two.', choices: ['one', 'two'] }
      const reply = refused('vault/account_ambiguous', { help }) as Extract<CallReply, { kind: 'refused' }>
      return { ...reply, resume: { callId: 'call-1', wait: 'account' } }
    },
  })
  return session
}

test('2025-11-25: which account is meant is asked over the stream of the call, and a no is final', async () => {
  const session = undecided()
  const { client, call } = await connected(session, { elicitation: {} })
  const asked: unknown[] = []
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push((params as { requestedSchema?: unknown }).requestedSchema)
    return asked.length === 1 ? { action: 'accept', content: { account: 'two' } } : { action: 'decline' }
  })
  expect(JSON.parse(await call('x'))).toEqual({
    responses: { account: { action: 'accept', content: { account: 'two' } } },
    state: { callId: 'call-1', wait: 'account' },
  })
  expect(asked[0]).toMatchObject({ properties: { account: { enum: ['one', 'two'] } }, required: ['account'] })
  expect(await call('x')).toContain('Say which account: one, two.')
  expect([asked.length, session.calls.length]).toEqual([2, 3])
  await client.close()
})

test('a legacy client without forms is told in text which accounts there are', async () => {
  const { client, call, wire } = await connected(undecided(), { sampling: {} })
  expect(await call('x')).toContain('Say which account: one, two.')
  expect(wire()).not.toContain('elicitation/create')
  await client.close()
})
