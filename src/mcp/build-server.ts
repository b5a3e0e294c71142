import type { ServerCapabilities } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import { tasksExtension } from '../core/call.ts'
import type { Refusal, Result } from '../core/result.ts'
import type { AboutReply } from '../session/session.ts'
import type { Turn } from './turn.ts'
import { Server } from '@modelcontextprotocol/server'
import { logFault } from '../core/log.ts'
import { ok } from '../core/result.ts'
import { answerWork } from './answer-work.ts'
import { paramHeadersOf } from './call-request.ts'
import { legacyVersions } from './conversation.ts'
import { serveOffers } from './offers.ts'
import { asObject, rawParams } from './raw-params.ts'
import { serveTasks, takesTasks, toCreateTask } from './tasks.ts'
import { rowOf, toProtocolError, toWireOutput, toWireTool } from './to-wire.ts'

/** How long a client may keep a list that it cannot be told about. What is forbidden meanwhile is refused at the call. */
export const listTtlMs = 60_000

const forOneCaller = { ttlMs: listTtlMs, cacheScope: 'private' } as const
const cacheHints = {
  'tools/list': forOneCaller,
  'prompts/list': forOneCaller,
  'resources/list': forOneCaller,
  'resources/templates/list': forOneCaller,
  'server/discover': forOneCaller,
}

export type About = Extract<AboutReply, { ok: true }>

export const serverInfo = ({ gateway }: Pick<Turn, 'gateway'>) => ({
  name: gateway.slug,
  title: gateway.title,
  version: `${gateway.version}`,
})

/**
 * A server for one request. Never one for two: a server or transport that two clients share answers one with the other's
 * result, because both count their ids from zero (CVE-2026-25536, CVE-2026-111770).
 *
 * `about`: what the gateway is, for the methods that need to know. `logs`: the client may be sent a log.
 */
export function buildServer(turn: Turn, features: ClientFeatures, about: About | null, logs = false): Server {
  const server = new Server(serverInfo(turn), {
    supportedProtocolVersions: [...legacyVersions],
    capabilities: {
      ...capabilities(about, logs || features.logs === true),
      ...(features.era === 'modern' && { extensions: { [tasksExtension]: {} } }),
    },
    cacheHints,
    inputRequired: { legacyShim: false },
    ...(about?.instructions && { instructions: about.instructions }),
  })
  server.onerror = () => {}
  serveTools(server, turn, features)
  if (features.era === 'modern') serveTasks(server, turn, features)
  if (about) serveOffers(server, turn, features, about.features)
  const { conversation } = features
  if (features.logs && conversation !== undefined) {
    server.setRequestHandler('logging/setLevel', async ({ params }) => {
      await turn.session.setLogLevel(conversation, params.level, turn.caller)
      return {}
    })
  }
  return server
}

function serveTools(server: Server, turn: Turn, features: ClientFeatures): void {
  server.setRequestHandler('tools/call', async (request, ctx) => {
    const raw = rawParams(turn.body, ctx.mcpReq.id)
    const { name } = request.params
    const args = asObject(raw['arguments'])
    const work = {
      asked: { method: 'tools/call', name, arguments: args },
      meta: asObject(raw['_meta']),
      run: async (shared: Parameters<Parameters<typeof answerWork>[2]['run']>[0]) => {
        const call = { ...shared, ...paramHeadersOf(turn.request, features), name, arguments: args }
        const reply = await (turn.made?.call ??
          (takesTasks(features) ? turn.session.callAsTask(call) : turn.session.callTool(call)))
        if (turn.made) delete turn.made.call
        if (reply.kind === 'task') return { kind: 'done' as const, result: await toCreateTask(turn, reply.task) }
        if (reply.kind !== 'output') return reply
        return { kind: 'done' as const, result: toWireOutput(reply.output, features.era) }
      },
    }
    return answerWork(turn, features, work, ctx) as never
  })
  server.setRequestHandler('tools/list', async (request) => {
    const cursor = request.params?.cursor
    const asked = { caller: turn.caller, features, ...(cursor !== undefined && { cursor }) }
    const reply = await answered(turn, turn.made?.list ?? turn.session.listTools(asked))
    if (reply.unchanged) throw new Error('the session left out a list that was not known')
    return {
      tools: reply.tools.map((tool) => toWireTool(tool, features.era)),
      ...(reply.nextCursor !== undefined && { nextCursor: reply.nextCursor }),
    }
  })
}

function capabilities(about: About | null, logs: boolean): ServerCapabilities {
  const features = about?.features
  return {
    tools: { listChanged: true },
    ...(features?.prompts && { prompts: { listChanged: true } }),
    ...(features?.resources && {
      resources: { listChanged: true, ...(features.subscribe && { subscribe: true }) },
    }),
    ...(features?.completions && { completions: {} }),
    ...((logs || features?.logging) && { logging: {} }),
  }
}

/** Errors: as the session says. */
export async function askAbout(turn: Turn, conversation?: string): Promise<Result<About>> {
  const reply = await turn.session.about(turn.caller, conversation)
  return reply.ok ? ok(reply) : reply
}

/** A refusal becomes an error on the wire and, where it is about the caller as such, the HTTP status of the answer. */
async function answered<T extends { ok: true }>(
  turn: Turn,
  pending: Promise<T | { ok: false; error: Refusal }>,
): Promise<T> {
  let reply: T | { ok: false; error: Refusal }
  try {
    reply = await pending
  } catch (fault) {
    logFault('mcp.list_failed', fault)
    throw toProtocolError({ code: 'core/internal' })
  }
  if (reply.ok) return reply
  if (rowOf(reply.error).rpc !== -32602) turn.refused = reply.error
  throw toProtocolError(reply.error)
}
