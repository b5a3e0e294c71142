import type { JsonObject } from '../core/json.ts'
import type { LogEntry } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import { after } from '../core/timer.ts'
import type { Discovered, UpstreamCredential, UpstreamTarget } from './api.ts'
import { Connection } from './connection.ts'
import type { OpenUse, Resumable } from './open.ts'
import { open } from './open.ts'

type Slot = {
  upstream: string
  credential: string
  live: Connection | null
  opening: Promise<Result<Connection>> | null
  /** The upstream's session, when the connection was let go while nobody used it. */
  resumable: Resumable | null
  /** Calls off letting it go. */
  stayAwake: () => void
}

export type ConnectionsUse = OpenUse & {
  /** What a server logs outside of any call. */
  onLog?: (upstream: string, entry: LogEntry) => void
}

/** An open stream keeps the session object awake: it is let go when no call has needed it for so long. */
const idleMs = 5 * 60_000

/**
 * One connection per upstream and credential, opened once however many calls wait for it. A 2025-era server is told at the
 * handshake what our client can be asked, so there a connection is also per set of capabilities.
 */
export class Connections {
  readonly #use: ConnectionsUse
  readonly #slots = new Map<string, Slot>()
  readonly #found = new Map<string, Discovered>()

  constructor(use: ConnectionsUse) {
    this.#use = use
  }

  get(
    given: UpstreamTarget,
    credential: UpstreamCredential,
    asked: JsonObject,
    listens = false,
  ): Promise<Result<Connection>> {
    const discovered = this.#found.get(given.url) ?? given.discovered
    const target = discovered === given.discovered ? given : { ...given, discovered }
    const declared = discovered?.era === 'modern' ? {} : asked
    const key = JSON.stringify([target.id, target.url, credential.key, declared, listens])
    const slot = this.#slots.get(key) ?? newSlot(target.id, credential.key)
    this.#slots.set(key, slot)
    if (slot.live && !slot.live.closed) {
      slot.live.credential(credential.headers)
      this.#keep(slot)
      return Promise.resolve(ok(slot.live))
    }
    slot.opening ??= this.#open(slot, target, credential, declared, listens).finally(() => (slot.opening = null))
    return slot.opening
  }

  /** The one in which a parked call is still running, whatever was declared when it began. */
  holding(call: string): Connection | undefined {
    for (const { live } of this.#slots.values()) if (live?.has(call)) return live
    return undefined
  }

  /** The upstream no longer knows the session. */
  forget(connection: Connection): void {
    for (const slot of this.#slots.values()) {
      if (slot.live !== connection) continue
      slot.live = null
      slot.resumable = null
    }
    void connection.close(false)
  }

  /** How it speaks is to be found out again. */
  forgetDiscovery(url: string): void {
    this.#found.delete(url)
  }

  async close(which: { upstream?: string; credential?: string }): Promise<void> {
    const { upstream, credential } = which
    const ending = [...this.#slots].filter(
      ([, slot]) =>
        (upstream === undefined || slot.upstream === upstream) &&
        (credential === undefined || slot.credential === credential),
    )
    await Promise.all(
      ending.map(async ([key, slot]) => {
        this.#slots.delete(key)
        slot.stayAwake()
        const opening = await slot.opening
        await (opening?.ok ? opening.value : slot.live)?.close(true)
      }),
    )
  }

  async #open(
    slot: Slot,
    target: UpstreamTarget,
    credential: UpstreamCredential,
    declared: JsonObject,
    listens: boolean,
  ): Promise<Result<Connection>> {
    const opened = await open(target, credential, { declared, listens, resume: slot.resumable }, this.#use)
    if (!opened.ok) return opened
    const { onLog } = this.#use
    const connection = new Connection(target.id, opened.value, onLog && ((entry) => onLog(target.id, entry)))
    slot.live = connection
    slot.resumable = null
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
    slot.resumable = live.resumable
    slot.live = null
    void live.close(false)
  }
}

const newSlot = (upstream: string, credential: string): Slot => ({
  upstream,
  credential,
  live: null,
  opening: null,
  resumable: null,
  stayAwake: () => {},
})
