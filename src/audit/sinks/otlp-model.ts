import type { JsonObject } from '../../core/json.ts'
import { flatten, severityOf, summary } from './flatten.ts'
import { isId, keyValues, nanoseconds } from './otlp-values.ts'
import type { SinkRecord } from './record.ts'
import { spansOf } from './spans.ts'

/** OTLP in its JSON form: 64-bit integers as text, enums as numbers, ids in hex (OTLP 1.x, "JSON Protobuf Encoding"). */
export function logsRequest(records: readonly SinkRecord[]): JsonObject {
  return {
    resourceLogs: byProject(records).map(([project, own]) => ({
      resource: { attributes: keyValues({ 'service.name': 'behalf', 'service.namespace': project }) },
      scopeLogs: [{ scope: { name: 'behalf.audit' }, logRecords: own.map(logRecord) }],
    })),
  }
}

/** Null: none of the records ends a call. */
export function traceRequest(records: readonly SinkRecord[]): JsonObject | null {
  const projects = byProject(records)
    .map(([project, own]) => ({
      resource: { attributes: keyValues({ 'service.name': 'behalf', 'service.namespace': project }) },
      scopeSpans: [{ scope: { name: 'behalf' }, spans: own.flatMap(spansOf) }],
    }))
    .filter(({ scopeSpans }) => scopeSpans.some(({ spans }) => spans.length > 0))
  return projects.length > 0 ? { resourceSpans: projects } : null
}

const severities = { info: [9, 'INFO'], warning: [13, 'WARN'], error: [17, 'ERROR'] } as const

function logRecord(record: SinkRecord): JsonObject {
  const { event, recordedAt } = record
  const [severityNumber, severityText] = severities[severityOf(record)]
  const { trace_id: traceId, span_id: spanId, parent_span_id: _, trace_flags: flags, ...attributes } = flatten(record)
  return {
    timeUnixNano: nanoseconds(event.at),
    observedTimeUnixNano: nanoseconds(recordedAt),
    severityNumber,
    severityText,
    eventName: `behalf.${event.type}`,
    body: { stringValue: summary(record) },
    attributes: keyValues(attributes),
    ...(isId(traceId, 32) && flags !== 0 ? { flags: 1 } : {}),
    ...(isId(traceId, 32) ? { traceId } : {}),
    ...(isId(spanId, 16) ? { spanId } : {}),
  }
}

const byProject = (records: readonly SinkRecord[]): [string, SinkRecord[]][] => [
  ...Map.groupBy(records, (record) => record.event.project),
]
