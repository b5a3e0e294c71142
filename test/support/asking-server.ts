import { randomUUID } from 'node:crypto'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  ListToolsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { eventStore } from './fixture/fixture.ts'
import { serveFetch } from './serve-fetch.ts'

/** How a tool speaks to the client while it runs. Each question is answered with what the client said, in a few words. */
export type Channel = {
  elicit(message: string): Promise<string>
  sample(prompt: string): Promise<string>
  roots(): Promise<string>
  log(data: string): Promise<void>
}

export type AskingTool = (use: {
  /** On the stream of the call itself. */
  own: Channel
  /** On the stream that the client holds open for whatever the server has to say. */
  aside: Channel
  /** Closes the stream of the call. The client takes it up again. */
  drop: () => void
}) => Promise<string>

export type AskingServer = {
  mcp: string
  /** The sessions in which a tool was called. */
  calledIn: ReadonlySet<string>
  close(): Promise<void>
}

type Session = { transport: WebStandardStreamableHTTPServerTransport; listening: PromiseWithResolvers<void> }

/** A server of 2025-11-25 alone, with sessions, on the older SDK: it asks by requests of its own. */
export async function startAskingServer(tools: Record<string, AskingTool>): Promise<AskingServer> {
  const live = new Map<string, Session>()
  const calledIn = new Set<string>()
  const served = await serveFetch(async (request) => {
    const id = request.headers.get('mcp-session-id')
    const session = id === null ? await begin() : live.get(id)
    if (!session) return new Response(null, { status: 404 })
    const response = await session.transport.handleRequest(request)
    if (request.method === 'GET' && response.ok) session.listening.resolve()
    return response
  })

  async function begin(): Promise<Session> {
    const listening = Promise.withResolvers<void>()
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: eventStore(),
      retryInterval: 1,
      onsessioninitialized: (id) => void live.set(id, { transport, listening }),
      onsessionclosed: (id) => void live.delete(id),
    })
    await askingServer(tools, listening.promise, calledIn).connect(transport as Parameters<Server['connect']>[0])
    return { transport, listening }
  }

  return { mcp: `${served.url}/mcp`, calledIn, close: () => served.close() }
}

function askingServer(tools: Record<string, AskingTool>, listening: Promise<void>, calledIn: Set<string>): Server {
  const server = new Server({ name: 'asking', version: '1' }, { capabilities: { tools: {}, logging: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' as const } })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const tool = tools[params.name]
    if (!tool) throw new Error('There is no such tool.')
    calledIn.add(extra.sessionId ?? '')
    const own = channel(extra.sendRequest, extra.sendNotification)
    const beside = async (...request: Parameters<Extra['sendRequest']>): Promise<unknown> => {
      await listening
      return server.request(...request)
    }
    const aside = channel(beside as Extra['sendRequest'], async (notice) => {
      await listening
      await server.notification(notice)
    })
    const text = await tool({ own, aside, drop: () => extra.closeSSEStream?.() }).catch(
      (fault: Error) => `refused: ${fault.message}`,
    )
    return { content: [{ type: 'text', text }] }
  })
  return server
}

type Extra = Parameters<Parameters<Server['setRequestHandler']>[1]>[1]

function channel(send: Extra['sendRequest'], notify: Extra['sendNotification']): Channel {
  const requestedSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
  return {
    async elicit(message) {
      const { action, content } = await send(
        { method: 'elicitation/create', params: { message, requestedSchema } },
        ElicitResultSchema,
      )
      return `${action} ${String(content?.['text'])}`
    },
    async sample(prompt) {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }]
      const { content } = await send(
        { method: 'sampling/createMessage', params: { messages, maxTokens: 10 } },
        CreateMessageResultSchema,
      )
      return 'text' in content ? content.text : content.type
    },
    async roots() {
      const { roots } = await send({ method: 'roots/list' }, ListRootsResultSchema)
      return roots.map(({ uri }) => uri).join()
    },
    log: (data) => notify({ method: 'notifications/message', params: { level: 'info', data } }),
  }
}
