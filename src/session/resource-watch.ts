import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import { logFault } from '../core/log.ts'
import type { Refusal, Result } from '../core/result.ts'
import { after } from '../core/timer.ts'
import type { UpstreamNotice } from '../runtime/runtime.ts'

/** A stream that is not heard of for this long has gone. Its Worker says so at least every 45 s. */
const goneAfterMs = 120_000
/** After a refusal, such as an account that is not connected. */
const retryAfterMs = 10 * 60_000
/** What a server says of one resource in this time is one update. */
const gatherMs = 100
const maxPerWatcher = 100

export type ResourceWatchUse = {
  now: Clock
  /** The server behind a resource that this caller may read now. Null: there is none. */
  serverOf: (uri: string, caller: Caller) => string | null
  /** Begins to hear of these resources of one server, with this caller's credential. */
  listen: (
    uris: string[],
    caller: Caller,
    onNotice: (notice: UpstreamNotice) => void,
  ) => Promise<Result<() => Promise<void>>>
  tell: (uri: string, watchers: string[]) => Promise<void>
}

/** Tried again when a stream says that it is still there. */
const passing: readonly Refusal['code'][] = ['upstream/unavailable', 'egress/unreachable', 'egress/timeout']

type Watcher = { uris: ReadonlySet<string>; caller: Caller; until: number }
type Held = { uris: readonly string[]; stop: () => Promise<void> }

/**
 * Which single resources the streams of this session want to hear of, and the servers that tell it. In memory: a stream's
 * Worker says again and again what it wants, so an object that was moved knows soon.
 */
export class ResourceWatch {
  readonly #use: ResourceWatchUse
  readonly #watchers = new Map<string, Watcher>()
  readonly #held = new Map<string, Held>()
  readonly #refusedUntil = new Map<string, number>()
  readonly #updated = new Set<string>()
  #settling: Promise<void> = Promise.resolve()
  #sweep: (() => void) | null = null

  constructor(use: ResourceWatchUse) {
    this.#use = use
  }

  /** This stream is open and wants these. Once more the same: it is still open. */
  keep(watcher: string, uris: readonly string[], caller: Caller): void {
    const wanted = new Set(uris.slice(0, maxPerWatcher))
    if (wanted.size === 0) return this.drop(watcher)
    this.#watchers.set(watcher, { uris: wanted, caller, until: this.#use.now() + goneAfterMs })
    this.settle()
  }

  drop(watcher: string): void {
    if (this.#watchers.delete(watcher)) this.settle()
  }

  /** Holds what is heard against what is wanted and may be seen now: after a published change, too. */
  settle(): void {
    this.#settling = this.#settling
      .then(() => this.#settle())
      .catch((fault: unknown) => logFault('session.watch_failed', fault))
  }

  close(): void {
    this.#watchers.clear()
    this.#sweep?.()
    this.settle()
  }

  async #settle(): Promise<void> {
    const now = this.#use.now()
    for (const [name, { until }] of this.#watchers) if (until < now) this.#watchers.delete(name)
    const wanted = this.#wanted()
    for (const [server, held] of this.#held) {
      if (wanted.has(server)) continue
      this.#held.delete(server)
      await held.stop()
    }
    for (const [server, { uris, caller }] of wanted) {
      const held = this.#held.get(server)
      if ((this.#refusedUntil.get(server) ?? 0) > now) continue
      if (held && held.uris.length === uris.length && uris.every((uri) => held.uris.includes(uri))) continue
      const listening = await this.#use.listen(uris, caller, (notice) => this.#heard(server, notice))
      // The new one first: what changes in between is heard twice rather than not at all.
      await held?.stop()
      if (listening.ok) this.#held.set(server, { uris, stop: listening.value })
      else this.#refuse(server, listening.error.code, now)
    }
    this.#sweep?.()
    this.#sweep = this.#watchers.size > 0 ? after(goneAfterMs, () => this.settle()) : null
  }

  #refuse(server: string, code: Refusal['code'], now: number): void {
    this.#held.delete(server)
    if (!passing.includes(code)) this.#refusedUntil.set(server, now + retryAfterMs)
  }

  #wanted(): Map<string, { uris: string[]; caller: Caller }> {
    const wanted = new Map<string, { uris: string[]; caller: Caller }>()
    for (const { uris, caller } of this.#watchers.values()) {
      for (const uri of uris) {
        const server = this.#use.serverOf(uri, caller)
        if (server === null) continue
        const known = wanted.get(server) ?? { uris: [], caller }
        if (!known.uris.includes(uri)) known.uris.push(uri)
        wanted.set(server, known)
      }
    }
    return wanted
  }

  #heard(server: string, notice: UpstreamNotice): void {
    // Listened to again when its stream's Worker says that it is still there.
    if (notice.kind === 'ended') this.#held.delete(server)
    if (notice.kind !== 'resource_updated' || this.#updated.has(notice.uri)) return
    const { uri } = notice
    this.#updated.add(uri)
    after(gatherMs, () => {
      this.#updated.delete(uri)
      const watchers = [...this.#watchers].filter(([, { uris }]) => uris.has(uri)).map(([name]) => name)
      if (watchers.length === 0) return
      this.#use.tell(uri, watchers).catch((fault: unknown) => logFault('session.update_lost', fault))
    })
  }
}
