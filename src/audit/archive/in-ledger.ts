import { logFault } from '../../core/log.ts'
import type { EventRow } from '../event-row.ts'
import { eventRow } from '../event-row.ts'
import { exportPorts } from '../export-ledger.ts'
import type { LedgerApi, StorageStatus } from '../ledger-api.ts'
import type { LedgerStorage } from '../ledger-storage.ts'
import { archiveOnce } from './archive.ts'
import type { Retention } from './retention.ts'
import { readRetention } from './retention.ts'

type Host = {
  storage: LedgerStorage
  env: { DB: D1Database; ARCHIVE?: R2Bucket }
  ledger: LedgerApi
  name: string
  append: (project: string, events: EventRow[]) => Promise<unknown>
}

const everyMs = 3_600_000
/** D1 and the storage of an object end at 10 GB. */
const nearlyFull = 8_000_000_000
const alarmingFailures = 3

/** The archive as a task of the Ledger. */
export class LedgerArchive {
  readonly #host: Host
  #failures = 0
  #retention: Retention | null = null

  constructor(host: Host) {
    this.#host = host
  }

  get failures(): number {
    return this.#failures
  }

  /** Whether D1 has more than its share: then the archive need not wait for its hour. */
  get isOver(): boolean {
    const limit = this.#retention?.searchableMegabytes ?? Number.POSITIVE_INFINITY
    return this.#host.storage.searchableBytes > limit * 1_000_000
  }

  async run(now: number): Promise<number | null> {
    const { storage, env, ledger, name, append } = this.#host
    const { project } = storage
    if (project === null) return null
    try {
      this.#retention = await readRetention(env.DB, project)
      const more = await archiveOnce(
        {
          storage,
          d1: env.DB,
          bucket: env.ARCHIVE,
          project,
          ledger: name,
          export: exportPorts(env, ledger, project, name),
          retention: this.#retention,
          record: async (event) => void (await append(project, [eventRow(event)])),
        },
        now,
      )
      this.#failures = 0
      this.#sayAlarms()
      return more ? now : now + everyMs
    } catch (cause) {
      this.#failures++
      logFault('the archive failed', cause, { ledger: name, failures: this.#failures })
      return now + Math.min(60_000 * 2 ** this.#failures, everyMs)
    }
  }

  status(): StorageStatus {
    const { storage, env } = this.#host
    const { searchableBytes, d1Bytes, bytes: ledgerBytes, size: records } = storage
    const alarms: StorageStatus['alarms'] = []
    if ((d1Bytes ?? 0) > nearlyFull) alarms.push('d1_nearly_full')
    if (ledgerBytes > nearlyFull) alarms.push('ledger_nearly_full')
    if (this.#failures >= alarmingFailures) alarms.push('archive_fails')
    if (env.ARCHIVE === undefined && this.isOver) alarms.push('no_archive')
    const { end: archivedUpTo, expiredUpTo } = storage.parts
    return {
      records,
      archivedUpTo,
      expiredUpTo,
      searchableBytes,
      d1Bytes,
      ledgerBytes,
      failures: this.#failures,
      alarms,
    }
  }

  #sayAlarms(): void {
    const { alarms, ...facts } = this.status()
    if (alarms.length > 0)
      logFault('the record needs attention', new Error(alarms.join(', ')), { ...facts, ledger: this.#host.name })
  }
}
