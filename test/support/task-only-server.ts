import { randomUUID } from 'node:crypto'
import { InMemoryTaskMessageQueue, InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import { ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { serveFetch } from './serve-fetch.ts'

/** What a tool does after its task was made. Resolves with its answer; a fault fails the task. */
export type TaskTool = (use: {
  /** The task's message from now on. */
  say: (message: string) => Promise<void>
  elicit: (message: string) => Promise<string>
}) => Promise<string>

export type TaskOnlyServer = {
  mcp: string
  /** What was asked: the method, for a call also whether it asked for a task. */
  asked: string[]
  /** Resolves when a task was cancelled. */
  cancelled: Promise<void>
  close(): Promise<void>
}

/** A server of 2025-11-25 on the older SDK, whose tools run as tasks and not otherwise. `plain` is one that does not. */
export async function startTaskOnlyServer(tools: Record<string, TaskTool>): Promise<TaskOnlyServer> {
  const live = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const asked: string[] = []
  const cancelled = Promise.withResolvers<void>()
  const served = await serveFetch(async (request) => {
    if (request.method === 'POST') {
      const { method, params } = (await request.clone().json()) as { method?: string; params?: { task?: object } }
      if (method === 'tools/call') asked.push(params?.task ? 'tools/call as a task' : method)
      else if (method?.startsWith('tasks/')) asked.push(method)
      if (method === 'tasks/cancel') cancelled.resolve()
    }
    const id = request.headers.get('mcp-session-id')
    const transport = id === null ? await begin() : live.get(id)
    return transport ? transport.handleRequest(request) : new Response(null, { status: 404 })
  })

  async function begin(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void live.set(id, transport),
    })
    await taskOnlyServer(tools).connect(transport as Parameters<McpServer['connect']>[0])
    return transport
  }

  return { mcp: `${served.url}/mcp`, asked, cancelled: cancelled.promise, close: () => served.close() }
}

/** The SDK's types leave out what its own server takes. */
type Ask = (
  request: object,
  schema: typeof ElicitResultSchema,
  how: { relatedTask: { taskId: string } },
) => Promise<ElicitResult>

function taskOnlyServer(tools: Record<string, TaskTool>): McpServer {
  const server = new McpServer(
    { name: 'tasks', version: '1' },
    {
      capabilities: { tools: {}, tasks: { cancel: {}, requests: { tools: { call: {} } } } },
      taskStore: new InMemoryTaskStore(),
      taskMessageQueue: new InMemoryTaskMessageQueue(),
    },
  )
  server.registerTool('plain', {}, () => ({ content: [{ type: 'text', text: 'at once' }] }))
  for (const [name, run] of Object.entries(tools)) {
    const execution = { taskSupport: 'required' } as const
    server.experimental.tasks.registerToolTask(
      name,
      { execution },
      {
        async createTask({ taskStore, sendRequest }) {
          const task = await taskStore.createTask({ ttl: 60_000, pollInterval: 250 })
          const { taskId } = task
          const requestedSchema = { type: 'object', properties: { text: { type: 'string' } } } as const
          const end = (status: 'completed' | 'failed', text: string) =>
            taskStore.storeTaskResult(taskId, status, {
              content: [{ type: 'text', text }],
              ...(status === 'failed' && { isError: true }),
            })
          run({
            say: (message) => taskStore.updateTaskStatus(taskId, 'working', message),
            async elicit(message) {
              await taskStore.updateTaskStatus(taskId, 'input_required')
              const params = { message, requestedSchema }
              const { action, content } = await (sendRequest as Ask)(
                { method: 'elicitation/create', params },
                ElicitResultSchema,
                { relatedTask: { taskId } },
              )
              await taskStore.updateTaskStatus(taskId, 'working')
              return `${action} ${String(content?.['text'])}`
            },
          })
            .then((text) => end('completed', text))
            .catch((fault: Error) => end('failed', fault.message))
            // Cancelled meanwhile.
            .catch(() => {})
          return { task }
        },
        getTask: ({ taskStore, taskId }) => taskStore.getTask(taskId),
        getTaskResult: ({ taskStore, taskId }) => taskStore.getTaskResult(taskId) as Promise<{ content: [] }>,
      },
    )
  }
  return server
}
