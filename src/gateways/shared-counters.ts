import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Charge, Counter } from '../policy/policy.ts'
import { giveBack, takeCharges } from '../policy/policy.ts'

export const counterMigrations = [
  `CREATE TABLE counters (key TEXT PRIMARY KEY, spent REAL NOT NULL, resets_at INTEGER) WITHOUT ROWID;
   CREATE INDEX counters_resets ON counters (resets_at) WHERE resets_at IS NOT NULL;`,
]

/**
 * Budgets that count across the sessions of a gateway. Nothing is awaited between reading and writing, so of fifty calls at
 * once a limit of three lets three through.
 */
export class SharedCounters {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  charge(charges: readonly Charge[], now: number): Result<null> {
    this.#sql.exec('DELETE FROM counters WHERE resets_at <= ?', now)
    const taken = takeCharges((key) => this.#read(key), charges, now)
    if (taken.ok) {
      this.#write(taken.counters)
      return ok(null)
    }
    const { rule, key, max, resetsAt } = taken.reached
    return refuse('policy/limit_reached', {
      ...(resetsAt === null ? {} : { retryAfterMs: Math.max(0, resetsAt - now) }),
      evidence: { rule, key, max },
    })
  }

  refund(charges: readonly Charge[], now: number): void {
    this.#write(giveBack((key) => this.#read(key), charges, now))
  }

  #read(key: string): Counter | undefined {
    const [row] = this.#sql.exec<{ spent: number; resets_at: number | null }>(
      'SELECT spent, resets_at FROM counters WHERE key = ?',
      key,
    )
    return row && { spent: row.spent, resetsAt: row.resets_at }
  }

  #write(counters: Readonly<Record<string, Counter>>): void {
    for (const [key, { spent, resetsAt }] of Object.entries(counters)) {
      this.#sql.exec('INSERT OR REPLACE INTO counters VALUES (?, ?, ?)', key, spent, resetsAt)
    }
  }
}
