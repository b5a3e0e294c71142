import { migrate } from '../core/do-migrations.ts'
import type { KeyTable } from './payload-keys.ts'
import { MetricStore } from './metrics/metric-store.ts'
import type { Tally } from './metrics/tally.ts'
import { PartStore } from './archive/part-store.ts'
import { SinkStates } from './sinks/state.ts'
import type { Tiles } from './tree.ts'

/** The Ledger's SQLite, as scripts of `core/do-migrations`. Never edited once shipped. */
const scripts = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
   CREATE TABLE ids (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE tiles (position INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
   CREATE TABLE entries (sequence INTEGER PRIMARY KEY, leaf TEXT NOT NULL, payload TEXT);
   CREATE TABLE payload_keys (user TEXT PRIMARY KEY, kid TEXT NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID;
   CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, created_at INTEGER NOT NULL);
   CREATE TABLE sinks (id TEXT PRIMARY KEY, cursor INTEGER NOT NULL, up_to INTEGER, head INTEGER NOT NULL, head_up_to INTEGER,
     failures INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL DEFAULT 0, error TEXT, delivered INTEGER NOT NULL DEFAULT 0,
     dead INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER) WITHOUT ROWID;
   CREATE TABLE dead_letters (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, from_sequence INTEGER NOT NULL,
     up_to INTEGER NOT NULL, count INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX dead_letters_sink ON dead_letters (sink);`,
  `CREATE TABLE metrics (series TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
   INSERT INTO metrics VALUES ('["metrics_dropped_total",{}]', 0);
   CREATE TABLE recent_latency (minute INTEGER NOT NULL, bucket INTEGER NOT NULL, calls INTEGER NOT NULL,
     PRIMARY KEY (minute, bucket)) WITHOUT ROWID;
   CREATE TABLE erased (user TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE parts (from_sequence INTEGER PRIMARY KEY, up_to INTEGER NOT NULL, key TEXT NOT NULL, bytes INTEGER NOT NULL,
     last_at INTEGER NOT NULL, stored_at INTEGER NOT NULL, state TEXT NOT NULL);`,
]

export type CheckpointRow = { size: number; note: string; created_at: number }
export type Entry = { sequence: number; leaf: string; payload: string | null }
export type NewEntry = { id: string; leaf: string; hash: Uint8Array; payload: string | null }

type Grow = (size: number, hashes: Uint8Array[]) => void

type Meta =
  | 'project'
  | 'size'
  | 'recordedAt'
  | 'indexedUpTo'
  | 'publishedUpTo'
  | 'meteredUpTo'
  | 'searchableBytes'
  | 'd1Bytes'

/** Rows in, rows out; every method is synchronous. */
export class LedgerStorage {
  readonly #storage: DurableObjectStorage
  /** What `meta` holds. This object is its only writer, and every append asks for most of it. */
  readonly #known = new Map<Meta, SqlStorageValue | undefined>()
  readonly sinks: SinkStates
  readonly metrics: MetricStore
  readonly parts: PartStore

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    migrate(storage, scripts)
    this.sinks = new SinkStates(storage)
    this.metrics = new MetricStore(storage)
    this.parts = new PartStore(storage.sql)
  }

  get project(): string | null {
    return this.#meta<string>('project') ?? null
  }

  set project(project: string) {
    this.#setMeta('project', project)
  }

  /** How many leaves the tree has. */
  get size(): number {
    return this.#meta<number>('size') ?? 0
  }

  get recordedAt(): number {
    return this.#meta<number>('recordedAt') ?? 0
  }

  /** Every entry before this sequence is in D1. */
  get indexedUpTo(): number {
    return this.#meta<number>('indexedUpTo') ?? 0
  }

  set indexedUpTo(sequence: number) {
    this.#setMeta('indexedUpTo', sequence)
  }

  /** The largest checkpoint that D1 and the archive have. */
  get publishedUpTo(): number {
    return this.#meta<number>('publishedUpTo') ?? 0
  }

  set publishedUpTo(size: number) {
    this.#setMeta('publishedUpTo', size)
  }

  /** Every entry before this sequence is in the counters. */
  get meteredUpTo(): number {
    return this.#meta<number>('meteredUpTo') ?? 0
  }

  metered(tally: Tally, upTo: number, now: number): void {
    this.#storage.transactionSync(() => {
      this.metrics.add(tally, now)
      this.#setMeta('meteredUpTo', upTo)
    })
  }

  /** Leaves and payloads in D1, in UTF-16 units. */
  get searchableBytes(): number {
    return this.#meta<number>('searchableBytes') ?? 0
  }

  set searchableBytes(bytes: number) {
    this.#setMeta('searchableBytes', Math.max(0, bytes))
  }

  /** What D1 said of its size when the last batch went in. */
  get d1Bytes(): number | null {
    return this.#meta<number>('d1Bytes') ?? null
  }

  set d1Bytes(bytes: number | null) {
    if (bytes !== null) this.#setMeta('d1Bytes', bytes)
  }

  /** Size of this object's own database. */
  get bytes(): number {
    return this.#storage.sql.databaseSize
  }

  /** Checkpoints with `after` < size <= `to`, oldest first. */
  checkpoints(after: number, to = Number.MAX_SAFE_INTEGER, limit = 1_000): CheckpointRow[] {
    return this.#storage.sql
      .exec<CheckpointRow>(
        'SELECT * FROM checkpoints WHERE size > ? AND size <= ? ORDER BY size LIMIT ?',
        after,
        to,
        limit,
      )
      .toArray()
  }

  get lastCheckpoint(): CheckpointRow | null {
    return (
      this.#storage.sql.exec<CheckpointRow>('SELECT * FROM checkpoints ORDER BY size DESC LIMIT 1').toArray()[0] ?? null
    )
  }

  addCheckpoint({ size, note, created_at }: CheckpointRow): void {
    this.#storage.sql.exec('INSERT OR IGNORE INTO checkpoints VALUES (?, ?, ?)', size, note, created_at)
  }

  sequenceOf(id: string): number | null {
    const [row] = this.#storage.sql.exec<{ sequence: number }>('SELECT sequence FROM ids WHERE id = ?', id).toArray()
    return row?.sequence ?? null
  }

  /**
   * One transaction: all or nothing. Entries whose id is here already are left out; `grow` puts the hashes of the others
   * into the tree. Returns the new size.
   */
  append(entries: readonly NewEntry[], recordedAt: number, grow: Grow): number {
    try {
      return this.#storage.transactionSync(() => this.#append(entries, recordedAt, grow))
    } catch (cause) {
      // Rolled back: what was remembered on the way did not happen.
      this.#known.clear()
      throw cause
    }
  }

  #append(entries: readonly NewEntry[], recordedAt: number, grow: Grow): number {
    const { sql } = this.#storage
    const from = this.size
    const hashes: Uint8Array[] = []
    for (const { id, leaf, hash, payload } of entries) {
      const sequence = from + hashes.length
      const isNew = sql.exec('INSERT OR IGNORE INTO ids VALUES (?, ?)', id, sequence).rowsWritten > 0
      if (!isNew) continue
      sql.exec('INSERT INTO entries VALUES (?, ?, ?)', sequence, leaf, payload)
      hashes.push(hash)
    }
    if (hashes.length === 0) return from
    grow(from, hashes)
    this.#setMeta('size', from + hashes.length)
    this.#setMeta('recordedAt', recordedAt)
    return from + hashes.length
  }

  entries(from: number, limit: number): Entry[] {
    return this.#storage.sql
      .exec<Entry>(
        'SELECT sequence, leaf, payload FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT ?',
        from,
        limit,
      )
      .toArray()
  }

  dropEntriesBefore(sequence: number): void {
    this.#storage.sql.exec('DELETE FROM entries WHERE sequence < ?', sequence)
  }

  readonly tiles: Tiles = {
    read: (level, index) => {
      const [row] = this.#storage.sql
        .exec<{ hashes: ArrayBuffer }>('SELECT hashes FROM tiles WHERE position = ?', tilePosition(level, index))
        .toArray()
      return row ? new Uint8Array(row.hashes) : undefined
    },
    write: (level, index, hashes) => {
      const position = tilePosition(level, index)
      this.#storage.sql.exec('INSERT OR REPLACE INTO tiles VALUES (?, ?)', position, hashes)
    },
  }

  readonly payloadKeys: KeyTable = {
    read: (user) =>
      this.#storage.sql
        .exec<{ kid: string; wrapped: ArrayBuffer }>('SELECT kid, wrapped FROM payload_keys WHERE user = ?', user)
        .toArray()[0],
    insert: (user, { kid, wrapped }) => {
      this.#storage.sql.exec('INSERT OR IGNORE INTO payload_keys VALUES (?, ?, ?)', user, kid, wrapped)
    },
    replace: (user, { kid, wrapped }) => {
      this.#storage.sql.exec('UPDATE payload_keys SET kid = ?, wrapped = ? WHERE user = ?', kid, wrapped, user)
    },
    notUnder: (kid, limit) =>
      this.#storage.sql
        .exec<{ user: string }>('SELECT user FROM payload_keys WHERE kid != ? LIMIT ?', kid, limit)
        .toArray()
        .map((row) => row.user),
    erase: (user, at) =>
      this.#storage.transactionSync(() => {
        this.#storage.sql.exec('INSERT OR REPLACE INTO erased VALUES (?, ?)', user, at)
        return this.#storage.sql.exec('DELETE FROM payload_keys WHERE user = ?', user).rowsWritten > 0
      }),
    erased: () =>
      new Map(
        this.#storage.sql
          .exec<{ user: string; at: number }>('SELECT user, at FROM erased')
          .toArray()
          .map(({ user, at }) => [user, at]),
      ),
  }

  #meta<T>(name: Meta): T | undefined {
    if (!this.#known.has(name)) {
      const [row] = this.#storage.sql
        .exec<{ value: SqlStorageValue }>('SELECT value FROM meta WHERE name = ?', name)
        .toArray()
      this.#known.set(name, row?.value)
    }
    return this.#known.get(name) as T | undefined
  }

  #setMeta(name: Meta, value: string | number): void {
    this.#storage.sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value)
    this.#known.set(name, value)
  }
}

/** Level in the high bits: 2^40 tiles a level, and still a safe integer. */
const tilePosition = (level: number, index: number): number => level * 2 ** 40 + index
