import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../../src/audit/event.ts'
import type { Head, StorageStatus } from '../../../src/audit/ledger-api.ts'
import { leafText } from '../../../src/audit/leaf.ts'
import type { LedgerStorage } from '../../../src/audit/ledger-storage.ts'
import type { Now } from '../../../src/audit/metrics/families.ts'
import { families } from '../../../src/audit/metrics/families.ts'
import { meter } from '../../../src/audit/metrics/meter.ts'
import type { MetricStore } from '../../../src/audit/metrics/metric-store.ts'
import { quantile } from '../../../src/audit/metrics/metric-store.ts'
import { openMetrics } from '../../../src/audit/metrics/open-metrics.ts'
import { addToTally, emptyTally, readSeries } from '../../../src/audit/metrics/tally.ts'
import { eventTypes } from '../../../src/audit/read/event-query.ts'
import { errors } from '../../../src/core/errors.ts'
import { canonicalJson } from '../../../src/core/json.ts'

const leafOf = (event: Partial<AuditEvent>): string =>
  leafText(
    canonicalJson({ id: 'e', at: 60_000_000, project: 'p', attributes: {}, type: 'tool.outcome', ...event } as never),
    0,
    null,
  )
const tallied = (...events: Partial<AuditEvent>[]) => {
  const tally = emptyTally()
  for (const event of events) addToTally(tally, leafOf(event))
  return tally
}
const counts = (...events: Partial<AuditEvent>[]) =>
  [...tallied(...events).counts].map(([key, value]) => [...readSeries(key), value])
const ended = {
  gateway: 'sales',
  tool: 'T_x',
  decision: 'permit',
  outcome: 'done',
  attributes: { 'behalf.tool.definition.sha256': 'h', 'behalf.duration_ms': 14, 'behalf.upstream_ms': 10 },
} as const

describe('what is counted of an event', () => {
  it('is how a call ended and how long it took beside its service', () => {
    expect(counts(ended)).toEqual([
      ['events_total', { type: 'tool.outcome' }, 1],
      ['calls_total', { gateway: 'sales', tool: 'T_x', decision: 'permit', outcome: 'done' }, 1],
      ['call_upstream_seconds_bucket', { gateway: 'sales', le: '0.01' }, 1],
      ['call_upstream_seconds_sum', { gateway: 'sales' }, 0.01],
      ['call_added_seconds_bucket', { gateway: 'sales', le: '0.005' }, 1],
      ['call_added_seconds_sum', { gateway: 'sales' }, 0.004],
    ])
  })

  it('is no name that somebody made up', () => {
    const refused = { ...ended, type: 'tool.refused', outcome: 'refused', tool: 'made-up-1' } as const
    const found = counts({ ...refused, attributes: { 'error.type': 'runtime/unknown_tool' } })
    expect(JSON.stringify(found)).not.toContain('made-up')
    expect(found).toContainEqual(['call_errors_total', { gateway: 'sales', error: 'runtime/unknown_tool' }, 1])
  })

  it('is no time of a call whose end nobody saw', () => {
    const names = counts({ ...ended, outcome: 'unknown' }).map(([name]) => name)
    expect(names).toEqual(['events_total', 'calls_total'])
  })

  it('is every refresh, by provider and result', () => {
    const attributes = { provider: 'github', kind: 'refused' }
    expect(counts({ type: 'vault.refreshed', attributes }, { type: 'vault.refresh_failed', attributes })).toEqual([
      ['events_total', { type: 'vault.refreshed' }, 1],
      ['refreshes_total', { provider: 'github', result: 'ok' }, 1],
      ['events_total', { type: 'vault.refresh_failed' }, 1],
      ['refreshes_total', { provider: 'github', result: 'refused' }, 1],
    ])
  })

  it('is one point with a weight for calls that look the same', () => {
    const points = [...tallied(ended, ended, { ...ended, outcome: 'failed' }).points.values()]
    expect(points).toEqual([
      { blobs: ['tool.outcome', 'p', 'sales', 'T_x', 'permit', 'done', ''], calls: 2, addedMs: 8, upstreamMs: 20 },
      { blobs: ['tool.outcome', 'p', 'sales', 'T_x', 'permit', 'failed', ''], calls: 1, addedMs: 4, upstreamMs: 10 },
    ])
  })
})

describe('a quantile', () => {
  const buckets = [
    { bucket: 1, calls: 90 },
    { bucket: 5, calls: 8 },
    { bucket: Number.POSITIVE_INFINITY, calls: 2 },
  ]
  it.each([
    [0.5, 1],
    [0.9, 1],
    [0.95, 5],
    [0.98, 5],
    [0.99, 30_000],
  ])('%d lies in the bucket that ends at %d ms', (share, ms) => expect(quantile(buckets, share)).toBe(ms))

  it('of nothing is nothing', () => expect(quantile([], 0.5)).toBeNull())
})

