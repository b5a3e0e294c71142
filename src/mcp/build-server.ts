import type { ServerCapabilities } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import type { AboutReply } from '../session/session.ts'
import type { Turn } from './turn.ts'
import { Server } from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import { ok } from '../core/result.ts'
import { answerToolCall } from './call-tool.ts'
import { legacyVersions } from './conversation.ts'
import { rowOf, toProtocolError, toWireTool } from './to-wire.ts'

/** How long a client may keep a list that it cannot be told about. What is forbidden meanwhile is refused at the call. */
export const listTtlMs = 60_000

export const serverInfo = ({ gateway }: Pick<Turn, 'gateway'>) => ({
  name: gateway.slug,
  title: gateway.title,
  version: `${gateway.version}`,
})

/**
 * A server for one request. Never one for two: a server or transport that two clients share answers one with the other's
 * result, because both count their ids from zero (CVE-2026-25536, CVE-2026-111770).
 */
export function buildServer(
  turn: Turn,
  features: ClientFeatures,
  about: Extract<AboutReply, { ok: true }> | null,
): Server {
  const server = new Server(serverInfo(turn), {
    supportedProtocolVersions: [...legacyVersions],
    capabilities: capabilities(about),
    cacheHints: {
      'tools/list': { ttlMs: listTtlMs, cacheScope: 'private' },
      'server/discover': { ttlMs: listTtlMs, cacheScope: 'private' },
    },
    inputRequired: { legacyShim: false },
    ...(about?.instructions && { instructions: about.instructions }),
  })
  server.onerror = () => {}
  server.setRequestHandler('tools/call', (request, ctx) => {
    const raw = rawParams(turn.body, ctx.mcpReq.id)
    const { name } = request.params
    return answerToolCall(
      turn,
      features,
      { name, arguments: object(raw['arguments']), meta: object(raw['_meta']) },
      ctx,
    )
  })
  server.setRequestHandler('tools/list', async (request) => {
    const cursor = request.params?.cursor
    const reply = await asked(
      turn,
      'list',
      turn.made?.list ??
        turn.session.listTools({ caller: turn.caller, features, ...(cursor !== undefined && { cursor }) }),
    )
    if (reply.unchanged) throw new Error('the session left out a list that was not known')
    return {
      tools: reply.tools.map((tool) => toWireTool(tool, features.era)),
      ...(reply.nextCursor !== undefined && { nextCursor: reply.nextCursor }),
    }
  })
  return server
}

function capabilities(about: Extract<AboutReply, { ok: true }> | null): ServerCapabilities {
  const features = about?.features
  return {
    tools: { listChanged: true },
    ...(features?.prompts && { prompts: { listChanged: true } }),
    ...(features?.resources && { resources: { listChanged: true } }),
    ...(features?.completions && { completions: {} }),
  }
}

/** Errors: as the session says. */
export async function askAbout(turn: Turn, conversation?: string): Promise<Result<Extract<AboutReply, { ok: true }>>> {
  const reply = await turn.session.about(turn.caller, conversation)
  return reply.ok ? ok(reply) : reply
}

/** A refusal becomes an error on the wire and, where it is about the caller as such, the HTTP status of the answer. */
async function asked<T extends { ok: true }>(
  turn: Turn,
  what: string,
  pending: Promise<T | { ok: false; error: Refusal }>,
): Promise<T> {
  let reply: T | { ok: false; error: Refusal }
  try {
    reply = await pending
  } catch (fault) {
    logFault(`mcp.${what}_failed`, fault)
    throw toProtocolError({ code: 'core/internal' })
  }
  if (reply.ok) return reply
  if (rowOf(reply.error).rpc !== -32602) turn.refused = reply.error
  throw toProtocolError(reply.error)
}

/**
 * The SDK hands over a copy without keys such as `__proto__`. What is decided and what is carried out have to be the same
 * arguments, so they are taken from the body itself (attack cases 47 and 50).
 */
function rawParams(body: Json | undefined, id: string | number): JsonObject {
  const message = Array.isArray(body) ? body.find((one) => isObject(one) && one['id'] === id) : body
  return object(isObject(message) ? message['params'] : undefined)
}

const object = (value: unknown): JsonObject => (isObject(value) ? (value as JsonObject) : {})
