import type { JsonObject } from '../core/json.ts'
import type { LogEntry } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { after } from '../core/timer.ts'
import type { Discovered, UpstreamCredential, UpstreamTarget } from './api.ts'
import { Connection } from './connection.ts'
import type { OpenUse } from './open.ts'
import { open } from './open.ts'
import { ownCapabilities } from './shape.ts'
import { speaksAlike } from './speech.ts'

type Slot = {
  upstream: string
  credential: string
  live: Connection | null
  opening: Promise<Result<Connection>> | null
  /** Let go while nobody used it. Its session at the server is kept, and gone on with by the next. */
  resting: Connection | null
  /** Calls off letting it go. */
  stayAwake: () => void
}

export type ConnectionsUse = OpenUse & {
  /** What a server logs outside of any call. */
  onLog?: (upstream: string, entry: LogEntry) => void
}

/** An open stream keeps the session object awake: it is let go when no call has needed it for so long. */
const idleMs = 5 * 60_000
/** A server that refuses much is not asked each time whether it speaks otherwise now. */
const askAgainMs = 5 * 60_000
/** At one upstream. Each may hold a session and a stream there. */
const maxConnections = 8

/**
 * One connection per upstream and credential, opened once however many calls wait for it. A 2025-era server is told at the
 * handshake what our client can be asked, so there a connection is also per set of capabilities. Bounded: for one more the
 * least recently used goes that nobody is using (`upstream/too_many_connections` when all are).
 */
export class Connections {
  readonly #use: ConnectionsUse
  /** Least recently used first. */
  readonly #slots = new Map<string, Slot>()
  /** Nobody is given these any more. Each goes when what runs on it is over. */
  readonly #retired = new Set<Slot>()
  readonly #found = new Map<string, Discovered>()
  readonly #asked = new Map<string, { at: number; answer: Promise<Discovered | null> }>()

  constructor(use: ConnectionsUse) {
    this.#use = use
  }

  get(
    given: UpstreamTarget,
    credential: UpstreamCredential,
    asked: JsonObject,
    listens = false,
  ): Promise<Result<Connection>> {
    const discovered = this.#speechOf(given)
    const target = discovered === given.discovered ? given : { ...given, discovered }
    // A server of 2026-07-28 is told with each request.
    const declared = discovered?.era === 'modern' ? ownCapabilities : asked
    const key = JSON.stringify([target.id, target.url, credential.key, declared, listens])
    const slot = this.#slots.get(key) ?? this.#newSlot(target.id, credential.key)
    if (!slot) return Promise.resolve(refuse('upstream/too_many_connections'))
    this.#slots.delete(key)
    this.#slots.set(key, slot)
    if (slot.live && !slot.live.closed) {
      if (!discovered || speaksAlike(slot.live.discovered, discovered)) {
        slot.live.credential(credential.headers)
        this.#keep(slot)
        return Promise.resolve(ok(slot.live))
      }
      this.#retire({ ...slot })
      slot.live = null
    }
    slot.opening ??= this.#open(slot, target, credential, declared, listens).finally(() => (slot.opening = null))
    return slot.opening
  }

