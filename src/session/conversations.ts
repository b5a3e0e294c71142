import { conversationLifeMs } from '../core/call.ts'

export const conversationMigrations = [
  `CREATE TABLE ended_conversations (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE conversation_levels (id TEXT PRIMARY KEY, level TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;`,
]

/**
 * What has to be remembered of legacy protocol sessions: that their client ended one with DELETE, and from which level on it
 * wants to see the log. An id is sealed and dies with its age; until then an ended one has to stay ended. Few there are, so they
 * are kept in memory too: every call of a legacy client asks.
 */
export class Conversations {
  readonly #sql: SqlStorage
  readonly #ended: Set<string>
  readonly #levels: Map<string, string>

  constructor(sql: SqlStorage) {
    this.#sql = sql
    const ended = sql.exec<{ id: string }>('SELECT id FROM ended_conversations').toArray()
    const levels = sql.exec<{ id: string; level: string }>('SELECT id, level FROM conversation_levels').toArray()
    this.#ended = new Set(ended.map(({ id }) => id))
    this.#levels = new Map(levels.map(({ id, level }) => [id, level]))
  }

  end(id: string, now: number): void {
    this.#forget(now)
    this.#sql.exec('INSERT OR REPLACE INTO ended_conversations VALUES (?, ?)', id, now)
    this.#ended.add(id)
  }

  hasEnded(id: string): boolean {
    return this.#ended.has(id)
  }

  setLogLevel(id: string, level: string, now: number): void {
    this.#forget(now)
    this.#sql.exec('INSERT OR REPLACE INTO conversation_levels VALUES (?, ?, ?)', id, level, now)
    this.#levels.set(id, level)
  }

  logLevel(id: string | undefined): string | undefined {
    return id === undefined ? undefined : this.#levels.get(id)
  }

  #forget(now: number): void {
    this.#sql.exec('DELETE FROM ended_conversations WHERE at < ?', now - conversationLifeMs)
    this.#sql.exec('DELETE FROM conversation_levels WHERE at < ?', now - conversationLifeMs)
  }
}
