export const conversationMigrations = [
  'CREATE TABLE ended_conversations (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;',
]

/** A conversation id is signed and dies with its age; what was ended earlier has to be remembered only so long. */
const rememberedMs = 24 * 3_600_000

/** Legacy protocol sessions that their client ended with DELETE. */
export class Conversations {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  end(id: string, now: number): void {
    this.#sql.exec('DELETE FROM ended_conversations WHERE at < ?', now - rememberedMs)
    this.#sql.exec('INSERT OR REPLACE INTO ended_conversations VALUES (?, ?)', id, now)
  }

  hasEnded(id: string): boolean {
    return this.#sql.exec('SELECT 1 FROM ended_conversations WHERE id = ?', id).toArray().length > 0
  }
}
