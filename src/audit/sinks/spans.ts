import type { Json, JsonObject } from '../../core/json.ts'
import { flatten } from './flatten.ts'
import { isId, keyValues, nanoseconds } from './otlp-values.ts'
import { textOf } from './post.ts'
import type { SinkRecord } from './record.ts'

/**
 * A finished call as spans: ours, and inside it the wait for the credential and for the service behind the tool. Made
 * from the outcome that is recorded anyway, so that tracing costs a call nothing.
 */
export function spansOf(record: SinkRecord): JsonObject[] {
  const { event } = record
  const {
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: parent,
    trace_flags: flags,
    ...attributes
  } = flatten(record)
  if (event.type !== 'tool.outcome' && event.type !== 'tool.refused') return []
  // The caller decides for the whole trace: a part of one that is not sampled is noise.
  if (!isId(traceId, 32) || !isId(spanId, 16) || flags === 0) return []
  const duration = numberOf(attributes['behalf.duration_ms'])
  const startedAt = event.at - duration
  const method = textOf(attributes['mcp.method.name']) || 'tools/call'
  const call = span(
    traceId,
    spanId,
    isId(parent, 16) ? parent : null,
    `${method} ${event.tool ?? ''}`.trim(),
    2,
    startedAt,
    event.at,
    attributes,
  )
  const failed = event.outcome === 'failed' || event.outcome === 'unknown'
  const own = failed ? { ...call, status: { code: 2, message: textOf(attributes['error.type']) } } : call
  return [own, ...parts(traceId, spanId, { from: startedAt, to: event.at }, attributes)]
}

/** A part's attribute, and its digit: see `partSpanId`. */
const partNames = {
  credential: { attribute: 'behalf.credential_ms', digit: '1', kind: 1 },
  upstream: { attribute: 'behalf.upstream_ms', digit: '2', kind: 3 },
} as const
type Part = keyof typeof partNames

/** What happened inside: the credential first, the service last. In between is what we do ourselves. */
function parts(
  traceId: string,
  parent: string,
  whole: { from: number; to: number },
  attributes: JsonObject,
): JsonObject[] {
  return (Object.keys(partNames) as Part[]).flatMap((name) => {
    const { attribute, kind } = partNames[name]
    const value = attributes[attribute]
    if (typeof value !== 'number') return []
    const from = name === 'credential' ? whole.from : whole.to - value
    return [span(traceId, partSpanId(parent, name), parent, name, kind, from, from + value, {})]
  })
}

function span(
  traceId: string,
  spanId: string,
  parentSpanId: string | null,
  name: string,
  kind: 1 | 2 | 3,
  from: number,
  to: number,
  attributes: Readonly<Record<string, Json>>,
): JsonObject {
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name,
    kind,
    startTimeUnixNano: nanoseconds(from),
    endTimeUnixNano: nanoseconds(to),
    ...(Object.keys(attributes).length > 0 ? { attributes: keyValues(attributes) } : {}),
  }
}

/**
 * The span of a part of a call, known before it is over and the same each time it is sent: our own span's id with its
 * first digit changed. That digit is 8 to b in every id of ours (RFC 9562 §4.1), so no part can be another call's span.
 */
export const partSpanId = (spanId: string, part: Part): string => `${partNames[part].digit}${spanId.slice(1)}`

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)
