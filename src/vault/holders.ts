const spareMs = 5 * 60_000

/** Which sessions have a lease in memory, so that it can be called back. Durable: an eviction must not forget one. */
export class HolderStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Before the lease leaves. What is written reaches further than the lease, so that the next one of this session needs no
   * write, which the answer would have to wait for. To be called back although nothing is held any more does no harm.
   */
  hold(connection: string, session: string, until: number): void {
    const [row] = this.#sql
      .exec<{ until: number }>(
        'SELECT until FROM holders WHERE connection = ? AND session = ? AND is_recalled = 0',
        connection,
        session,
      )
      .toArray()
    if (row && row.until >= until) return
    this.#sql.exec(
      'INSERT INTO holders VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET until = excluded.until, is_recalled = 0',
      connection,
      session,
      until + spareMs,
    )
  }

  /** From now on these leases are wanted back, until `returned` says so or they have run out. */
  recall(connection: string): void {
    this.#sql.exec('UPDATE holders SET is_recalled = 1 WHERE connection = ?', connection)
  }

  /** Sessions to tell, with their connections. Forgets leases that have run out. */
  wanted(now: number): Map<string, string[]> {
    this.#sql.exec('DELETE FROM holders WHERE until <= ?', now)
    const rows = this.#sql
      .exec<{ session: string; connection: string }>('SELECT session, connection FROM holders WHERE is_recalled = 1')
      .toArray()
    const wanted = new Map<string, string[]>()
    for (const { session, connection } of rows) wanted.set(session, [...(wanted.get(session) ?? []), connection])
    return wanted
  }

  returned(session: string, connections: readonly string[]): void {
    for (const connection of connections) {
      this.#sql.exec(
        'DELETE FROM holders WHERE session = ? AND connection = ? AND is_recalled = 1',
        session,
        connection,
      )
    }
  }

  sessions(): string[] {
    return this.#sql
      .exec<{ session: string }>('SELECT DISTINCT session FROM holders')
      .toArray()
      .map((row) => row.session)
  }
}
