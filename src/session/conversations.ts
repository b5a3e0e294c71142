import { conversationLifeMs } from '../core/call.ts'

export const conversationMigrations = [
  'CREATE TABLE ended_conversations (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;',
]

/**
 * Legacy protocol sessions that their client ended with DELETE. An id is sealed and dies with its age; until then it has to be
 * remembered that it was ended. Few are, so they are kept in memory too: every call of a legacy client asks.
 */
export class Conversations {
  readonly #sql: SqlStorage
  readonly #ended: Set<string>

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.#ended = new Set(
      sql
        .exec<{ id: string }>('SELECT id FROM ended_conversations')
        .toArray()
        .map(({ id }) => id),
    )
  }

  end(id: string, now: number): void {
    this.#sql.exec('DELETE FROM ended_conversations WHERE at < ?', now - conversationLifeMs)
    this.#sql.exec('INSERT OR REPLACE INTO ended_conversations VALUES (?, ?)', id, now)
    this.#ended.add(id)
  }

  hasEnded(id: string): boolean {
    return this.#ended.has(id)
  }
}
