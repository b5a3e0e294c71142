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
  const { trace_id: traceId, span_id: spanId, parent_span_id: parent, ...attributes } = flatten(record)
  if (event.type !== 'tool.outcome' && event.type !== 'tool.refused') return []
  if (!isId(traceId, 32) || !isId(spanId, 16)) return []
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
  return [own, ...parts(traceId, spanId, startedAt, attributes)]
}

const partNames = { credential: 'behalf.credential_ms', upstream: 'behalf.upstream_ms' } as const

/** What happened inside, one after the other: first the credential, then the service. */
function parts(traceId: string, parent: string, startedAt: number, attributes: JsonObject): JsonObject[] {
  let at = startedAt
  return Object.entries(partNames).flatMap(([name, attribute], i) => {
    const value = attributes[attribute]
    if (typeof value !== 'number') return []
    const from = at
    at += value
    return [span(traceId, childId(parent, i + 1), parent, name, i === 1 ? 3 : 1, from, at, {})]
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

/** The same each time it is sent. */
const childId = (parent: string, n: number): string => {
  const id = BigInt.asUintN(64, BigInt(`0x${parent}`) + BigInt(n))
  return (id === 0n ? 1n : id).toString(16).padStart(16, '0')
}

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)
