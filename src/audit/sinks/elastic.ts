import { jsonObject, post } from './post.ts'
import type { ElasticSettings } from './settings.ts'
import { isoTime, shaped } from './shape.ts'
import type { Batch, Delivery, Sink } from './sink.ts'

/**
 * Elasticsearch `_bulk` with `create` and the event's id: sent twice, it is stored once (409 means it is there already).
 * Works for an index and for a data stream.
 */
export const elastic: Sink<ElasticSettings> = {
  limits: { records: 500, bytes: 4_000_000 },
  async deliver(batch, settings, tools) {
    const answer = await post(
      {
        url: `${settings.url.replace(/\/+$/, '')}/${settings.index}/_bulk`,
        headers: { authorization: `ApiKey ${tools.secret}`, 'content-type': 'application/x-ndjson' },
        body: bodyOf(batch, settings),
        gzip: true,
      },
      tools,
    )
    return answer.ok ? perItem(answer.status, answer.text) : answer.delivery
  },
}

const bodyOf = (batch: Batch, { format }: ElasticSettings): string =>
  batch.records
    .map((record) => {
      const document = { '@timestamp': isoTime(record.event.at), ...shaped(record, format) }
      return `${JSON.stringify({ create: { _id: record.event.id } })}\n${JSON.stringify(document)}\n`
    })
    .join('')

type Item = { status?: number; error?: { type?: string } }

function perItem(status: number, text: string): Delivery {
  const answer = { status, text: text.slice(0, 2_000) }
  const items = jsonObject(text)?.['items']
  if (!Array.isArray(items)) return { kind: 'later', reason: 'no_items', answer }
  const results = items.map((item) => (item as { create?: Item } | null)?.create ?? {})
  const busy = results.find((result) => result.status === 429 || (result.status ?? 500) >= 500)
  // Those that went in answer 409 next time.
  if (busy) return { kind: 'later', reason: `${busy.status ?? 'no status'}`, answer }
  const refused = results.flatMap((result, index) =>
    result.status === 201 || result.status === 200 || result.status === 409
      ? []
      : [{ index, count: 1, reason: `${result.status} ${result.error?.type ?? ''}`.trim() }],
  )
  return { kind: 'accepted', refused, answer }
}
