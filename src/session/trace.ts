import { partSpanId } from '../audit/audit.ts'
import type { JsonObject } from '../core/json.ts'
import type { ToolCall } from '../runtime/runtime.ts'

/** Where a call stands in a trace (W3C Trace Context, level 1; in MCP by SEP-414 in `_meta`). */
export type CallTrace = { traceId: string; spanId: string; parentSpanId: string | null; sampled: boolean }

type Traced = Pick<ToolCall, 'id' | 'traceparent' | 'tracestate'>

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/

/**
 * Joins the caller's trace or starts one. Our span's id is the random half of the call's id, so that intent, outcome and
 * the request to the service behind the tool name the same span without anything being passed along.
 */
export function traceOf(call: Traced): CallTrace {
  const own = call.id.replaceAll('-', '')
  const spanId = own.slice(16)
  const [, traceId, parentSpanId, flags] = traceparent.exec(call.traceparent ?? '') ?? []
  if (traceId === undefined || parentSpanId === undefined || flags === undefined)
    return { traceId: own, spanId, parentSpanId: null, sampled: true }
  return { traceId, spanId, parentSpanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** For the service behind the tool: its spans lie under our span `upstream`. A state without a parent belongs to nobody. */
export function childTrace(call: Traced): { traceparent: string; tracestate?: string } {
  const { traceId, spanId, parentSpanId, sampled } = traceOf(call)
  const header = `00-${traceId}-${partSpanId(spanId, 'upstream')}-${sampled ? '01' : '00'}`
  const hasState = parentSpanId !== null && call.tracestate !== undefined
  return { traceparent: header, ...(hasState ? { tracestate: call.tracestate } : {}) } as ReturnType<typeof childTrace>
}

/** `trace_flags` only where it says something: the caller does not want this trace sampled. */
export function traceAttributes(call: Traced): JsonObject {
  const { traceId, spanId, parentSpanId, sampled } = traceOf(call)
  return {
    trace_id: traceId,
    span_id: spanId,
    ...(parentSpanId === null ? {} : { parent_span_id: parentSpanId }),
    ...(sampled ? {} : { trace_flags: 0 }),
  }
}
