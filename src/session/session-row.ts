import type { Caller } from '../core/caller.ts'

export const rowMigrations = [
  `CREATE TABLE session (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     project TEXT NOT NULL, gateway TEXT NOT NULL, user TEXT NOT NULL, agent TEXT NOT NULL, grant_id TEXT NOT NULL,
     started_at INTEGER NOT NULL, authenticated_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
     ended_at INTEGER, ended_because TEXT
   );`,
]

/** Added later: its name in the URL, for the record of its end. */
export const slugMigrations = [`ALTER TABLE session ADD COLUMN slug TEXT NOT NULL DEFAULT '';`]

/** Who this session belongs to and since when. One row. */
export type SessionRow = {
  project: string
  gateway: string
  user: string
  agent: string
  grant_id: string
  started_at: number
  authenticated_at: number
  seen_at: number
  ended_at: number | null
  ended_because: string | null
  slug: string
}

export function readRow(sql: SqlStorage): SessionRow | null {
  return sql.exec<SessionRow>('SELECT * FROM session').toArray()[0] ?? null
}

export function startRow(sql: SqlStorage, caller: Caller, slug: string, now: number): SessionRow {
  sql.exec(
    'INSERT OR REPLACE INTO session VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)',
    caller.project,
    caller.gateway,
    caller.user.id,
    caller.agent.id,
    caller.grant,
    now,
    caller.authenticatedAt,
    now,
    slug,
  )
  return {
    project: caller.project,
    gateway: caller.gateway,
    user: caller.user.id,
    agent: caller.agent.id,
    grant_id: caller.grant,
    started_at: now,
    authenticated_at: caller.authenticatedAt,
    seen_at: now,
    ended_at: null,
    ended_because: null,
    slug,
  }
}

export function endRow(sql: SqlStorage, reason: string, now: number): void {
  sql.exec('UPDATE session SET ended_at = ?, ended_because = ? WHERE ended_at IS NULL', now, reason)
}

export function seenRow(sql: SqlStorage, now: number): void {
  sql.exec('UPDATE session SET seen_at = ?', now)
}

/** The name is a hash of exactly these; a caller of another session can only be here by a bug. */
export function belongsTo(row: SessionRow, caller: Caller): boolean {
  return (
    row.project === caller.project &&
    row.gateway === caller.gateway &&
    row.user === caller.user.id &&
    row.agent === caller.agent.id &&
    row.grant_id === caller.grant
  )
}
