/** A token set that came from the provider and that the person has not said yes to. Sealed, and for minutes only. */
export type Held = { id: string; ticket: string; provider: string; sealed: string; until: number; tries: number }

type Row = Omit<Held, 'until'> & { until_at: number }

export class HeldStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add({ id, ticket, provider, sealed, until }: Omit<Held, 'tries'>): void {
    this.#sql.exec(
      'INSERT INTO held (id, ticket, provider, sealed, until_at) VALUES (?, ?, ?, ?, ?)',
      id,
      ticket,
      provider,
      sealed,
      until,
    )
  }

  /**
   * For the one answer that counts: a second one does not find it. It stays on disk until it is saved or given back, and
   * `until` says when that is seen to if this life of the object does not.
   */
  take(id: string, now: number, until: number): Held | null {
    const [row] = this.#sql
      .exec<Row>(
        'UPDATE held SET is_taken = 1, until_at = ? WHERE id = ? AND is_taken = 0 AND until_at > ? RETURNING *',
        until,
        id,
        now,
      )
      .toArray()
    return row ? toHeld(row) : null
  }

  due(now: number): Held[] {
    return this.#sql.exec<Row>('SELECT * FROM held WHERE until_at <= ?', now).toArray().map(toHeld)
  }

  /** Nobody says yes to any of these any more: they are due now. */
  expireAll(now: number): void {
    this.#sql.exec('UPDATE held SET is_taken = 1, until_at = ?', now)
  }

  retry(id: string, until: number): void {
    this.#sql.exec('UPDATE held SET is_taken = 1, tries = tries + 1, until_at = ? WHERE id = ?', until, id)
  }

  next(): number | null {
    const [row] = this.#sql.exec<{ at: number | null }>('SELECT min(until_at) AS at FROM held').toArray()
    return row?.at ?? null
  }

  remove(id: string): void {
    this.#sql.exec('DELETE FROM held WHERE id = ?', id)
  }

  clear(): void {
    this.#sql.exec('DELETE FROM held')
  }
}

const toHeld = ({ id, ticket, provider, sealed, until_at: until, tries }: Row): Held => {
  return { id, ticket, provider, sealed, until, tries }
}
