import type { JSONRPCRequest } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { About } from './build-server.ts'
import type { Turn } from './turn.ts'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  createMcpHandler,
  LOG_LEVEL_META_KEY,
} from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'
import { ok } from '../core/result.ts'
import { askAbout, buildServer } from './build-server.ts'
import { ListenBus } from './change-feed.ts'
import { serveListen } from './listen.ts'

/** Methods whose answer describes the gateway. */
const describing = new Set([
  'server/discover',
  'subscriptions/listen',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
])

/**
 * One exchange of MCP 2026-07-28. The SDK checks headers and envelope again and writes the answer. `message` is null for a
 * notification and for what the SDK is going to refuse.
 */
export async function serveModern(
  turn: Turn,
  request: Request,
  message: JSONRPCRequest | null,
): Promise<Result<Response>> {
  let about: About | null = null
  if (message && describing.has(message.method)) {
    const reply = await askAbout(turn)
    if (!reply.ok) return reply
    about = reply.value
  }
  const bus = new ListenBus()
  const meta = metaOf(message?.params)
  const features = modernFeatures(meta)
  const logs = Object.hasOwn(meta, LOG_LEVEL_META_KEY)
  const handler = createMcpHandler(() => buildServer(turn, features, about, logs), {
    legacy: 'reject',
    bus,
    onerror: () => {},
  })
  const serve = (): Promise<Response> => handler.fetch(request, { parsedBody: turn.body })
  try {
    if (message?.method !== 'subscriptions/listen') return ok(await serve())
    return await serveListen(turn, message, { about, features }, { bus, serve, close: () => void handler.close() })
  } finally {
    bus.settle()
  }
}

export function modernFeatures(meta: Record<string, unknown>): ClientFeatures {
  const info = meta[CLIENT_INFO_META_KEY]
  const declared = meta[CLIENT_CAPABILITIES_META_KEY]
  const capabilities = (isObject(declared) ? declared : {}) as JsonObject
  const elicitation = capabilities['elicitation']
  return {
    era: 'modern',
    protocolVersion: '2026-07-28',
    ...(isObject(info) && typeof info['name'] === 'string' && { clientName: info['name'].slice(0, 200) }),
    elicitationUrl: isObject(elicitation) && isObject(elicitation['url']),
    capabilities,
  }
}

function metaOf(params: unknown): Record<string, unknown> {
  return isObject(params) && isObject(params['_meta']) ? params['_meta'] : {}
}
