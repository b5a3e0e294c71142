import type { Json } from '../../core/json.ts'
import type { Leaf } from '../leaf.ts'

/**
 * What a run of the record adds to the counters. Counted by the Ledger from the events it takes anyway, so that a call pays
 * nothing for it, every isolate is in it, and a crash neither loses nor doubles a number (docs/decisions/019).
 */
export type Tally = {
  /** Series to add to; `seriesKey` names one. */
  counts: Map<string, number>
  /** Added latency: upper bound of its bucket in ms (Infinity for the last) to calls, by minute since the epoch. */
  recent: Map<string, number>
  /** For Analytics Engine, one for all calls that look the same. */
  points: Map<string, Point>
}

export type Labels = Readonly<Record<string, string>>
export type Point = { blobs: string[]; calls: number; addedMs: number; upstreamMs: number }

/** Upper bounds in ms. The clock of a Worker stands still while it computes, so nothing below 1 ms can be told apart. */
export const bucketsMs = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const

export const seriesKey = (name: string, labels: Labels): string => JSON.stringify([name, labels])
export const readSeries = (key: string): [name: string, labels: Labels] => JSON.parse(key) as [string, Labels]

export const emptyTally = (): Tally => ({ counts: new Map(), recent: new Map(), points: new Map() })

const intent = '"type":"tool.intent"'

/** `leaf` as the Ledger keeps it. An intent is counted without being read: its outcome says the rest. */
export function addToTally(tally: Tally, leaf: string): void {
  if (leaf.includes(intent)) return count(tally, 'events_total', { type: 'tool.intent' })
  const { event } = JSON.parse(leaf) as Leaf
  count(tally, 'events_total', { type: event.type })
  if (event.type === 'tool.outcome' || event.type === 'tool.refused') return addCall(tally, event)
  if (event.type === 'vault.refreshed' || event.type === 'vault.refresh_failed') {
    const result = event.type === 'vault.refreshed' ? 'ok' : text(event.attributes['kind'])
    count(tally, 'refreshes_total', { provider: text(event.attributes['provider']), result })
  }
}

function addCall(tally: Tally, event: Leaf['event']): void {
  const { attributes, at } = event
  const gateway = text(event.gateway)
  // The name of a tool that does not exist is whatever somebody sent: it must not make a series.
  const tool = attributes['behalf.tool.definition.sha256'] === undefined ? 'unknown' : text(event.tool)
  const decision = text(event.decision)
  const outcome = text(event.outcome)
  const error = text(attributes['error.type'])
  count(tally, 'calls_total', { gateway, tool, decision, outcome })
  if (error !== '') count(tally, 'call_errors_total', { gateway, error })
  const credential = attributes['behalf.credential_ms']
  if (typeof credential === 'number') observe(tally, 'call_credential_seconds', gateway, credential)

  const upstreamMs = number(attributes['behalf.upstream_ms'])
  const addedMs = Math.max(0, number(attributes['behalf.duration_ms']) - upstreamMs)
  if (event.type === 'tool.outcome' && outcome !== 'unknown') {
    observe(tally, 'call_upstream_seconds', gateway, upstreamMs)
    observe(tally, 'call_added_seconds', gateway, addedMs)
    add(tally.recent, `${Math.floor(at / 60_000)}/${bucketOf(addedMs)}`, 1)
  }
  addPoint(tally, [event.type, event.project, gateway, tool, decision, outcome, error], addedMs, upstreamMs)
}

function observe(tally: Tally, name: string, gateway: string, ms: number): void {
  count(tally, `${name}_bucket`, { gateway, le: `${bucketOf(ms) / 1000}` })
  count(tally, `${name}_sum`, { gateway }, ms / 1000)
}

/** Calls whose times fall into the same buckets are one point with a weight. */
function addPoint(tally: Tally, blobs: string[], addedMs: number, upstreamMs: number): void {
  const key = JSON.stringify([blobs, bucketOf(addedMs), bucketOf(upstreamMs)])
  const known = tally.points.get(key)
  if (known) {
    known.calls++
    known.addedMs += addedMs
    known.upstreamMs += upstreamMs
  } else tally.points.set(key, { blobs, calls: 1, addedMs, upstreamMs })
}

export const bucketOf = (ms: number): number => bucketsMs.find((bound) => ms <= bound) ?? Number.POSITIVE_INFINITY

function count(tally: Tally, name: string, labels: Labels, by = 1): void {
  add(tally.counts, seriesKey(name, labels), by)
}

const add = (map: Map<string, number>, key: string, by: number): void => void map.set(key, (map.get(key) ?? 0) + by)
const number = (value: Json | undefined): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
const text = (value: Json | undefined): string => (typeof value === 'string' ? value.slice(0, 128) : '')
