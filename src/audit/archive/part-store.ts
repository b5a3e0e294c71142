/**
 * A run of the record that left D1. `stored`: it is in the archive and still in D1. `archived`: in the archive only.
 * `expired`: nowhere any more; its hashes stay in the tree, so that the rest is still provable.
 */
export type Part = {
  from_sequence: number
  /** One more than its last record: the size of the signed head it ends with. */
  up_to: number
  /** In the bucket; empty when it never was there. */
  key: string
  /** Compressed. */
  bytes: number
  /** When its last record was made. */
  last_at: number
  stored_at: number
  state: 'stored' | 'archived' | 'expired'
}

export class PartStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add(part: Part): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)',
      part.from_sequence,
      part.up_to,
      part.key,
      part.bytes,
      part.last_at,
      part.stored_at,
      part.state,
    )
  }

  /** Oldest first. */
  all(): Part[] {
    return this.#sql.exec<Part>('SELECT * FROM parts ORDER BY from_sequence').toArray()
  }

  inState(state: Part['state']): Part[] {
    return this.#sql.exec<Part>('SELECT * FROM parts WHERE state = ? ORDER BY from_sequence', state).toArray()
  }

  set(from: number, state: Part['state']): void {
    this.#sql.exec('UPDATE parts SET state = ? WHERE from_sequence = ?', state, from)
  }

  /** Everything before this sequence is in a part. */
  get end(): number {
    return this.#sql.exec<{ end: number | null }>('SELECT max(up_to) AS end FROM parts').one().end ?? 0
  }

  /** Everything before this sequence is nowhere any more. */
  get expiredUpTo(): number {
    const sql = "SELECT max(up_to) AS end FROM parts WHERE state = 'expired'"
    return this.#sql.exec<{ end: number | null }>(sql).one().end ?? 0
  }

  covering(sequence: number): Part | null {
    const sql = 'SELECT * FROM parts WHERE from_sequence <= ? ORDER BY from_sequence DESC LIMIT 1'
    const [part] = this.#sql.exec<Part>(sql, sequence).toArray()
    return part !== undefined && sequence < part.up_to ? part : null
  }
}
