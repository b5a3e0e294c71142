/** How far a sink has got. Kept in the Ledger, beside the record it reads. */
export type SinkState = {
  id: string
  /** Every record before this sequence is settled: delivered, filtered out or a dead letter. */
  cursor: number
  /** The batch under way ends here, and with this head: after a crash the same batch is sent again. */
  up_to: number | null
  /** The largest signed head delivered. */
  head: number
  head_up_to: number | null
  /** Failures in a row. */
  failures: number
  next_at: number
  error: string | null
  delivered: number
  dead: number
  delivered_at: number | null
}

export type DeadLetter = {
  id: number
  sink: string
  from_sequence: number
  /** Inclusive. More than one when the receiver said how many it refused, not which. */
  up_to: number
  count: number
  reason: string
  at: number
}

export class SinkStates {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  read(id: string): SinkState | null {
    return this.#storage.sql.exec<SinkState>('SELECT * FROM sinks WHERE id = ?', id).toArray()[0] ?? null
  }

  ids(): string[] {
    return this.#storage.sql
      .exec<{ id: string }>('SELECT id FROM sinks')
      .toArray()
      .map((row) => row.id)
  }

  open(id: string, cursor: number, head: number): SinkState {
    this.#storage.sql.exec('INSERT OR IGNORE INTO sinks (id, cursor, head) VALUES (?, ?, ?)', id, cursor, head)
    const state = this.read(id)
    if (state === null) throw new Error('a sink that was just opened is gone')
    return state
  }

  /** Before a batch leaves: what it holds, so that after a crash the very same batch is sent again. */
  begin(id: string, upTo: number, headUpTo: number): void {
    this.#storage.sql.exec('UPDATE sinks SET up_to = ?, head_up_to = ? WHERE id = ?', upTo, headUpTo, id)
  }

  /** Everything before `cursor` is settled; the rest of the batch, if any, is still under way. */
  settle(id: string, to: { cursor: number; head: number; delivered: number; at: number; whole: boolean }): void {
    this.#storage.sql.exec(
      `UPDATE sinks SET cursor = ?1, head = max(head, ?2), delivered = delivered + ?3, failures = 0, next_at = 0, error = NULL,
         delivered_at = CASE WHEN ?3 > 0 THEN ?4 ELSE delivered_at END,
         up_to = CASE WHEN ?5 THEN NULL ELSE up_to END, head_up_to = CASE WHEN ?5 THEN NULL ELSE head_up_to END
       WHERE id = ?6`,
      to.cursor,
      to.head,
      to.delivered,
      to.at,
      to.whole ? 1 : 0,
      id,
    )
  }

  fail(id: string, error: string, nextAt: number): void {
    const sql = 'UPDATE sinks SET failures = failures + 1, next_at = ?, error = ? WHERE id = ?'
    this.#storage.sql.exec(sql, nextAt, error.slice(0, 500), id)
  }

  /** The settings changed: what was wrong may be right now. */
  hurry(id: string): void {
    this.#storage.sql.exec('UPDATE sinks SET next_at = 0, failures = 0 WHERE id = ?', id)
  }

  remove(id: string): void {
    this.#storage.sql.exec('DELETE FROM sinks WHERE id = ?', id)
    this.#storage.sql.exec('DELETE FROM dead_letters WHERE sink = ?', id)
  }

  bury(sink: string, from: number, upTo: number, count: number, reason: string, at: number): void {
    this.#storage.transactionSync(() => {
      const values =
        'INSERT INTO dead_letters (sink, from_sequence, up_to, count, reason, at) VALUES (?, ?, ?, ?, ?, ?)'
      this.#storage.sql.exec(values, sink, from, upTo, count, reason.slice(0, 500), at)
      this.#storage.sql.exec('UPDATE sinks SET dead = dead + ? WHERE id = ?', count, sink)
    })
  }

  deadLetters(sink: string, after = 0, limit = 100): DeadLetter[] {
    return this.#storage.sql
      .exec<DeadLetter>('SELECT * FROM dead_letters WHERE sink = ? AND id > ? ORDER BY id LIMIT ?', sink, after, limit)
      .toArray()
  }

  /** It was delivered after all. */
  revive(letter: DeadLetter): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec('DELETE FROM dead_letters WHERE id = ?', letter.id)
      const counts = 'UPDATE sinks SET dead = dead - ?1, delivered = delivered + ?1 WHERE id = ?2'
      this.#storage.sql.exec(counts, letter.count, letter.sink)
    })
  }
}
