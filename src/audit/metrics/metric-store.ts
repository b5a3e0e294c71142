import type { Labels, Tally } from './tally.ts'
import { bucketsMs, readSeries, seriesKey } from './tally.ts'

/** More cannot be made by anybody, however many gateways and tools there are. */
const maxSeries = 5_000
const recentMinutes = 60

export type Series = { name: string; labels: Labels; value: number }

/** The counters, in the Ledger's own SQLite: they live as long as the record does. */
export class MetricStore {
  readonly #storage: DurableObjectStorage
  #series: number | null = null

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** Part of the transaction that moves the cursor over the events that were counted. */
  add(tally: Tally, now: number): void {
    const { sql } = this.#storage
    for (const [series, by] of tally.counts) this.#add(series, by)
    for (const [key, calls] of tally.recent) {
      const [minute, bucket] = key.split('/').map(Number)
      const upsert =
        'INSERT INTO recent_latency VALUES (?1, ?2, ?3) ON CONFLICT (minute, bucket) DO UPDATE SET calls = calls + ?3'
      sql.exec(upsert, minute, Number.isFinite(bucket) ? bucket : -1, calls)
    }
    sql.exec('DELETE FROM recent_latency WHERE minute < ?', Math.floor(now / 60_000) - recentMinutes)
  }

  all(): Series[] {
    return this.#storage.sql
      .exec<{ series: string; value: number }>('SELECT series, value FROM metrics ORDER BY series')
      .toArray()
      .map(({ series, value }) => {
        const [name, labels] = readSeries(series)
        return { name, labels, value }
      })
  }

  /** Calls of the last hour by the upper bound of their added latency, in ms. */
  recent(now: number): { calls: number; bucket: number }[] {
    return this.#storage.sql
      .exec<{ calls: number; bucket: number }>(
        'SELECT bucket, sum(calls) AS calls FROM recent_latency WHERE minute >= ? GROUP BY bucket',
        Math.floor(now / 60_000) - recentMinutes,
      )
      .toArray()
      .map(({ calls, bucket }) => ({ calls, bucket: bucket < 0 ? Number.POSITIVE_INFINITY : bucket }))
      .toSorted((a, b) => a.bucket - b.bucket)
  }

  #add(series: string, by: number): void {
    const { sql } = this.#storage
    const known = sql.exec('UPDATE metrics SET value = value + ? WHERE series = ?', by, series).rowsWritten > 0
    if (known) return
    this.#series ??= sql.exec<{ n: number }>('SELECT count(*) AS n FROM metrics').one().n
    if (this.#series >= maxSeries) return this.#add(dropped, 1)
    sql.exec('INSERT INTO metrics VALUES (?, ?)', series, by)
    this.#series++
  }
}

/** Made with the table, so that there is always room for it. */
export const dropped = seriesKey('metrics_dropped_total', {})

/** The value below which that share of the calls lies, in ms: the upper bound of the bucket it falls into. */
export function quantile(buckets: readonly { calls: number; bucket: number }[], share: number): number | null {
  const all = buckets.reduce((sum, { calls }) => sum + calls, 0)
  if (all === 0) return null
  let seen = 0
  for (const { calls, bucket } of buckets) {
    seen += calls
    if (seen >= all * share) return Number.isFinite(bucket) ? bucket : (bucketsMs.at(-1) ?? 0)
  }
  return null
}
