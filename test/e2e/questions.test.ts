import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AskingServer, AskingTool } from '../support/asking-server.ts'
import { startAskingServer } from '../support/asking-server.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { tools as fixtureTools } from '../support/fixture/tools.ts'
import type { World } from '../support/world.ts'
import { startWorld } from '../support/world.ts'

let world: World
const closing: (() => Promise<void>)[] = []
beforeAll(async () => {
  world = await startWorld()
  closing.push(() => world.stop())
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }

/** A gateway of that name over a server of 2025-11-25 alone. */
async function asking(gateway: string, tools: Record<string, AskingTool>): Promise<AskingServer> {
  const server = await startAskingServer(tools)
  closing.push(() => server.close())
  await world.addUpstream(gateway, server.mcp)
  await world.addGateway(gateway, { tools: [{ upstream: gateway }] })
  return server
}

/** The official SDK's client of 2025-11-25. What it is asked goes to `asked`, and is answered by `answer`. */
async function oldClient(gateway: string, asked: unknown[], answer: (question: string) => Promise<string> | string) {
  const client = new OldClient({ name: 'old', version: '1' }, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push(params.message)
    const text = await answer(params.message)
    const fields = 'requestedSchema' in params ? Object.keys(params.requestedSchema.properties) : []
    return { action: 'accept', content: Object.fromEntries(fields.map((field) => [field, text])) }
  })
  client.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => {
    const { content } = params.messages[0] as unknown as { content: { text: string } }
    asked.push(content.text)
    return { role: 'assistant', model: 'm', content: { type: 'text', text: await answer(content.text) } }
  })
  client.setRequestHandler(ListRootsRequestSchema, () => {
    asked.push('roots')
    return { roots: [{ uri: 'file:///work' }] }
  })
  const transport = new OldTransport(new URL(world.mcp(gateway)), { requestInit: { headers: world.as('ada') } })
  await client.connect(transport as Parameters<OldClient['connect']>[0])
  closing.push(() => client.close())
  return async (name: string): Promise<unknown> => textOf(await client.callTool({ name, arguments: {} }))
}

const textOf = (result: object): unknown => (result as { content?: { text?: string }[] }).content?.[0]?.text

const survey: Record<string, AskingTool> = {
  survey: async ({ own }) =>
    JSON.stringify([await own.elicit('Your name?'), await own.sample('A joke?'), await own.roots()]),
  beside: async ({ aside }) =>
    JSON.stringify([await aside.elicit('Your name?'), await aside.sample('A joke?'), await aside.roots()]),
}

it.each(['survey', 'beside'])('a 2025-x server asks a 2025-x client, each pushing (%s)', async (name) => {
  await asking(`old-old-${name}`, survey)
  const asked: unknown[] = []
  const call = await oldClient(`old-old-${name}`, asked, (question) => `Ada on ${question}`)
  expect(await call(name)).toBe('["accept Ada on Your name?","Ada on A joke?","file:///work"]')
  expect(asked).toEqual(['Your name?', 'A joke?', 'roots'])
})

it('a 2025-x server asks a client of 2026-07-28, whose answer comes with the next request', async () => {
  await asking('old-new', survey)
  const client = new Client(
    { name: 'new', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } }, inputRequired: { autoFulfill: false } },
  )
  const transport = new StreamableHTTPClientTransport(new URL(world.mcp('old-new')), {
    requestInit: { headers: world.as('ada') },
  })
  await client.connect(transport)
  closing.push(() => client.close())
  const answers: Record<string, object> = {
    'elicitation/create': { action: 'accept', content: { text: 'Ada' } },
    'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'Ha.' } },
    'roots/list': { roots: [{ uri: 'file:///work' }] },
  }
  type Reply = { inputRequests?: Record<string, { method: string }>; requestState?: string }
  const leg = async (more: object = {}): Promise<Reply> =>
    client.request(
      { method: 'tools/call', params: { name: 'survey', arguments: {}, ...more } },
      { allowInputRequired: true },
    ) as Promise<Reply>
  const answered = ({ inputRequests = {}, requestState }: Reply) => ({
    inputResponses: Object.fromEntries(
      Object.entries(inputRequests).map(([key, { method }]) => [key, answers[method]]),
    ),
    requestState,
  })
  const methods = ({ inputRequests = {} }: Reply): string[] => Object.values(inputRequests).map(({ method }) => method)

  const first = await leg()
  expect(methods(first)).toEqual(['elicitation/create'])
  const second = await leg(answered(first))
  expect(methods(second)).toEqual(['sampling/createMessage'])
  // The first answer once more: it answers nothing else.
  const repeated = await leg(answered(first))
  expect(repeated.inputRequests).toEqual(second.inputRequests)
  const third = await leg(answered(second))
  expect(methods(third)).toEqual(['roots/list'])
  expect(textOf(await leg(answered(third)))).toBe('["accept Ada","Ha.","file:///work"]')
})

it('two calls at once from two clients of one session are asked only their own questions', async () => {
  const begun = { first: Promise.withResolvers<void>(), second: Promise.withResolvers<void>() }
  const server = await asking('two', {
    async first({ own }) {
      begun.first.resolve()
      await begun.second.promise
      return JSON.stringify([await own.elicit('Of the first?'), await own.sample('For the first?')])
    },
    async second({ own }) {
      await begun.first.promise
      begun.second.resolve()
      return JSON.stringify([await own.sample('For the second?'), await own.elicit('Of the second?')])
    },
  })
  const [toFirst, toSecond]: [unknown[], unknown[]] = [[], []]
  const bothAsked = Promise.withResolvers<void>()
  const answer = async (question: string): Promise<string> => {
    if (toFirst.length > 0 && toSecond.length > 0) bothAsked.resolve()
    await bothAsked.promise
    return `answer ${question}`
  }
  const first = await oldClient('two', toFirst, answer)
  const second = await oldClient('two', toSecond, answer)
  expect(await Promise.all([first('first'), second('second')])).toEqual([
    '["accept answer Of the first?","answer For the first?"]',
    '["answer For the second?","accept answer Of the second?"]',
  ])
  expect([toFirst, toSecond]).toEqual([
    ['Of the first?', 'For the first?'],
    ['For the second?', 'Of the second?'],
  ])
  expect(server.calledIn.size).toBe(1)
})

it('a server of 2026-07-28 asks a 2025-x client, which is asked over the stream of its call', async () => {
  const wanted = Object.entries(fixtureTools).filter(([name]) => /result_(elicitation|sampling|list_roots)$/.test(name))
  const fixture = await startFixture({ eras: 'modern', tools: Object.fromEntries(wanted) })
  closing.push(() => fixture.close())
  await world.addUpstream('new-old', fixture.mcp)
  await world.addGateway('new-old', { tools: [{ upstream: 'new-old' }] })
  const asked: unknown[] = []
  const call = await oldClient('new-old', asked, () => 'Paris')
  expect(await call('test_input_required_result_elicitation')).toBe('Hello, Paris!')
  expect(await call('test_input_required_result_sampling')).toBe('The client says: Paris')
  expect(await call('test_input_required_result_list_roots')).toBe('Roots: [{"uri":"file:///work"}]')
  expect(asked).toEqual(['What is your name?', 'What is the capital of France?', 'roots'])
})
