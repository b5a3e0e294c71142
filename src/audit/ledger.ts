import { DurableObject } from 'cloudflare:workers'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/config.ts'
import { base64 } from '../core/bytes.ts'
import { systemClock } from '../core/clock.ts'
import { ledgerSigner } from './checkpoint.ts'
import { LedgerArchive } from './archive/in-ledger.ts'
import type { Part } from './archive/part-store.ts'
import { Carrier } from './carrier.ts'
import { checkpointDueAt, makeCheckpoint } from './checkpointer.ts'
import { Growth } from './growth.ts'
import { inclusionOf } from './inclusion.ts'
import type { EventRow } from './event-row.ts'
import type { OpenPayload } from './leaf.ts'
import { openPayload } from './leaf.ts'
import type {
  AppendReply,
  Head,
  Inclusion,
  LedgerApi,
  SealedPayload,
  SinkStatus,
  SinkTest,
  StorageStatus,
  TailEntry,
} from './ledger-api.ts'
import { LedgerStorage } from './ledger-storage.ts'
import { newEntry } from './new-entry.ts'
import type { Signer } from './note.ts'
import { PayloadKeys } from './payload-keys.ts'
import { families } from './metrics/families.ts'
import { openMetrics } from './metrics/open-metrics.ts'
import { SinkRunner } from './sinks/runner.ts'
import type { DeadLetter } from './sinks/state.ts'
import { sinkPorts, statusOf, testRecord, testReply } from './sinks/in-ledger.ts'
import { Tasks } from './tasks.ts'
import { appendLeaves, consistencyProof, leafHashes, peaks } from './tree.ts'

const indexDelayMs = 200
const sinkDelayMs = 500

/**
 * The record of a project: one writer, so that there is one order and one tree. Stores first, answers, and carries the
 * rows to D1 by its alarm: D1 may be away for as long as it likes.
 */
export class Ledger extends DurableObject<Env> implements LedgerApi {
  readonly #storage: LedgerStorage
  readonly #tasks: Tasks
  readonly #sinks: SinkRunner
  readonly #archive: LedgerArchive
  readonly #carrier: Carrier
  readonly #growth = new Growth()
  #keys: PayloadKeys | null = null
  #signer: Promise<Signer> | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#storage = new LedgerStorage(ctx.storage)
    const set = (at: number): void => void ctx.storage.setAlarm(at)
    this.#tasks = new Tasks(
      {
        index: { awaited: true, run: () => this.#carrier.index() },
        checkpoint: { awaited: true, run: (now) => this.#carrier.checkpoint(now) },
        sinks: { awaited: false, run: () => this.#sinks.run() },
        archive: { awaited: false, run: (now) => this.#archive.run(now) },
      },
      { set, now: systemClock },
    )
    this.#sinks = new SinkRunner({
      ...sinkPorts({ storage: this.#storage, env, ledger: this.#name(), keys: () => this.#keysOf() }),
      wake: (at) => this.#tasks.want('sinks', at),
    })
    this.#archive = new LedgerArchive({
      storage: this.#storage,
      env,
      ledger: this,
      name: this.#name(),
      append: (project, events) => this.append(project, events),
    })
    this.#carrier = new Carrier({
      storage: this.#storage,
      env,
      ledger: this.#name(),
      sign: () => this.checkpoint(),
      onIndexed: () => {
        if (this.#archive.isOver) this.#tasks.want('archive', systemClock())
      },
      onSigned: (now) => this.#tasks.want('sinks', now),
    })
    if (this.#storage.indexedUpTo < this.#storage.size) this.#tasks.want('index', systemClock())
  }

