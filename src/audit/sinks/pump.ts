import type { Clock } from '../../core/clock.ts'
import { passes, selected } from './filter.ts'
import type { SinkRecord } from './record.ts'
import type { SinkSettings } from './settings.ts'
import type { Batch, Delivery } from './sink.ts'
import type { SinkState, SinkStates } from './state.ts'

export type PumpPorts = {
  states: SinkStates
  settings: SinkSettings
  limits: { records: number; bytes: number; everyMs: number }
  /** Records from a sequence on, in order, heads not among them. Empty: there is nothing more now. */
  read(from: number, limit: number): Promise<SinkRecord[]>
  /** Signed heads with `after` < size <= `upTo`, oldest first. */
  heads(after: number, upTo: number): SinkRecord[]
  deliver(batch: Batch): Promise<Delivery>
  now: Clock
  /** 0.8 to 1.2: spreads retries, so that many sinks do not knock at once. */
  jitter(): number
}

const budgetMs = 20_000
const longestBackoffMs = 5 * 60_000
/** Refused one by one and nothing taken in between: then it is the receiver, not the data. */
const refusedInRow = 20

/**
 * Brings one sink up to date, in order, batch by batch. Returns when to come back (epoch ms), or null when it has all.
 * A batch is settled only by an answer; a crash before that sends the very same batch again, under the same id.
 */
export async function pump(state: SinkState, ports: PumpPorts): Promise<number | null> {
  const startedAt = ports.now()
  let now: SinkState | null = state
  while (now !== null && ports.now() - startedAt < budgetMs) {
    if (now.next_at > ports.now()) return now.next_at
    const next = await nextBatch(now, ports)
    if (next === null) return null
    if (next.waitUntil !== null) return next.waitUntil
    await send(now, next, ports)
    now = ports.states.read(state.id)
  }
  return now === null ? null : ports.now()
}

type NextBatch = { records: SinkRecord[]; upTo: number; headUpTo: number; waitUntil: number | null }

async function nextBatch(state: SinkState, ports: PumpPorts): Promise<NextBatch | null> {
  const { limits, settings } = ports
  const resumed = state.up_to !== null
  const wanted = resumed ? (state.up_to ?? 0) - state.cursor : limits.records
  const found = wanted > 0 ? await ports.read(state.cursor, wanted) : []
  let bytes = 0
  let upTo = state.cursor
  const records: SinkRecord[] = []
  for (const record of found) {
    if (record.sequence !== upTo) throw new Error(`the record has a hole at ${upTo}`)
    const passing = passes(record, settings.filter)
    if (passing && records.length > 0 && !resumed && bytes + record.length > limits.bytes) break
    if (passing) bytes += record.length
    if (passing) records.push(selected(record, settings))
    upTo++
  }
  const headUpTo = state.head_up_to ?? upTo
  const heads = ports.heads(state.head, headUpTo)
  const all = [...records, ...heads].toSorted((a, b) => a.sequence - b.sequence)
  if (upTo === state.cursor && all.length === 0 && !resumed) return null

  const full = resumed || found.length >= wanted || upTo < state.cursor + found.length
  const waitUntil = (state.delivered_at ?? 0) + limits.everyMs
  return { records: all, upTo, headUpTo, waitUntil: full || waitUntil <= ports.now() ? null : waitUntil }
}

async function send(state: SinkState, { records, upTo, headUpTo }: NextBatch, ports: PumpPorts): Promise<void> {
  const { states } = ports
  if (records.length > 0) states.begin(state.id, upTo, headUpTo)
  const progress = new Progress(state, ports)
  const stopped =
    records.length > 0 ? await progress.part(`${state.id}:${state.cursor}-${upTo}-${headUpTo}`, records) : null
  if (stopped === null) {
    const head = progress.headsIn(records)
    states.settle(state.id, { cursor: upTo, head, delivered: progress.takeDelivered(), at: ports.now(), whole: true })
    return
  }
  const backoff = Math.min(1000 * 2 ** Math.min(state.failures, 12), longestBackoffMs)
  states.fail(
    state.id,
    stopped.reason,
    Math.round(ports.now() + Math.max(stopped.afterMs ?? 0, backoff * ports.jitter())),
  )
}

type Stopped = { reason: string; afterMs?: number }

/** One batch on its way, in smaller and smaller parts when the receiver refuses it as a whole. */
class Progress {
  readonly #state: SinkState
  readonly #ports: PumpPorts
  #delivered = 0
  #refused = 0

  constructor(state: SinkState, ports: PumpPorts) {
    this.#state = state
    this.#ports = ports
  }

  takeDelivered(): number {
    const delivered = this.#delivered
    this.#delivered = 0
    return delivered
  }

  headsIn(records: readonly SinkRecord[]): number {
    return Math.max(0, ...records.filter((one) => one.event.type === 'audit.checkpoint').map((one) => one.sequence + 1))
  }

  /** Null when every record is settled; otherwise why it stopped, with what came before it settled. */
  async part(id: string, records: readonly SinkRecord[]): Promise<Stopped | null> {
    const delivery = await this.#ports.deliver({ id, records })
    if (delivery.kind === 'later') return delivery
    if (delivery.kind === 'accepted') {
      this.#accept(records, delivery.refused)
      return null
    }
    if (records.length > 1) {
      const middle = records.length >> 1
      const first = await this.part(`${id}.0`, records.slice(0, middle))
      if (first !== null) return first
      this.#settleBefore(records[middle], records.slice(0, middle))
      return this.part(`${id}.1`, records.slice(middle))
    }
    if (++this.#refused > refusedInRow)
      return { reason: `refuses everything: ${delivery.reason}`, afterMs: longestBackoffMs }
    this.#bury(records[0], records[0], 1, delivery.reason)
    return null
  }

  #accept(
    records: readonly SinkRecord[],
    refused: readonly { index: number | null; count: number; reason: string }[],
  ): void {
    for (const { index, count, reason } of refused) {
      if (index === null) this.#bury(records[0], records.at(-1), count, reason)
      else this.#bury(records[index], records[index], count, reason)
    }
    const lost = refused.reduce((sum, one) => sum + one.count, 0)
    this.#delivered += Math.max(0, records.length - lost)
    if (lost < records.length) this.#refused = 0
  }

  #bury(first: SinkRecord | undefined, last: SinkRecord | undefined, count: number, reason: string): void {
    if (first === undefined || last === undefined) return
    const { states, now } = this.#ports
    states.bury(this.#state.id, first.sequence, last.sequence, count, reason, now())
  }

  #settleBefore(next: SinkRecord | undefined, settled: readonly SinkRecord[]): void {
    // A head stands on the sequence of the last record it covers: what follows it is the next one.
    const before = next?.event.type === 'audit.checkpoint' ? next.sequence + 1 : (next?.sequence ?? this.#state.cursor)
    const cursor = Math.max(this.#state.cursor, before)
    const head = this.headsIn(settled)
    this.#ports.states.settle(this.#state.id, {
      cursor,
      head,
      delivered: this.takeDelivered(),
      at: this.#ports.now(),
      whole: false,
    })
  }
}
