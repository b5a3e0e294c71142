import type { ClientFeatures, Progress, Resumed } from '../core/call.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { CallRequest } from '../session/session.ts'
import type { Turn } from './turn.ts'

export type ToolCallParams = { name: string; arguments: JsonObject; meta: JsonObject }
export type ProgressSink = (progress: Progress) => Promise<void> | void

export function callRequest(
  turn: Turn,
  features: ClientFeatures,
  { name, arguments: args, meta }: ToolCallParams,
  more: { key: string; onProgress?: ProgressSink | undefined; resumed?: Resumed | undefined },
): CallRequest {
  const task = shortText(meta['behalf.dev/task'], 200)
  const traceparent = shortText(meta['traceparent'], 200)
  const tracestate = shortText(meta['tracestate'], 512)
  return {
    caller: turn.caller,
    features,
    name,
    arguments: args,
    cancelKey: more.key,
    ...(task !== undefined && { task }),
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(more.resumed && { resumed: more.resumed }),
    ...(more.onProgress && { onProgress: more.onProgress }),
  }
}

function shortText(value: Json | undefined, limit: number): string | undefined {
  return typeof value === 'string' && value.length <= limit ? value : undefined
}

/** A legacy client cancels by a request of its own, which another isolate may get: both derive the same key. */
export function cancelKey({ conversation }: ClientFeatures, requestId: string | number): string {
  if (conversation === undefined) return crypto.randomUUID()
  return `${conversation} ${typeof requestId} ${requestId}`
}

/** Whether the client can read anything but one JSON answer. Without that, progress has nowhere to go. */
export const takesStream = ({ headers }: Request): boolean =>
  headers.get('accept')?.includes('text/event-stream') === true

export type ProgressToken = string | number

export function progressToken(meta: JsonObject): ProgressToken | undefined {
  const token = meta['progressToken']
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

export type ProgressNotice = {
  method: 'notifications/progress'
  params: { progressToken: ProgressToken; progress: number; total?: number; message?: string }
}

/** Progress has to increase (MCP basic/utilities/progress); what does not is dropped. */
export function progressSink(
  token: ProgressToken,
  send: (notice: ProgressNotice) => Promise<void> | void,
): ProgressSink {
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
    return send({ method: 'notifications/progress', params })
  }
}
