import type { Fields, Message } from './protobuf.ts'

/** opentelemetry-proto 1.x: common/v1, resource/v1, logs/v1, trace/v1 and their collector services. Field numbers are stable. */
const anyValue = (): Fields => anyValueFields
const keyValue: Message = { key: { number: 1, type: 'string' }, value: { number: 2, type: anyValue } }
const arrayValue: Message = { values: { number: 1, type: anyValue, repeated: true } }
const keyValueList: Message = { values: { number: 1, type: keyValue, repeated: true } }
const anyValueFields: Fields = {
  stringValue: { number: 1, type: 'string' },
  boolValue: { number: 2, type: 'bool' },
  intValue: { number: 3, type: 'int64' },
  doubleValue: { number: 4, type: 'double' },
  arrayValue: { number: 5, type: arrayValue },
  kvlistValue: { number: 6, type: keyValueList },
}

const scope: Message = { name: { number: 1, type: 'string' }, version: { number: 2, type: 'string' } }
const resource: Message = { attributes: { number: 1, type: keyValue, repeated: true } }

const logRecord: Message = {
  timeUnixNano: { number: 1, type: 'fixed64' },
  severityNumber: { number: 2, type: 'uint32' },
  severityText: { number: 3, type: 'string' },
  body: { number: 5, type: anyValue },
  attributes: { number: 6, type: keyValue, repeated: true },
  flags: { number: 8, type: 'fixed32' },
  traceId: { number: 9, type: 'hex' },
  spanId: { number: 10, type: 'hex' },
  observedTimeUnixNano: { number: 11, type: 'fixed64' },
  eventName: { number: 12, type: 'string' },
}

const span: Message = {
  traceId: { number: 1, type: 'hex' },
  spanId: { number: 2, type: 'hex' },
  traceState: { number: 3, type: 'string' },
  parentSpanId: { number: 4, type: 'hex' },
  name: { number: 5, type: 'string' },
  kind: { number: 6, type: 'uint32' },
  startTimeUnixNano: { number: 7, type: 'fixed64' },
  endTimeUnixNano: { number: 8, type: 'fixed64' },
  attributes: { number: 9, type: keyValue, repeated: true },
  status: { number: 15, type: { message: { number: 2, type: 'string' }, code: { number: 3, type: 'uint32' } } },
}

const under = (name: string, items: string, item: Message): Message => ({
  [name]: {
    number: 1,
    repeated: true,
    type: {
      resource: { number: 1, type: resource },
      [items]: {
        number: 2,
        repeated: true,
        type: {
          scope: { number: 1, type: scope },
          [ofScope[items] ?? items]: { number: 2, repeated: true, type: item },
        },
      },
    },
  },
})
const ofScope: Record<string, string> = { scopeLogs: 'logRecords', scopeSpans: 'spans' }

export const exportLogsRequest = under('resourceLogs', 'scopeLogs', logRecord)
export const exportTraceRequest = under('resourceSpans', 'scopeSpans', span)
