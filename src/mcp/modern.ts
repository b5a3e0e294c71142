import type { JSONRPCRequest } from '@modelcontextprotocol/server'
import type { ClientFeatures } from '../core/call.ts'
import { tasksExtension } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
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
import { takesTasks } from './tasks.ts'
import { errorMessage } from './to-wire.ts'

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
  if (message && wantsTasks(message) && !takesTasks(modernFeatures(meta))) {
    return ok(Response.json(errorMessage(tasksMissing, message.id), { status: 400 }))
  }
  const logs = Object.hasOwn(meta, LOG_LEVEL_META_KEY)
  const handler = createMcpHandler(() => buildServer(turn, modernFeatures(meta), about, logs), {
    legacy: 'reject',
    bus,
    onerror: () => {},
  })
  if (message?.method === 'subscriptions/listen') {
    const listener = { changed: bus.changed, updated: bus.updated, ended: () => void handler.close() }
    const resources = about?.features.subscribe ? resourcesOf(message.params) : []
    const watch = resources.length > 0 ? { watcher: crypto.randomUUID(), resources } : undefined
    const subscribed = await turn.changes.subscribe(turn.caller, listener, watch)
    if (!subscribed.ok) return subscribed
    bus.whenIdle(subscribed.value)
  }
  try {
    return ok(await handler.fetch(request, { parsedBody: turn.body }))
  } finally {
    bus.settle()
  }
}

/** More than this of one stream is not watched; nobody needs it, and each is a promise of ours to a server. */
const maxWatched = 100

function resourcesOf(params: unknown): string[] {
  const filter = isObject(params) ? params['notifications'] : undefined
  const wanted = isObject(filter) ? filter['resourceSubscriptions'] : undefined
  const uris = Array.isArray(wanted) ? wanted.filter((uri) => typeof uri === 'string' && uri.length <= 2_000) : []
  return uris.slice(0, maxWatched)
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

/** MCP tasks §Task Status Notifications. There are none here, but who may not ask is told so. */
function wantsTasks({ method, params }: JSONRPCRequest): boolean {
  const wanted = isObject(params) ? params['notifications'] : undefined
  return method === 'subscriptions/listen' && isObject(wanted) && wanted['taskIds'] !== undefined
}

const tasksMissing: Refusal = {
  code: 'upstream/capability_missing',
  message: 'Declare the tasks extension to hear of tasks.',
  data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
}

function metaOf(params: unknown): Record<string, unknown> {
  return isObject(params) && isObject(params['_meta']) ? params['_meta'] : {}
}
