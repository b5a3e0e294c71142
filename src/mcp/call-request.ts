import type { ClientFeatures, Progress, Resumed } from '../core/call.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { CallRequest } from '../session/session.ts'
import type { Turn } from './turn.ts'
import { LOG_LEVEL_META_KEY } from '@modelcontextprotocol/server'

export type ToolCallParams = { name: string; arguments: JsonObject; meta: JsonObject }

/** Sends what belongs to a request before its answer. */
export type Tell = (notice: { method: string; params: JsonObject }) => Promise<void> | void

type Shared = Omit<CallRequest, 'name' | 'arguments' | 'paramHeaders'>

/** What a call and every other request for work have in common. `tell` is absent when the client takes no stream. */
export function workRequest(
  turn: Turn,
  features: ClientFeatures,
  meta: JsonObject,
  more: { key: string; tell: Tell | undefined; resumed?: Resumed | undefined },
): Shared {
  const { key, tell, resumed } = more
  const task = shortText(meta['behalf.dev/task'], 200)
  const traceparent = shortText(meta['traceparent'], 200)
  const tracestate = shortText(meta['tracestate'], 512)
  const logLevel = shortText(meta[LOG_LEVEL_META_KEY], 20)
  const token = tell && progressToken(meta)
  const logs = tell && (logLevel !== undefined || features.logs)
  return {
    caller: turn.caller,
    features,
    cancelKey: key,
    ...(task !== undefined && { task }),
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(logLevel !== undefined && { logLevel }),
    ...(resumed && { resumed }),
    ...(token !== undefined && { onProgress: progressSink(token, tell) }),
    ...(logs && { onLog: (params: JsonObject) => tell({ method: 'notifications/message', params }) }),
  }
}

/** Parameters that a 2026-07-28 client repeats in headers. The session, which knows the tool, holds them against the arguments. */
export function paramHeadersOf({ headers }: Request, { era }: ClientFeatures): Pick<CallRequest, 'paramHeaders'> {
  if (era === 'legacy') return {}
  const found: Record<string, string> = {}
  headers.forEach((value, name) => {
    if (name.startsWith('mcp-param-')) found[name] = value
  })
  return { paramHeaders: found }
}

function shortText(value: Json | undefined, limit: number): string | undefined {
  return typeof value === 'string' && value.length <= limit ? value : undefined
}

/** A legacy client cancels by a request of its own, which another isolate may get: both derive the same key. */
export function cancelKey({ conversation }: ClientFeatures, requestId: string | number): string {
  if (conversation === undefined) return crypto.randomUUID()
  return `${conversation} ${typeof requestId} ${requestId}`
}

/** Whether the client can read anything but one JSON answer. Without that, progress and log have nowhere to go. */
export const takesStream = ({ headers }: Request): boolean =>
  headers.get('accept')?.includes('text/event-stream') === true

type ProgressToken = string | number

function progressToken(meta: JsonObject): ProgressToken | undefined {
  const token = meta['progressToken']
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** Progress has to increase (MCP basic/utilities/progress); what does not is dropped. */
function progressSink(token: ProgressToken, tell: Tell | undefined): (progress: Progress) => Promise<void> | void {
  let last = Number.NEGATIVE_INFINITY
  return ({ progress, total, message }) => {
    if (!(progress > last)) return
    last = progress
    const params = {
      progressToken: token,
      progress,
      ...(total !== undefined && { total }),
      ...(message && { message }),
    }
    return tell?.({ method: 'notifications/progress', params })
  }
}
