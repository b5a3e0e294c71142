import type { Head, SinkStatus, StorageStatus } from '../ledger-api.ts'
import type { Family } from './open-metrics.ts'
import type { MetricStore, Series } from './metric-store.ts'
import { quantile } from './metric-store.ts'

/** What is true now, beside the counters. */
export type Now = StorageStatus & {
  head: Head
  sinks: readonly SinkStatus[]
  lastCheckpointAt: number | null
  at: number
}

const quantiles = [0.5, 0.95, 0.99]

/** Every number there is: the table in docs/operations.md says what each means. */
export function families(store: MetricStore, now: Now): Family[] {
  const counted = store.all()
  const of = (name: string): Series[] => counted.filter((one) => one.name === name)
  const histogram = (name: string): Series[] => [...of(`${name}_bucket`), ...of(`${name}_sum`)]
  const recent = store.recent(now.at)
  const counter = (name: string, help: string): Family => ({ name, kind: 'counter', help, series: of(`${name}_total`) })
  return [
    counter('events', 'Events on record.'),
    counter('calls', 'Calls that ended, by what was decided and how they ended.'),
    counter('call_errors', 'Calls that were refused or failed, by the code of the reason.'),
    counter('refreshes', 'Refreshes of provider tokens, by how they ended.'),
    counter('metrics_dropped', 'Additions to series beyond the 5,000 that are kept.'),
    seconds('call_added_seconds', 'histogram', 'Time of a call that is not the service behind the tool.', [
      ...histogram('call_added_seconds'),
    ]),
    seconds('call_upstream_seconds', 'histogram', 'Time of the service behind the tool.', [
      ...histogram('call_upstream_seconds'),
    ]),
    seconds('call_credential_seconds', 'histogram', 'Wait for a credential.', [
      ...histogram('call_credential_seconds'),
    ]),
    seconds(
      'recent_added_seconds',
      'gauge',
      'Added latency of the last hour: upper bound of the bucket that the quantile falls into.',
      quantiles.flatMap((share) => {
        const ms = quantile(recent, share)
        return ms === null ? [] : [{ name: 'recent_added_seconds', labels: { quantile: `${share}` }, value: ms / 1000 }]
      }),
    ),
    ...ledgerGauges(now),
    ...sinkGauges(now),
  ]
}

function ledgerGauges(now: Now): Family[] {
  const { head, at } = now
  const age = (since: number | null): number => (since === null ? 0 : Math.max(0, at - since) / 1000)
  return [
    gauge('ledger_records', 'Records in the ledger.', head.size),
    gauge('ledger_unindexed', 'Records that are not in D1 yet.', head.size - head.indexedUpTo),
    seconds('ledger_unindexed_seconds', 'gauge', 'Age of the oldest of them.', [
      { name: 'ledger_unindexed_seconds', labels: {}, value: age(head.oldestUnindexedAt) },
    ]),
    seconds('ledger_checkpoint_age_seconds', 'gauge', 'Time since the last signed head.', [
      { name: 'ledger_checkpoint_age_seconds', labels: {}, value: age(now.lastCheckpointAt) },
    ]),
    gauge('ledger_bytes', 'Size of the ledger object.', now.ledgerBytes, 'bytes'),
    gauge('record_searchable_bytes', 'About what the record takes in D1.', now.searchableBytes, 'bytes'),
    ...(now.d1Bytes === null ? [] : [gauge('database_bytes', 'Size of the whole D1 database.', now.d1Bytes, 'bytes')]),
    gauge('record_archived', 'Records that are in the archive and no longer in D1.', now.archivedUpTo),
    gauge('record_archive_failures', 'Failures of the archive in a row.', now.failures),
    gauge('record_alarms', 'What somebody has to look at: GET /retention names it.', now.alarms.length),
  ]
}

function sinkGauges({ sinks, at }: Now): Family[] {
  const each = (name: string, value: (sink: SinkStatus) => number): Series[] =>
    sinks.map((sink) => ({ name, labels: { sink: sink.id }, value: value(sink) }))
  const plain = (name: string, help: string, value: (sink: SinkStatus) => number): Family => ({
    name,
    kind: 'gauge',
    help,
    series: each(name, value),
  })
  const lag = ({ waitingSince }: SinkStatus): number =>
    waitingSince === null ? 0 : Math.max(0, at - waitingSince) / 1000
  return [
    plain('sink_waiting', 'Records that have not gone out yet.', (sink) => sink.waiting),
    seconds('sink_lag_seconds', 'gauge', 'Age of the oldest of them.', each('sink_lag_seconds', lag)),
    plain('sink_failures', 'Failures in a row.', (sink) => sink.failures),
    plain('sink_dead_letters', 'Records the receiver refused for good.', (sink) => sink.deadLetters),
    {
      name: 'sink_delivered',
      kind: 'counter',
      help: 'Records that arrived.',
      series: each('sink_delivered_total', (sink) => sink.delivered),
    },
  ]
}

const seconds = (name: string, kind: Family['kind'], help: string, series: Series[]): Family => ({
  name,
  kind,
  unit: 'seconds',
  help,
  series,
})

const gauge = (name: string, help: string, value: number, unit?: string): Family => ({
  name,
  kind: 'gauge',
  ...(unit === undefined ? {} : { unit }),
  help,
  series: [{ name, labels: {}, value }],
})