  /**
   * Whether the server no longer speaks as on this connection, where it refused a call. It is asked once for all who want to
   * know and every five minutes at most; `get` knows what it said.
   */
  async speaksOtherwise(
    { discovered: before }: Connection,
    target: UpstreamTarget,
    credential: UpstreamCredential,
  ): Promise<boolean> {
    const known = this.#speechOf(target)
    if (known && !speaksAlike(known, before)) return true
    const now = this.#use.now()
    let asking = this.#asked.get(target.url)
    if (!asking || now - asking.at >= askAgainMs) {
      asking = { at: now, answer: this.#ask(target, credential) }
      this.#asked.set(target.url, asking)
    }
    const found = await asking.answer
    if (!found || speaksAlike(found, before)) return false
    this.#found.set(target.url, found)
    return true
  }

  /** The one in which a parked call is still running, whatever was declared when it began. */
  holding(call: string): Connection | undefined {
    return this.#all().find(({ live }) => live?.has(call))?.live ?? undefined
  }

  /** The upstream no longer knows the session. */
  forget(connection: Connection): void {
    for (const slot of this.#all()) {
      if (slot.live !== connection) continue
      slot.live = null
    }
    void connection.close(false)
  }

  /** How it speaks is to be found out again. */
  forgetDiscovery(url: string): void {
    this.#found.delete(url)
  }

  async close(which: { upstream?: string; credential?: string }): Promise<void> {
    const { upstream, credential } = which
    const ending = this.#all().filter(
      (slot) =>
        (upstream === undefined || slot.upstream === upstream) &&
        (credential === undefined || slot.credential === credential),
    )
    for (const [key, slot] of this.#slots) if (ending.includes(slot)) this.#slots.delete(key)
    await Promise.all(
      ending.map(async (slot) => {
        this.#retired.delete(slot)
        slot.stayAwake()
        const opening = await slot.opening
        await (opening?.ok ? opening.value : (slot.live ?? slot.resting))?.close(true)
      }),
    )
  }

  #all(): Slot[] {
    return [...this.#slots.values(), ...this.#retired]
  }

  /** What was found out last, by this session or by whoever published the gateway. */
  #speechOf({ url, discovered }: UpstreamTarget): Discovered | null {
    const found = this.#found.get(url)
    return found && (!discovered || found.at >= discovered.at) ? found : discovered
  }

  /** Beside the connections that are there: a session at the server is not given up for a mere suspicion. */
  async #ask(target: UpstreamTarget, credential: UpstreamCredential): Promise<Discovered | null> {
    const wish = { declared: ownCapabilities, listens: false, resume: null }
    const opened = await open({ ...target, discovered: null }, credential, wish, this.#use)
    if (!opened.ok) return null
    void new Connection(target.id, opened.value).close(true)
    return opened.value.discovered
  }

  /** Null when every connection to this upstream is in use. */
  #newSlot(upstream: string, credential: string): Slot | null {
    const its = [...this.#slots].filter(([, one]) => one.upstream === upstream)
    const ending = [...this.#retired].filter((one) => one.upstream === upstream && one.live?.busy)
    if (its.length + ending.length >= maxConnections) {
      const [key, idle] = its.find(([, { opening, live }]) => !opening && !live?.busy) ?? []
      if (key === undefined || !idle) return null
      this.#slots.delete(key)
      this.#retire(idle)
    }
    return { upstream, credential, live: null, opening: null, resting: null, stayAwake: () => {} }
  }

  /** What runs on it goes on, as does what was given it a moment ago. */
  #retire(slot: Slot, inMs = 0): void {
    slot.stayAwake()
    this.#retired.add(slot)
    slot.stayAwake = after(inMs, () => {
      if (slot.live?.busy) return this.#retire(slot, idleMs)
      this.#retired.delete(slot)
      void (slot.live ?? slot.resting)?.close(true)
    })
  }

  async #open(
    slot: Slot,
    target: UpstreamTarget,
    credential: UpstreamCredential,
    declared: JsonObject,
    listens: boolean,
  ): Promise<Result<Connection>> {
    const resume = slot.resting?.resumable ?? null
    const opened = await open(target, credential, { declared, listens, resume }, this.#use)
    if (!opened.ok) return opened
    const { onLog } = this.#use
    const connection = new Connection(target.id, opened.value, onLog && ((entry) => onLog(target.id, entry)))
    slot.live = connection
    slot.resting = null
    this.#found.set(target.url, connection.discovered)
    this.#keep(slot)
    return ok(connection)
  }

  #keep(slot: Slot): void {
    if (!slot.live?.holdsStream) return
    slot.stayAwake()
    slot.stayAwake = after(idleMs, () => this.#rest(slot))
  }

  #rest(slot: Slot): void {
    const { live } = slot
    if (!live) return
    if (live.busy) return this.#keep(slot)
    slot.resting = live.resumable && live
    slot.live = null
    void live.close(false)
  }
}
