import type { JsonObject } from '../../core/json.ts'
import { fromUtf8 } from '../../core/bytes.ts'
import { exportLogsRequest, exportTraceRequest } from './otlp-messages.ts'
import { logsRequest, traceRequest } from './otlp-model.ts'
import type { Answer } from './post.ts'
import { jsonObject, post, textOf } from './post.ts'
import type { Message } from './protobuf.ts'
import { decodeFields, encode } from './protobuf.ts'
import type { OtlpSettings } from './settings.ts'
import type { Batch, Delivery, Sink, SinkTools } from './sink.ts'

/**
 * OTLP/HTTP (opentelemetry.io/docs/specs/otlp). 429, 502, 503 and 504 are retried. Any other failure that is not about
 * the data stops the sink for five minutes: the specification forbids to retry it, and an audit record may not be dropped.
 */
export const otlp: Sink<OtlpSettings> = {
  limits: { records: 500, bytes: 4_000_000 },
  async deliver(batch, settings, tools) {
    const wantsLogs = settings.signals.includes('logs')
    const logs = wantsLogs ? await logsOnce(batch, settings, tools) : null
    if (logs && logs.kind !== 'accepted') return logs
    const trace = settings.signals.includes('traces') ? traceRequest(batch.records) : null
    const traces = trace && (await send('traces', trace, settings, tools))
    // Spans repeat what the logs hold: a collector without traces must not stop the record.
    const takesNone = logs !== null && [404, 405, 501].includes(traces?.answer?.status ?? 0)
    if (traces?.kind === 'later' && !takesNone) return traces
    tools.memory.delete('logs')
    return logs ?? traces ?? { kind: 'accepted', refused: [] }
  },
}

/** A batch comes again when its spans could not be taken: its logs are there already, and must not be there twice. */
async function logsOnce({ id, records }: Batch, settings: OtlpSettings, tools: SinkTools): Promise<Delivery> {
  const before = tools.memory.get('logs') as { id: string; delivery: Delivery } | undefined
  if (before?.id === id) return before.delivery
  const delivery = await send('logs', logsRequest(records), settings, tools)
  if (delivery.kind === 'accepted') tools.memory.set('logs', { id, delivery })
  return delivery
}

const messages: Record<'logs' | 'traces', Message> = { logs: exportLogsRequest, traces: exportTraceRequest }
const retried = ['429', '502', '503', '504']
const needsAttentionMs = 5 * 60_000

async function send(
  signal: 'logs' | 'traces',
  body: JsonObject,
  settings: OtlpSettings,
  tools: SinkTools,
): Promise<Delivery> {
  const protobuf = settings.encoding === 'protobuf'
  const answer = await post(
    {
      url: `${settings.url.replace(/\/+$/, '')}/v1/${signal}`,
      headers: {
        'content-type': protobuf ? 'application/x-protobuf' : 'application/json',
        ...settings.headers,
        ...(tools.secret === '' ? {} : { [settings.secretHeader]: tools.secret }),
      },
      body: protobuf ? encode(messages[signal], body) : JSON.stringify(body),
      gzip: true,
    },
    tools,
  )
  if (answer.ok) return partial(answer)
  const { delivery } = answer
  const status = delivery.answer?.status
  if (delivery.kind !== 'later' || status === undefined || retried.includes(`${status}`)) return delivery
  return { ...delivery, afterMs: Math.max(delivery.afterMs ?? 0, needsAttentionMs) }
}

/** 200 with `partial_success`: what was refused must not be sent again, and it is not said which it was. */
function partial(answer: Extract<Answer, { ok: true }>): Delivery {
  const seen = { status: answer.status, text: answer.text.slice(0, 2_000) }
  const isJson = (answer.headers.get('content-type') ?? '').includes('json')
  const { count, reason } = isJson ? partialJson(answer.text) : partialBinary(answer.bytes)
  const refused = count > 0 ? [{ index: null, count, reason }] : []
  return { kind: 'accepted', refused, answer: seen }
}

function partialJson(text: string): { count: number; reason: string } {
  const success = (jsonObject(text)?.['partialSuccess'] ?? {}) as Record<string, unknown>
  const count = Number(success['rejectedLogRecords'] ?? success['rejectedSpans'] ?? 0)
  return { count: Number.isFinite(count) ? count : 0, reason: textOf(success['errorMessage']) }
}

function partialBinary(bytes: Uint8Array): { count: number; reason: string } {
  const outer = decodeFields(bytes)?.get(1)
  const inner = outer instanceof Uint8Array ? decodeFields(outer) : null
  const count = inner?.get(1)
  const message = inner?.get(2)
  return {
    count: typeof count === 'bigint' ? Number(count) : 0,
    reason: message instanceof Uint8Array ? fromUtf8(message) : '',
  }
}
