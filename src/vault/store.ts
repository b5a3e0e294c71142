import type { Connection } from './connection.ts'

type Row = {
  id: string
  kind: string
  provider: string
  account: string
  label: string
  scopes: string
  status: string
  reason: string | null
  is_default: number
  generation: number
  access: string | null
  access_expires_at: number | null
  access_lifetime_ms: number | null
  token_at: number
  refresh: string | null
  refresh_expires_at: number | null
  details: string
  places: string | null
  attempt_at: number | null
  attempt_tries: number
  uncertain: number
  failures: number
  retry_at: number | null
  account_unchecked: number
  connected_at: number
  updated_at: number
  last_used_at: number | null
}

type Value = string | number | null

/** The connections of one vault, in its own SQLite: the only place that decides. */
export class ConnectionStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  get(id: string): Connection | null {
    return this.#select('WHERE id = ?', id)[0] ?? null
  }

  all(): Connection[] {
    return this.#select('ORDER BY provider, connected_at')
  }

  ofProvider(provider: string): Connection[] {
    return this.#select("WHERE provider = ? AND status != 'revoking' ORDER BY is_default DESC, connected_at", provider)
  }

  ofAccount(provider: string, account: string): Connection | null {
    return this.#select("WHERE provider = ? AND account = ? AND status != 'revoking'", provider, account)[0] ?? null
  }

  dirty(): Connection[] {
    return this.#select("WHERE is_dirty = 1 AND status != 'revoking'")
  }

  /** D1 and KV show this generation, unless something changed while they were written. */
  settled(connection: Connection): void {
    this.#sql.exec(
      'UPDATE connections SET is_dirty = 0 WHERE id = ? AND generation = ? AND updated_at = ?',
      connection.id,
      connection.generation,
      connection.updatedAt,
    )
  }

  insert(connection: Connection): void {
    const row = { ...toRow(connection), id: connection.id, is_dirty: 1 }
    const names = Object.keys(row)
    this.#sql.exec(
      `INSERT INTO connections (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(row),
    )
  }

  /** Writes what changed. Nothing happens when the connection is gone: answers whether it was there. */
  update(id: string, change: Partial<Connection>): boolean {
    const row = { ...toRow(change), is_dirty: 1 }
    const names = Object.keys(row)
    const sets = names.map((name) => `${name} = ?`).join(', ')
    return this.#sql.exec(`UPDATE connections SET ${sets} WHERE id = ?`, ...Object.values(row), id).rowsWritten > 0
  }

  /** Bookkeeping that no list shows at once. */
  touch(id: string, now: number): void {
    this.#sql.exec('UPDATE connections SET last_used_at = ? WHERE id = ?', now, id)
  }

  remove(id: string): void {
    this.#sql.exec('DELETE FROM connections WHERE id = ?', id)
  }

  makeDefault(provider: string, id: string): void {
    this.#sql.exec('UPDATE connections SET is_default = (id = ?), is_dirty = 1 WHERE provider = ?', id, provider)
  }

  /** Something of this vault outside it that has to go. */
  leave(kind: 'kv' | 'd1', key: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO leftovers VALUES (?, ?)', kind, key)
  }

  leftovers(): { kind: 'kv' | 'd1'; key: string }[] {
    return this.#sql.exec<{ kind: 'kv' | 'd1'; key: string }>('SELECT kind, key FROM leftovers').toArray()
  }

  leftoverDone(kind: string, key: string): void {
    this.#sql.exec('DELETE FROM leftovers WHERE kind = ? AND key = ?', kind, key)
  }

  #select(where: string, ...values: Value[]): Connection[] {
    return this.#sql
      .exec<Row>(`SELECT * FROM connections ${where}`, ...values)
      .toArray()
      .map(fromRow)
  }
}

function fromRow(row: Row): Connection {
  return {
    id: row.id,
    kind: row.kind as Connection['kind'],
    provider: row.provider,
    account: row.account,
    label: row.label,
    scopes: JSON.parse(row.scopes) as string[],
    status: row.status as Connection['status'],
    reason: row.reason,
    isDefault: row.is_default === 1,
    generation: row.generation,
    access: row.access,
    accessExpiresAt: row.access_expires_at,
    accessLifetimeMs: row.access_lifetime_ms,
    tokenAt: row.token_at,
    refresh: row.refresh,
    refreshExpiresAt: row.refresh_expires_at,
    details: JSON.parse(row.details) as Record<string, string>,
    places: row.places,
    attemptAt: row.attempt_at,
    attemptTries: row.attempt_tries,
    uncertain: row.uncertain === 1,
    failures: row.failures,
    retryAt: row.retry_at,
    accountUnchecked: row.account_unchecked === 1,
    connectedAt: row.connected_at,
    updatedAt: row.updated_at,
    lastUsedAt: row.last_used_at,
  }
}

function toRow(connection: Partial<Connection>): Record<string, Value> {
  const row: Record<string, Value> = {}
  for (const [name, value] of Object.entries(connection)) {
    if (name === 'id' || value === undefined) continue
    row[columnOf(name)] = typeof value === 'boolean' ? Number(value) : isPlain(value) ? value : JSON.stringify(value)
  }
  return row
}

const columnOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const isPlain = (value: unknown): value is Value => value === null || typeof value !== 'object'
