import type { EventRow } from './event-row.ts'

/** What may be asked of a Ledger over RPC. Answers are values; nothing here throws for an expected reason. */
export type LedgerApi = {
  /**
   * Stores events and orders them. When it answers `ok`, all of them are on disk; those it has already are not stored
   * again. All events come from this project's own objects.
   */
  append(project: string, events: EventRow[]): Promise<AppendReply>
}

export type AppendReply = { ok: true; size: number } | { ok: false; reason: 'other_project' | 'not_configured' }
