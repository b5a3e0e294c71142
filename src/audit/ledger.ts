import { DurableObject } from 'cloudflare:workers'
import { readConfig } from '../config/config.ts'
import { indexEntries } from './event-index.ts'
import type { EventRow } from './event-row.ts'
import { commitmentOf, leafHashOf, leafText, noncedPayload } from './leaf.ts'
import type { AppendReply, LedgerApi } from './ledger-api.ts'
import type { NewEntry } from './ledger-storage.ts'
import { LedgerStorage } from './ledger-storage.ts'
import { PayloadKeys } from './payload-keys.ts'
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

  async append(project: string, events: EventRow[]): Promise<AppendReply> {
    const config = readConfig(this.env)
    if (!config.ok) return { ok: false, reason: 'not_configured' }
    // The first event says whose ledger this is; no other project's event ever gets in.
    this.#storage.project ??= project
    if (this.#storage.project !== project) return { ok: false, reason: 'other_project' }
    this.#keys ??= new PayloadKeys(project, config.value, this.#storage.payloadKeys)

    const recordedAt = Math.max(Date.now(), this.#storage.recordedAt)
    const keys = this.#keys
    const entries = await Promise.all(events.map((event) => prepare(event, recordedAt, keys)))
    const before = this.#storage.size
    const size = this.#storage.append(entries, recordedAt, (from, hashes) =>
      appendLeaves(this.#storage.tiles, from, hashes),
    )
    if (size > before) this.#wakeAt(Date.now() + indexDelayMs)
    return { ok: true, size }
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

  #name(): string {
    return this.ctx.id.name ?? this.ctx.id.toString()
  }

  #wakeAt(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return
    this.#alarmAt = at
    void this.ctx.storage.setAlarm(at)
  }
}

async function prepare(event: EventRow, recordedAt: number, keys: PayloadKeys): Promise<NewEntry> {
  const { id, user, head } = event
  if (event.payload === null) {
    const leaf = leafText(head, recordedAt, null)
    return { id, leaf, hash: await leafHashOf(leaf), payload: null }
  }
  const nonced = noncedPayload(event.payload)
  const leaf = leafText(head, recordedAt, await commitmentOf(nonced))
  const [hash, payload] = await Promise.all([leafHashOf(leaf), keys.seal(user, id, nonced)])
  return { id, leaf, hash, payload }
}
