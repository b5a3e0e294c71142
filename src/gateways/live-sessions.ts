import type { Match, Member } from './hub-api.ts'

export const liveMigrations = [
  `CREATE TABLE live (
     session TEXT PRIMARY KEY, user TEXT NOT NULL, agent TEXT NOT NULL, joined_at INTEGER NOT NULL,
     version INTEGER NOT NULL, ending TEXT
   ) WITHOUT ROWID;
   CREATE INDEX live_user ON live (user);
   CREATE INDEX live_agent ON live (agent);
   CREATE TABLE hub (
     one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER, enabled INTEGER NOT NULL,
     refused_version INTEGER, refused_fault TEXT
   );`,
]

/** `stale`: when the directory last changed under a session. `read`: the change up to which it has read it. Times never come twice. */
export const staleMigrations = [
  'ALTER TABLE live ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;',
  'ALTER TABLE live ADD COLUMN read INTEGER NOT NULL DEFAULT 0;',
]

/** A session that has not taken the version that is live, has to read the directory anew, or has not heard yet that it is over. */
export type Pending = { session: string; ending: string | null; version: number; stale: number; read: number }

/**
 * The sessions that may be in somebody's memory, and what each has confirmed. Written through, so that a kill switch thrown
 * just before the Hub is moved elsewhere still reaches everyone.
 */
export class LiveSessions {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** False while an earlier life of this session has not been told that it is over. */
  add(session: string, member: Member, now: number): boolean {
    const [row] = this.#sql.exec<{ ending: string | null }>('SELECT ending FROM live WHERE session = ?', session)
    if (row && row.ending !== null) return false
    const values = [session, member.user, member.agent, now]
    this.#sql.exec(
      'INSERT OR REPLACE INTO live (session, user, agent, joined_at, version) VALUES (?, ?, ?, ?, 0)',
      ...values,
    )
    return true
  }

  /**
   * The session holds this version now, and has read the directory as of this change; one that came meanwhile stays. It may be
   * said twice, or late. False when it was ended or left.
   */
  confirm(session: string, version: number, read = 0): boolean {
    const set = 'UPDATE live SET version = ?, read = max(read, ?) WHERE session = ? AND ending IS NULL'
    return this.#sql.exec(set, version, read, session).rowsWritten > 0
  }

  has(session: string): boolean {
    return this.#sql.exec('SELECT 1 FROM live WHERE session = ?', session).toArray().length > 0
  }

  remove(session: string): void {
    this.#sql.exec('DELETE FROM live WHERE session = ?', session)
  }

  /** Marks them; they are told by whoever works off `pending`. Returns how many. */
  markEnding(match: Match, reason: string): number {
    const [where, ...values] = whereOf(match)
    const cursor = this.#sql.exec<{ session: string }>(
      `UPDATE live SET ending = ? WHERE ending IS NULL AND ${where} RETURNING session`,
      reason,
      ...values,
    )
    return cursor.toArray().length
  }

  /** They have to read the directory anew. Returns how many. */
  markStale(match: Match, now: number): number {
    const [where, ...values] = whereOf(match)
    const mark = `UPDATE live SET stale = max(stale + 1, ?) WHERE ending IS NULL AND ${where} RETURNING session`
    return this.#sql.exec<{ session: string }>(mark, now, ...values).toArray().length
  }

  pending(version: number): Pending[] {
    const open = 'ending IS NOT NULL OR version <> ? OR stale > read'
    return this.#sql
      .exec<Pending>(`SELECT session, ending, version, stale, read FROM live WHERE ${open}`, version)
      .toArray()
  }

  count(): number {
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM live').one().n
  }

  /** A session older than any session may be is gone, whether it said so or not. */
  removeJoinedBefore(at: number): void {
    this.#sql.exec('DELETE FROM live WHERE joined_at < ?', at)
  }
}

function whereOf(match: Match): [string, ...string[]] {
  if ('user' in match) return ['user = ?', match.user]
  if ('agent' in match) return ['agent = ?', match.agent]
  if ('session' in match) return ['session = ?', match.session]
  return ['true']
}
