import type { Part } from './archive/part-store.ts'
import type { EventRow } from './event-row.ts'
import type { OpenPayload } from './leaf.ts'
import type { DeadLetter } from './sinks/state.ts'

/** What may be asked of a Ledger over RPC. Answers are values; nothing here throws for an expected reason. */
export type LedgerApi = {
  /**
   * Stores events and orders them. When it answers `ok`, all of them are on disk; those it has already are not stored
   * again. All events come from this project's own objects.
   */
  append(project: string, events: EventRow[]): Promise<AppendReply>
  head(): Promise<Head>
  /** The signed head of the tree as it is now; null while the ledger is empty. */
  checkpoint(): Promise<string | null>
  /** Every checkpoint with `from` < size <= `to`, oldest first. */
  checkpoints(from: number, to: number): Promise<string[]>
  /** Null: no such event, or a tree that does not hold it. */
  inclusion(event: string): Promise<Inclusion | null>
  /** base64. Null: the ledger never had these sizes. */
  consistency(older: number, newer: number): Promise<string[] | null>
  /** Leaf hashes `from` to `to` (exclusive), base64; at most 10,000. */
  leafHashes(from: number, to: number): Promise<string[]>
  /** Roots of the complete subtrees that make up the first `size` leaves, largest first, base64. */
  prefix(size: number): Promise<string[]>
  /** Null in the place of each payload that cannot be opened: the person was erased. */
  open(payloads: SealedPayload[]): Promise<(OpenPayload | null)[]>
  /** Destroys the person's payload key. Final. True when there was one. */
  eraseUser(user: string): Promise<boolean>
  /** The sequence of an event. Null: there is none of that id. */
  sequenceOf(event: string): Promise<number | null>
  /** What left D1, oldest first. */
  parts(): Promise<Part[]>
  /** Where the record lies, and what does not go well. */
  storageStatus(): Promise<StorageStatus>
  /** Moves to the archive what is due now. */
  archiveNow(project: string): Promise<StorageStatus>
  /** Everything that is counted, as OpenMetrics text. */
  metrics(): Promise<string>
  /** Puts payload keys under the active key-encryption key, at most `limit` at once. `left`: there are more. */
  rewrapKeys(limit: number): Promise<{ rewrapped: number; left: boolean }>
  /** Carries what waits to D1 now and copies the latest heads, or fails to. */
  settle(): Promise<Head>
  /** Entries after a sequence, for a live view; waits up to `waitMs` (at most 25 s) for the first one. */
  follow(after: number, limit: number, waitMs: number): Promise<TailEntry[]>
  /** The sinks in D1 changed: take them up now. */
  sinksChanged(project: string): Promise<void>
  /** Sends what waits, until every sink has all or waits for its receiver. */
  pumpSinks(): Promise<SinkStatus[]>
  sinkStatus(): Promise<SinkStatus[]>
  /** Sends one made-up event. Null: no such sink. */
  testSink(id: string): Promise<SinkTest | null>
  deadLetters(sink: string, after: number): Promise<DeadLetter[]>
  /** Sends dead letters once more; how many records arrived. */
  reviveDeadLetters(sink: string): Promise<number>
}

export type SinkStatus = {
  id: string
  /** Everything before this sequence is settled. */
  cursor: number
  /** Records that wait, those that will be filtered out among them. */
  waiting: number
  /** Epoch ms of the oldest record that waits. */
  waitingSince: number | null
  failures: number
  error: string | null
  nextAt: number
  delivered: number
  deliveredAt: number | null
  deadLetters: number
}

/** `answer` is the receiver's own text: for administrators. */
export type SinkTest = { ok: boolean; reason: string; status: number | null; answer: string }

export type AppendReply = { ok: true; size: number } | { ok: false; reason: 'other_project' | 'not_configured' }

export type StorageStatus = {
  records: number
  /** Everything before this sequence is in the archive and not searchable; before `expiredUpTo` it is nowhere. */
  archivedUpTo: number
  expiredUpTo: number
  /** About what the record takes in D1, and what the whole database takes. Bytes. */
  searchableBytes: number
  d1Bytes: number | null
  /** Size of the ledger object itself. Bytes. */
  ledgerBytes: number
  failures: number
  /** What somebody has to look at: `docs/operations.md` says what to do about each. */
  alarms: ('d1_nearly_full' | 'ledger_nearly_full' | 'archive_fails' | 'no_archive')[]
}

export type Head = {
  ledger: string
  size: number
  /** Everything before this sequence is in D1. */
  indexedUpTo: number
  /** Everything before this sequence is not kept any more: its hashes are. */
  expiredUpTo: number
  /** Key to check checkpoints with, in the form of c2sp.org/signed-note; null before the first event. */
  verifier: string | null
  /** Epoch ms of the oldest event that is not in D1 yet; null: none waits. */
  oldestUnindexedAt: number | null
}

export type Inclusion = {
  ledger: string
  sequence: number
  size: number
  /** base64 */
  leafHash: string
  /** base64, leaf's neighbour first (RFC 6962 §2.1.1) */
  proof: string[]
  /** The signed head of the tree of this size. */
  checkpoint: string
}

export type SealedPayload = { user: string; event: string; sealed: string }

export type TailEntry = { sequence: number; leaf: string; payload: string | null }
