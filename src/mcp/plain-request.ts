import type { ClientFeatures } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isLogLevel } from '../core/log-entry.ts'
import type { ToolCallParams } from './call-request.ts'
import type { Turn } from './turn.ts'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  TRACEPARENT_META_KEY,
  TRACESTATE_META_KEY,
} from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'
import { takesStream } from './call-request.ts'
import { legacyFeatures, legacyVersions, openConversation, unknownClient } from './conversation.ts'
import { modernFeatures } from './modern.ts'
import { takesTasks } from './tasks.ts'
import { Remembered } from '../core/remembered.ts'

/**
 * A `tools/call` or `tools/list` with nothing about it that the SDK would refuse, correct or treat in a special way. The test
 * is stricter than the SDK's own: what does not pass is not wrong, it takes the other lane.
 */
export type PlainRequest = { id: string | number; features: ClientFeatures; streams: boolean } & (
  | { method: 'tools/call'; params: ToolCallParams }
  | { method: 'tools/list'; cursor?: string }
)

export async function plainRequest(turn: Turn, request: Request): Promise<PlainRequest | null> {
  const { body } = turn
  if (request.headers.get('content-type') !== 'application/json' || !isObject(body)) return null
  const { jsonrpc, id, method, params = {} } = body
  if (jsonrpc !== '2.0' || !isId(id) || !only(body, ['jsonrpc', 'id', 'method', 'params']) || !isObject(params))
    return null
  const meta = params['_meta'] ?? {}
  if (!isObject(meta)) return null
  const what = method === 'tools/call' ? plainCall(params, meta) : method === 'tools/list' ? plainList(params) : null
  if (what === null) return null
  const modern = Object.hasOwn(meta, PROTOCOL_VERSION_META_KEY)
  const features = modern ? plainModern(request, method, params, meta) : await plainLegacy(turn, request, meta)
  if (features === null) return null
  // What may be answered with a task is the other lane's.
  if (method === 'tools/call' && takesTasks(features)) return null
  return { id, features, streams: takesStream(request), ...what }
}

function plainCall(params: Record<string, unknown>, meta: Record<string, unknown>) {
  const { name, arguments: args = {} } = params
  if (typeof name !== 'string' || !isObject(args) || !only(params, ['name', 'arguments', '_meta'])) return null
  const call: ToolCallParams = { name, arguments: args as JsonObject, meta: meta as JsonObject }
  return { method: 'tools/call' as const, params: call }
}

function plainList(params: Record<string, unknown>) {
  const { cursor } = params
  if (!only(params, ['cursor', '_meta'])) return null
  if (cursor === undefined) return { method: 'tools/list' as const }
  return typeof cursor === 'string' ? { method: 'tools/list' as const, cursor } : null
}

/**
 * What a client says about itself is the same in every request, so the SDK looks at it once in each isolate: only an envelope
 * that it has accepted (`rememberEnvelope`) is plain.
 */
const accepted = new Remembered<ClientFeatures>(500)

export function rememberEnvelope(meta: Record<string, unknown>): void {
  const key = envelopeKey(meta)
  if (key.length < 4_096) accepted.set(key, modernFeatures(meta))
}

const envelopeKey = (meta: Record<string, unknown>): string =>
  JSON.stringify([meta[CLIENT_CAPABILITIES_META_KEY], meta[CLIENT_INFO_META_KEY]])

const shared = ['progressToken', 'behalf.dev/task', TRACEPARENT_META_KEY, TRACESTATE_META_KEY]
const modernKeys = [
  PROTOCOL_VERSION_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  ...shared,
]

function plainModern(
  { headers }: Request,
  method: unknown,
  params: Record<string, unknown>,
  meta: Record<string, unknown>,
): ClientFeatures | null {
  const version = '2026-07-28'
  if (meta[PROTOCOL_VERSION_META_KEY] !== version || headers.get('mcp-protocol-version') !== version) return null
  if (headers.get('mcp-method') !== method || !plainMeta(meta, modernKeys)) return null
  const level = meta[LOG_LEVEL_META_KEY]
  if (level !== undefined && !isLogLevel(level)) return null
  const name = headers.get('mcp-name')
  if (method === 'tools/call' && (name !== params['name'] || name?.startsWith('=?'))) return null
  return accepted.get(envelopeKey(meta)) ?? null
}

async function plainLegacy(
  turn: Turn,
  { headers }: Request,
  meta: Record<string, unknown>,
): Promise<ClientFeatures | null> {
  const version = headers.get('mcp-protocol-version')
  if (version !== null && !(legacyVersions as readonly string[]).includes(version)) return null
  if (!plainMeta(meta, shared)) return null
  const session = headers.get('mcp-session-id')
  if (session === null) return unknownClient
  const opened = await openConversation(turn, session)
  return opened.ok ? legacyFeatures(session, opened.value) : null
}

/** Text in every key we know, apart from the envelope; a progress token may be an integer; no other key. */
function plainMeta(meta: Record<string, unknown>, keys: readonly string[]): boolean {
  if (!only(meta, keys)) return false
  return shared.every((key) => {
    const value = meta[key]
    return value === undefined || typeof value === 'string' || (key === 'progressToken' && Number.isSafeInteger(value))
  })
}

const isId = (id: unknown): id is string | number => typeof id === 'string' || Number.isSafeInteger(id)

function only(value: object, keys: readonly string[]): boolean {
  for (const key of Object.keys(value)) if (!keys.includes(key)) return false
  return true
}
