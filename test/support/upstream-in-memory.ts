import { createMcpHandler, Server } from '@modelcontextprotocol/server'
import type { JsonObject } from '../../src/core/json.ts'
import type { Behaviour } from '../../src/core/tool.ts'

type Result = JsonObject | Promise<JsonObject>

/** What a server offers, and what it answers. */
export type InMemoryServer = {
  tools?: Record<string, { behaviour?: Partial<Behaviour>; run: (args: JsonObject, told: Told) => Result }>
  prompts?: Record<string, (args: JsonObject) => Result>
  resources?: Record<string, () => Result>
}

/** Sends a progress message while the tool runs. */
type Told = { progress: (message: string) => Promise<void> }

type Handle = (
  method: string,
  run: (
    request: { params: JsonObject & { _meta?: JsonObject } },
    ctx: { mcpReq: { notify: (notice: object) => Promise<void> } },
  ) => unknown,
) => void

/** An MCP server of 2026-07-28 that lives where the test does, as a `fetch`. */
export function serveInMemory({ tools = {}, prompts = {}, resources = {} }: InMemoryServer) {
  const handler = createMcpHandler(
    () => {
      const server = new Server(
        { name: 'in-memory', version: '1' },
        { capabilities: { tools: {}, prompts: {}, resources: {}, logging: {} } },
      )
      const handle = server.setRequestHandler.bind(server) as unknown as Handle
      handle('tools/list', () => ({
        tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })),
      }))
      handle('tools/call', ({ params }, ctx) => {
        const token = params._meta?.['progressToken']
        let count = 0
        const progress = async (message: string): Promise<void> => {
          if (token === undefined) return
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken: token, progress: ++count, message },
          })
        }
        return tools[params['name'] as string]?.run((params['arguments'] ?? {}) as JsonObject, { progress })
      })
      handle('prompts/get', ({ params }) =>
        prompts[params['name'] as string]?.((params['arguments'] ?? {}) as JsonObject),
      )
      handle('resources/read', ({ params }) => resources[params['uri'] as string]?.())
      return server
    },
    { legacy: 'reject' },
  )
  return (request: Request): Promise<Response> => handler.fetch(request)
}

/** Everything it offers, as an administrator would have admitted it. */
export function pinsOf({ tools = {}, prompts = {}, resources = {} }: InMemoryServer) {
  const pin = (kind: string, name: string, definition: JsonObject, behaviour: Behaviour | null = null) => ({
    kind,
    name,
    hash: `${kind} ${name}`,
    definition,
    behaviour,
    status: 'admitted' as const,
    decidedBy: 'test',
    updatedAt: 0,
  })
  const usual: Behaviour = { operation: 'read', destructive: false, idempotent: false, openWorld: false }
  return [
    ...Object.entries(tools).map(([name, { behaviour }]) =>
      pin('tool', name, { name, inputSchema: { type: 'object' } }, { ...usual, ...behaviour }),
    ),
    ...Object.keys(prompts).map((name) => pin('prompt', name, { name })),
    ...Object.keys(resources).map((uri) => pin('resource', uri, { uri, name: uri })),
  ]
}