describe('OpenMetrics text', () => {
  // The grammar of OpenMetrics 1.0 (its ABNF), as far as we use it.
  const label = String.raw`[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"`
  const sampleLine = new RegExp(`^behalf_[a-z_]+(?:\\{${label}(?:,${label})*\\})? (?:\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?)$`)
  const metaLine =
    /^# (?:TYPE behalf_[a-z_]+ (?:counter|gauge|histogram)|UNIT behalf_[a-z_]+ [a-z]+|HELP behalf_[a-z_]+ .+)$/

  it('is what the specification says, whatever a label holds', () => {
    const value = 'a"b\\c\nd\u001b'
    const text = openMetrics([
      { name: 'x', kind: 'counter', help: 'A\nB', series: [{ name: 'x_total', labels: { value }, value: 3 }] },
      { name: 'empty', kind: 'gauge', help: 'none', series: [] },
    ])
    expect(text).toBe(
      '# TYPE behalf_x counter\n# HELP behalf_x A\\nB\nbehalf_x_total{value="a\\"b\\\\c\\nd\u001b"} 3\n# EOF\n',
    )
  })

  it('holds a histogram whose buckets run up to its count', () => {
    const bucket = (le: string, value: number) => ({ name: 'x_seconds_bucket', labels: { gateway: 'g', le }, value })
    const text = openMetrics([
      {
        name: 'x_seconds',
        kind: 'histogram',
        unit: 'seconds',
        help: 'X.',
        series: [
          bucket('0.005', 2),
          bucket('Infinity', 1),
          { name: 'x_seconds_sum', labels: { gateway: 'g' }, value: 31.5 },
        ],
      },
    ])
    const lines = text.trimEnd().split('\n')
    expect(lines.at(-1)).toBe('# EOF')
    for (const line of lines.slice(0, -1)) expect(line).toMatch(line.startsWith('#') ? metaLine : sampleLine)
    const values = lines.filter((line) => line.includes('_bucket')).map((line) => Number(line.split(' ')[1]))
    expect(values).toEqual(values.toSorted((a, b) => a - b))
    expect(lines).toContain('behalf_x_seconds_bucket{gateway="g",le="0.002"} 0')
    expect(lines).toContain('behalf_x_seconds_bucket{gateway="g",le="1.0"} 2')
    expect(lines).toContain('behalf_x_seconds_bucket{gateway="g",le="+Inf"} 3')
    expect(lines).toContain('behalf_x_seconds_count{gateway="g"} 3')
    expect(lines).toContain('behalf_x_seconds_sum{gateway="g"} 31.5')
  })
})

describe('docs/operations.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
  const table = page.slice(page.indexOf('## Every number'), page.indexOf('## Alarms of the record'))
  const sinks = [{ id: 's', waitingSince: null }] as unknown as Now['sinks']
  const head = { size: 1, indexedUpTo: 1, oldestUnindexedAt: null } as Head
  const counted = tallied(ended, {
    ...ended,
    outcome: 'failed',
    attributes: { 'error.type': 'x', 'behalf.credential_ms': 1 },
  })
  addToTally(counted, leafOf({ type: 'vault.refreshed', attributes: { provider: 'github' } }))
  const store = {
    all: () => [
      ...[...counted.counts].map(([key, value]) => ({ name: readSeries(key)[0], labels: readSeries(key)[1], value })),
      { name: 'metrics_dropped_total', labels: {}, value: 0 },
    ],
    recent: () => [{ calls: 1, bucket: 5 }],
  } as unknown as MetricStore
  const now = { head, sinks, lastCheckpointAt: 1, at: 2, d1Bytes: 1, alarms: [] } as unknown as Now
  /** Every name of a sample, as a scraper sees it. */
  const exposed = openMetrics(families(store, now))
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== '')
    .map((line) => line.replace(/[{ ].*/, '').replace(/_(?:bucket|count|sum)$/, ''))

  it('names every number there is, and none that is not', () => {
    const first = table.split('\n').flatMap((row) => (row.startsWith('| `behalf_') ? [row.split('|')[1] ?? ''] : []))
    const named = first.flatMap((cell) => [...cell.matchAll(/`(behalf_[a-z0-9_]+)/g)].map((match) => match[1] ?? ''))
    expect([...new Set(named)].toSorted()).toEqual([...new Set(exposed)].toSorted())
    for (const [name] of page.matchAll(/behalf_[a-z0-9_]+[a-z0-9]/g))
      expect(named.some((one) => one.startsWith(name))).toBe(true)
  })

  it('says what each alarm means', () => {
    const alarms: Record<StorageStatus['alarms'][number], true> = {
      d1_nearly_full: true,
      ledger_nearly_full: true,
      archive_fails: true,
      no_archive: true,
    }
    for (const alarm of Object.keys(alarms)) expect(page).toContain(`| \`${alarm}\` |`)
  })

  it('names only codes of errors and types of events that exist', () => {
    for (const [, code] of page.matchAll(/`((?:policy|runtime|vault|identity|connect)\/[a-z_]+)`/g))
      expect(Object.keys(errors)).toContain(code)
    for (const [, type] of page.matchAll(/(?:`|--type )((?:vault|identity|connect|upstream|audit)\.[a-z_]+)/g))
      expect(eventTypes).toContain(type)
  })
})

describe('Analytics Engine', () => {
  it('gets one weighted point for calls that look the same, and no more than a Worker may write', () => {
    const leaves = [leafOf(ended), leafOf(ended), leafOf({ type: 'identity.signed_in' })]
    for (let n = 0; n < 400; n++) leaves.push(leafOf({ ...ended, gateway: `gateway-${n}` }))
    let upTo = 0
    const storage = {
      get meteredUpTo() {
        return upTo
      },
      entries: (from: number, limit: number) =>
        leaves.slice(from, from + limit).map((leaf, n) => ({ sequence: from + n, leaf, payload: null })),
      metered: (_: unknown, to: number) => void (upTo = to),
    } as unknown as LedgerStorage
    const points: AnalyticsEngineDataPoint[] = []
    const dataset = { writeDataPoint: (point: AnalyticsEngineDataPoint) => void points.push(point) }
    expect(meter(storage, dataset, 0)).toBe(403)
    expect(meter(storage, dataset, 0)).toBe(0)
    expect(points).toHaveLength(200)
    expect(points[0]).toEqual({
      indexes: ['p'],
      blobs: ['tool.outcome', 'p', 'sales', 'T_x', 'permit', 'done', ''],
      doubles: [2, 4, 10],
    })
  })
})
