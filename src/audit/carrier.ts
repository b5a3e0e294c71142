import { systemClock } from '../core/clock.ts'
import { logFault } from '../core/log.ts'
import { rowBytes } from './archive/retention.ts'
import { checkpointDueAt, publishCheckpoints } from './checkpointer.ts'
import { indexEntries, lengthOf, withinBytes } from './event-index.ts'
import type { LedgerStorage } from './ledger-storage.ts'
import { meter } from './metrics/meter.ts'

type Host = {
  storage: LedgerStorage
  env: { DB: D1Database; ARCHIVE?: R2Bucket; METRICS?: AnalyticsEngineDataset }
  ledger: string
  /** Signs the tree as it is. Null: it cannot be signed. */
  sign: () => Promise<string | null>
  /** D1 has more than it had. */
  onIndexed: () => void
  onSigned: (now: number) => void
}

/** D1 gets few at a time, so that a search does not wait for a long write; many when it was away. */
const indexBatch = { usual: 50, catchingUp: 500 }
/** The latest entries stay in the Ledger after they are in D1, for live views and for sinks. */
const keptEntries = 5_000

/** Background work of a Ledger: its entries to D1 and into the counters, its signed heads to where it cannot change them. */
export class Carrier {
  readonly #host: Host

  constructor(host: Host) {
    this.#host = host
  }

  /** One batch to D1. When to come back (epoch ms); null: it has all. */
  async index(): Promise<number | null> {
    const { storage, env, ledger, onIndexed } = this.#host
    const project = storage.project
    const from = storage.indexedUpTo
    const isBehind = storage.size - from > 1_000
    this.meter()
    const limit = isBehind ? indexBatch.catchingUp : indexBatch.usual
    const entries = withinBytes(storage.entries(from, limit))
    const last = entries.at(-1)
    if (project === null || last === undefined) return null
    storage.d1Bytes = await indexEntries(env.DB, { project, ledger }, entries)
    storage.indexedUpTo = last.sequence + 1
    storage.searchableBytes += entries.reduce((sum, entry) => sum + lengthOf(entry) + rowBytes, 0)
    storage.dropEntriesBefore(Math.min(last.sequence + 1 - keptEntries, storage.meteredUpTo))
    onIndexed()
    return last.sequence + 1 < storage.size ? systemClock() : null
  }

  /** Signs when it is due, and copies what is new. When to come back, as above. */
  async checkpoint(now: number): Promise<number | null> {
    const { storage, env, ledger, sign, onSigned } = this.#host
    const due = checkpointDueAt(storage, now)
    if (due !== null && due <= now && (await sign()) !== null) onSigned(now)
    const { project } = storage
    const places = { d1: env.DB, archive: env.ARCHIVE }
    const more = project !== null && (await publishCheckpoints(storage, { project, ledger }, places))
    return more ? now : checkpointDueAt(storage, now)
  }

  /** Counts what is new. A fault in counting must not keep the record from going on. */
  meter(): void {
    const { storage, env, ledger } = this.#host
    try {
      meter(storage, env.METRICS, systemClock())
    } catch (cause) {
      logFault('events could not be counted', cause, { ledger })
    }
  }
}
