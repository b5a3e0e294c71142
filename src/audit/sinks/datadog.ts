import { severityOf, summary } from './flatten.ts'
import { post } from './post.ts'
import type { SinkRecord } from './record.ts'
import type { DatadogSettings } from './settings.ts'
import { shaped } from './shape.ts'
import type { Sink } from './sink.ts'
import { accepted } from './sink.ts'

/** Datadog logs intake (docs.datadoghq.com/api/latest/logs): 202 means taken; at most 1,000 logs and 5 MB in a request. */
export const datadog: Sink<DatadogSettings> = {
  limits: { records: 1_000, bytes: 3_500_000 },
  async deliver(batch, settings, tools) {
    const answer = await post(
      {
        url: `${settings.url?.replace(/\/+$/, '') ?? `https://http-intake.logs.${settings.site}`}/api/v2/logs`,
        headers: { 'dd-api-key': tools.secret, 'content-type': 'application/json' },
        body: JSON.stringify(batch.records.map((record) => logOf(record, settings, tools.now()))),
        gzip: true,
      },
      tools,
    )
    return answer.ok ? accepted({ status: answer.status, text: answer.text.slice(0, 2_000) }) : answer.delivery
  },
}

/** Logs older than that are dropped by their time. After a long outage they come without one; `behalf.at` has it. */
const oldestMs = 17 * 3_600_000

const status = { info: 'info', warning: 'warn', error: 'error' } as const

function logOf(record: SinkRecord, { service, tags, format }: DatadogSettings, now: number) {
  return {
    ...shaped(record, format),
    ddsource: 'behalf',
    ddtags: tags.join(','),
    service,
    message: summary(record),
    status: status[severityOf(record)],
    ...(now - record.event.at < oldestMs ? { timestamp: record.event.at } : {}),
  }
}
