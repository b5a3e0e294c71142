import { conversationLifeMs } from '../core/call.ts'

export const conversationMigrations = [
  `CREATE TABLE ended_conversations (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE conversation_levels (id TEXT PRIMARY KEY, level TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE conversation_watches (
     id TEXT NOT NULL, uri TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (id, uri)
   ) WITHOUT ROWID;`,
  `CREATE TABLE elicitations (id TEXT PRIMARY KEY, conversation TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;`,
]

/** Nobody waits longer to hear that a link has done its work. */
const elicitationLifeMs = 24 * 3_600_000

/** Resources that one conversation may watch at a time. */
const maxWatched = 100

/**
 * What has to be remembered of legacy protocol sessions: that their client ended one with DELETE, from which level on it wants
 * to see the log, and which resources it watches. An id is sealed and dies with its age; until then an ended one has to stay ended. Few there are, so they
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
    this.#sql.exec('DELETE FROM conversation_watches WHERE id = ?', id)
    this.#ended.add(id)
  }

  /** Remembers that it wants to hear of a resource. False: it watches too many. */
  watch(id: string, uri: string, now: number): boolean {
    this.#forget(now)
    const known = this.watched(id)
    if (known.length >= maxWatched && !known.includes(uri)) return false
    this.#sql.exec('INSERT OR REPLACE INTO conversation_watches VALUES (?, ?, ?)', id, uri, now)
    return true
  }

  unwatch(id: string, uri: string): void {
    this.#sql.exec('DELETE FROM conversation_watches WHERE id = ? AND uri = ?', id, uri)
  }

  watched(id: string): string[] {
    return this.#sql
      .exec<{ uri: string }>('SELECT uri FROM conversation_watches WHERE id = ?', id)
      .toArray()
      .map(({ uri }) => uri)
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

  /** Whether any of them set a level. */
  get wantLog(): boolean {
    return this.#levels.size > 0
  }

  /** This conversation was given a link. On disk: a person takes longer than an idle object stays in memory. */
  asked(elicitation: string, conversation: string, now: number): void {
    this.#sql.exec('DELETE FROM elicitations WHERE at < ?', now - elicitationLifeMs)
    this.#sql.exec('INSERT OR REPLACE INTO elicitations VALUES (?, ?, ?)', elicitation, conversation, now)
  }

  /** Whom to tell that it is done, once. */
  takeAsked(elicitation: string): string | null {
    const [row] = this.#sql
      .exec<{ conversation: string }>('DELETE FROM elicitations WHERE id = ? RETURNING conversation', elicitation)
      .toArray()
    return row && !this.#ended.has(row.conversation) ? row.conversation : null
  }

  #forget(now: number): void {
    this.#sql.exec('DELETE FROM ended_conversations WHERE at < ?', now - conversationLifeMs)
    this.#sql.exec('DELETE FROM conversation_levels WHERE at < ?', now - conversationLifeMs)
    this.#sql.exec('DELETE FROM conversation_watches WHERE at < ?', now - conversationLifeMs)
  }
}
