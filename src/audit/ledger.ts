import { DurableObject } from 'cloudflare:workers'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/config.ts'
import type { AuditEvent } from './event.ts'
import { indexEntries } from './event-index.ts'
import { commit, leafHashOf, leafText } from './leaf.ts'
import type { AppendReply, LedgerApi } from './ledger-api.ts'
import type { NewEntry } from './ledger-storage.ts'
import { LedgerStorage } from './ledger-storage.ts'
import { PayloadKeys } from './payload-keys.ts'
import { readEvents } from './read-events.ts'
import { appendLeaves } from './tree.ts'

const indexDelayMs = 200
const indexBatch = 500
const retryMs = 5_000

/**
 * The record of a project: one writer, so that there is one order and one tree. Stores first, answers, and carries the
 * rows to D1 by its alarm: D1 may be away for as long as it likes.
 */
export class Ledger extends DurableObject<Env> implements LedgerApi {
  readonly #storage: LedgerStorage
  #keys: PayloadKeys | null = null
  #alarmAt: number | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#storage = new LedgerStorage(ctx.storage)
    if (this.#storage.indexedUpTo < this.#storage.size) this.#wakeAt(Date.now())
  }

  async append(texts: string[]): Promise<AppendReply> {
    const config = readConfig(this.env)
    if (!config.ok) return { ok: false, reason: 'not_configured' }
    const events = readEvents(texts)
    if (events === null) return { ok: false, reason: 'invalid' }
    const project = this.#claim(events)
    if (project === null) return { ok: false, reason: 'other_project' }

    const fresh = this.#storage.unknown(events.map((event) => event.id))
    const recordedAt = Math.max(Date.now(), this.#storage.recordedAt)
    const keys = this.#keysOf(project, config.value)
    const wanted = events.filter((event) => fresh.delete(event.id))
    const prepared = await Promise.all(wanted.map((event) => prepare(event, recordedAt, keys)))
    return { ok: true, size: this.#store(prepared, recordedAt) }
  }

  /** Never throws: an alarm that does is retried six times and then forgotten. */
  override async alarm(): Promise<void> {
    this.#alarmAt = null
    try {
      const more = await this.#index()
      if (more) this.#wakeAt(Date.now())
    } catch {
      this.#wakeAt(Date.now() + retryMs)
    }
  }

  /** Another request may have stored some of these while their hashes were made: only what is still new goes in. */
  #store(prepared: readonly NewEntry[], recordedAt: number): number {
    const fresh = this.#storage.unknown(prepared.map((entry) => entry.id))
    const entries = prepared.filter((entry) => fresh.has(entry.id))
    if (entries.length === 0) return this.#storage.size
    const size = this.#storage.append(entries, recordedAt, (from, hashes) =>
      appendLeaves(this.#storage.tiles, from, hashes),
    )
    this.#wakeAt(Date.now() + indexDelayMs)
    return size
  }

  /** The first event says whose ledger this is; no other project's event ever gets in. */
  #claim(events: readonly AuditEvent[]): string | null {
    const [first] = events
    const project = this.#storage.project ?? first?.project ?? null
    if (project === null || events.some((event) => event.project !== project)) return null
    if (this.#storage.project === null) this.#storage.project = project
    return project
  }

  /** True when more waits. */
  async #index(): Promise<boolean> {
    const project = this.#storage.project
    if (project === null) return false
    const from = this.#storage.indexedUpTo
    const entries = this.#storage.entries(from, indexBatch)
    const last = entries.at(-1)
    if (last === undefined) return false
    await indexEntries(this.env.DB, { project, ledger: this.#name() }, entries)
    this.#storage.indexedUpTo = last.sequence + 1
    this.#storage.dropEntriesBefore(last.sequence + 1)
    return last.sequence + 1 < this.#storage.size
  }

  #keysOf(project: string, config: Config): PayloadKeys {
    this.#keys ??= new PayloadKeys(project, config, this.#storage.payloadKeys)
    return this.#keys
  }

  #name(): string {
    return this.ctx.id.name ?? this.ctx.id.toString()
  }

  #wakeAt(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return
    this.#alarmAt = at
    void this.ctx.storage.setAlarm(at)
  }
}

async function prepare(event: AuditEvent, recordedAt: number, keys: PayloadKeys): Promise<NewEntry> {
  if (event.payload === undefined) {
    const leaf = leafText(event, recordedAt, null)
    return { id: event.id, leaf, hash: await leafHashOf(leaf), payload: null }
  }
  const { commitment, committed } = await commit(event.payload)
  const leaf = leafText(event, recordedAt, commitment)
  const payload = await keys.seal(event.user ?? '', event.id, committed)
  return { id: event.id, leaf, hash: await leafHashOf(leaf), payload }
}
