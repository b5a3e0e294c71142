/** What may be asked of a Ledger over RPC. Answers are values; nothing here throws for an expected reason. */
export type LedgerApi = {
  /**
   * Stores events (texts of `eventText`) and orders them. When it answers `ok`, all of them are on disk; those it has
   * already are not stored again. All events of one call belong to the Ledger's project.
   */
  append(events: string[]): Promise<AppendReply>
}

export type AppendReply =
  | { ok: true; size: number }
  | { ok: false; reason: 'other_project' | 'not_configured' | 'invalid' }