  async append(project: string, events: EventRow[]): Promise<AppendReply> {
    const config = readConfig(this.env)
    if (!config.ok) return { ok: false, reason: 'not_configured' }
    // The first event says whose ledger this is; no other project's event ever gets in.
    this.#storage.project ??= project
    if (this.#storage.project !== project) return { ok: false, reason: 'other_project' }
    this.#keys ??= new PayloadKeys(project, config.value, this.#storage.payloadKeys)

    const now = systemClock()
    const recordedAt = Math.max(now, this.#storage.recordedAt)
    const keys = this.#keys
    const entries = await Promise.all(events.map((event) => newEntry(event, recordedAt, keys)))
    const before = this.#storage.size
    const size = this.#storage.append(entries, recordedAt, (from, hashes) =>
      appendLeaves(this.#storage.tiles, from, hashes),
    )
    if (size > before) this.#grown(now)
    return { ok: true, size }
  }

  async head(): Promise<Head> {
    const { size, indexedUpTo, parts } = this.#storage
    const { expiredUpTo } = parts
    const [oldest] = indexedUpTo < size ? this.#storage.entries(indexedUpTo, 1) : []
    const signer = await this.#signerOf()
    const oldestUnindexedAt = oldest ? (JSON.parse(oldest.leaf) as { recordedAt: number }).recordedAt : null
    return {
      ledger: this.#name(),
      size,
      indexedUpTo,
      expiredUpTo,
      verifier: signer?.verifier ?? null,
      oldestUnindexedAt,
    }
  }

  async checkpoint(): Promise<string | null> {
    const signer = await this.#signerOf()
    return signer && makeCheckpoint(this.#storage, signer, systemClock())
  }

  async checkpoints(from: number, to: number): Promise<string[]> {
    return this.#storage.checkpoints(from, to).map((row) => row.note)
  }

  async inclusion(event: string): Promise<Inclusion | null> {
    const sequence = this.#storage.sequenceOf(event)
    if (sequence === null) return null
    const last = this.#storage.lastCheckpoint
    const checkpoint = last && last.size > sequence ? last.note : await this.checkpoint()
    return checkpoint === null ? null : inclusionOf(this.#storage.tiles, this.#name(), sequence, checkpoint)
  }

  async consistency(older: number, newer: number): Promise<string[] | null> {
    const known =
      Number.isSafeInteger(older) && Number.isSafeInteger(newer) && older >= 0 && newer <= this.#storage.size
    return known && older <= newer ? consistencyProof(this.#storage.tiles, older, newer).map(base64) : null
  }

  async leafHashes(from: number, to: number): Promise<string[]> {
    const end = Math.min(to, this.#storage.size, from + 10_000)
    return leafHashes(this.#storage.tiles, from, end).map(base64)
  }

  async prefix(size: number): Promise<string[]> {
    return peaks(this.#storage.tiles, Math.min(size, this.#storage.size)).map(base64)
  }

  async open(payloads: SealedPayload[]): Promise<(OpenPayload | null)[]> {
    const keys = this.#keysOf()
    return Promise.all(
      payloads.map(async ({ user, event, sealed }) => {
        const nonced = keys && (await keys.open(user, event, sealed))
        return nonced && openPayload(nonced)
      }),
    )
  }

  async eraseUser(user: string): Promise<boolean> {
    return this.#keysOf()?.erase(user, systemClock()) ?? false
  }

  async rewrapKeys(limit: number): Promise<{ rewrapped: number; left: boolean }> {
    return (await this.#keysOf()?.rewrap(limit)) ?? { rewrapped: 0, left: false }
  }

  async sequenceOf(event: string): Promise<number | null> {
    return this.#storage.sequenceOf(event)
  }

  async parts(): Promise<Part[]> {
    return this.#storage.parts.all()
  }

  async storageStatus(): Promise<StorageStatus> {
    return this.#archive.status()
  }

  async archiveNow(project: string): Promise<StorageStatus> {
    this.#storage.project ??= project
    await this.settle()
    await this.#tasks.runNow('archive')
    return this.storageStatus()
  }

  async metrics(): Promise<string> {
    this.#carrier.meter()
    const [head, sinks] = await Promise.all([this.head(), this.sinkStatus()])
    const lastCheckpointAt = this.#storage.lastCheckpoint?.created_at ?? null
    const now = { ...this.#archive.status(), head, sinks, lastCheckpointAt, at: systemClock() }
    return openMetrics(families(this.#storage.metrics, now))
  }

  async settle(): Promise<Head> {
    for (let before = -1; this.#storage.indexedUpTo > before && this.#storage.indexedUpTo < this.#storage.size;) {
      before = this.#storage.indexedUpTo
      await this.#tasks.runNow('index')
    }
    await this.#tasks.runNow('checkpoint')
    return this.head()
  }

  async follow(after: number, limit: number, waitMs: number): Promise<TailEntry[]> {
    const found = this.#storage.entries(after + 1, limit)
    if (found.length > 0 || waitMs <= 0) return found
    await this.#growth.next(waitMs)
    return this.#storage.entries(after + 1, limit)
  }

  async sinksChanged(project: string): Promise<void> {
    this.#storage.project ??= project
    await this.#sinks.changed()
  }

  async pumpSinks(): Promise<SinkStatus[]> {
    await this.#sinks.settle()
    return this.sinkStatus()
  }

  async sinkStatus(): Promise<SinkStatus[]> {
    const sinks = await this.#sinks.configs()
    return sinks.flatMap(({ id }) => statusOf(this.#storage, id) ?? [])
  }

  async testSink(id: string): Promise<SinkTest | null> {
    const { project, size } = this.#storage
    const delivery = await this.#sinks.test(id, testRecord(project ?? '', this.#name(), size, systemClock()))
    return delivery && testReply(delivery)
  }

  async deadLetters(sink: string, after: number): Promise<DeadLetter[]> {
    return this.#storage.sinks.deadLetters(sink, after)
  }

  async reviveDeadLetters(sink: string): Promise<number> {
    return this.#sinks.revive(sink)
  }

  override async alarm(): Promise<void> {
    await this.#tasks.ring()
  }

  #grown(now: number): void {
    this.#tasks.want('index', now + indexDelayMs)
    this.#tasks.want('sinks', now + sinkDelayMs)
    const due = checkpointDueAt(this.#storage, now)
    if (due !== null) this.#tasks.want('checkpoint', due)
    this.#growth.happened()
  }

  #config(): Config | null {
    const config = readConfig(this.env)
    return config.ok ? config.value : null
  }

  #keysOf(): PayloadKeys | null {
    const { project } = this.#storage
    const config = this.#config()
    if (project === null || config === null) return null
    return (this.#keys ??= new PayloadKeys(project, config, this.#storage.payloadKeys))
  }

  #signerOf(): Promise<Signer | null> {
    const { project } = this.#storage
    const config = this.#config()
    if (project === null || config === null) return Promise.resolve(null)
    return (this.#signer ??= ledgerSigner(config, project))
  }

  #name(): string {
    return this.ctx.id.name ?? this.ctx.id.toString()
  }
}
