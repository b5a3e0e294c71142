import type { OAuthStorage, PutOptions } from '../authorization-server.ts'

type Record = { value: string; expiresAt: number | null }

/**
 * The library's storage inside a Grant object: `grant:` and `token:` in the object's SQLite, everything else (clients) in KV.
 * Writes wait in memory until `commit`, so that an interrupted redemption changes nothing.
 */
export type Records = OAuthStorage & {
  readGrant(): StoredGrant | null
  /** Call inside `transactionSync`. */
  commit(): void
}

/** The part of the library's grant record that we read. Its `metadata` is ours. */
export type StoredGrant = {
  id: string
  clientId: string
  resource: string
  redirectUri?: string
  metadata: unknown
  refreshTokenId?: string
  expiresAt?: number
}

export function openRecords(sql: SqlStorage, shared: OAuthStorage, now: number): Records {
  const pending = new Map<string, Record | null>()

  const live = (key: string): string | null => {
    const waiting = pending.get(key)
    if (waiting !== undefined) return waiting?.value ?? null
    const query = 'SELECT value FROM records WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)'
    return sql.exec<{ value: string }>(query, key, now).toArray()[0]?.value ?? null
  }

  const keysWith = (prefix: string): string[] => {
    const stored = sql.exec<{ key: string }>('SELECT key FROM records').toArray()
    const all = new Set([...stored.map((row) => row.key), ...pending.keys()])
    return [...all].filter((key) => key.startsWith(prefix) && live(key) !== null).toSorted()
  }

  return {
    async get(key, options) {
      if (!isOurs(key)) return shared.get(key, options)
      const value = live(key)
      return value === null || options?.type !== 'json' ? value : withoutPrevious(JSON.parse(value) as StoredGrant)
    },
    async put(key, value, options = {}) {
      if (!isOurs(key)) return shared.put(key, value, options)
      pending.set(key, { value, expiresAt: expiry(options, now) })
    },
    async delete(key) {
      if (!isOurs(key)) return shared.delete(key)
      pending.set(key, null)
    },
    async list({ prefix }) {
      if (!isOurs(prefix)) throw new Error('a grant lists only its own records')
      return { keys: keysWith(prefix).map((name) => ({ name })), list_complete: true }
    },
    readGrant() {
      const value = keysWith('grant:').map(live)[0]
      return value ? (JSON.parse(value) as StoredGrant) : null
    },
    commit() {
      for (const [key, record] of pending) {
        if (record === null) sql.exec('DELETE FROM records WHERE key = ?', key)
        else sql.exec('INSERT OR REPLACE INTO records VALUES (?, ?, ?)', key, record.value, record.expiresAt)
      }
      sql.exec('DELETE FROM records WHERE expires_at <= ?', now)
      pending.clear()
    },
  }
}

const isOurs = (key: string): boolean => key.startsWith('grant:') || key.startsWith('token:')

/**
 * The library takes the previous refresh token for as long as the new one is unused, and rotates again for each use: three
 * at once leave two of three clients with a dead token. Here a repeated one is answered from the record of answers or not at all.
 */
function withoutPrevious(record: StoredGrant): StoredGrant {
  return { ...record, previousRefreshTokenId: undefined } as StoredGrant
}

function expiry({ expiration, expirationTtl }: PutOptions, now: number): number | null {
  if (expiration !== undefined) return expiration * 1000
  return expirationTtl === undefined ? null : now + expirationTtl * 1000
}
