import { DurableObject } from 'cloudflare:workers'
import { readConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import type { GatewayId } from '../core/ids.ts'
import { logFault } from '../core/log.ts'
import type { LogEntry, LogLevel } from '../core/log-entry.ts'
import { lower, reaches } from '../core/log-entry.ts'
import { after } from '../core/timer.ts'
import type { ListName, WatchApi } from '../gateways/gateways.ts'
import { attentionMs, hubOf, readWatchName } from '../gateways/gateways.ts'
import type { UpstreamNotice } from '../upstream/upstream.ts'
import { nextCheckAt, readHealth } from './health.ts'
import { republish } from './republish.ts'
import { startListening } from './start-listening.ts'
import type { UpstreamRow } from './store.ts'
import { readUpstreamRow } from './store.ts'
import { syncUpstream } from './sync.ts'
import type { FederationUse } from './use.ts'
import { federationUse } from './use.ts'

/** While somebody listens, the object looks this often whether the server's stream still stands. */
const tendEveryMs = 60_000
/** Between a server's word that a list changed and our look at it; what it says meanwhile is one change. */
const settleMs = 200
/** A server that says all the time that something changed makes us look no more often than this. */
const noticeEveryMs = 2_000
const afterFaultMs = 60_000

/**
 * One per upstream of a project, so that a slow or dead one costs no other anything. Looks at it on a schedule, and at once
 * when the server says that a list changed. What it says reaches clients only after its definitions were held against the
 * pins: a changed one is quarantined first (attack case 55). Everything it has to remember is in D1.
 */
export class Watch extends DurableObject<Env> implements WatchApi {
  readonly #attending = new Map<GatewayId, { until: number; log: LogLevel | null }>()
  /** From which level on the server's log is heard now. */
  #log: LogLevel | null = null
  readonly #changed = new Set<ListName>()
  #stop: (() => Promise<void>) | null = null
  #starting: Promise<void> | null = null
  #listening: Promise<void> = Promise.resolve()
  #looking: Promise<void> | null = null
  #noticed: (() => void) | null = null
  #noticedAt = 0
  /** The server's stream was lost: what it would have said meanwhile is not known. */
  #missed = false

  async attend(gateway: GatewayId, listens: boolean, log: LogLevel | null): Promise<void> {
    const now = systemClock()
    if (!listens) return this.#wakeBy(now + tendEveryMs)
    this.#attending.set(gateway, { until: now + attentionMs, log })
    await this.#wakeBy(now + tendEveryMs)
    this.ctx.waitUntil(this.#listen().catch((fault: unknown) => logFault('federation.not_listening', fault)))
  }

  async schedule(): Promise<void> {
    const use = this.#use()
    const row = use && (await readUpstreamRow(use, this.#name.upstream))
    const due = dueAt(row)
    if (due === null) return this.#rest()
    // Its address or its credential may be another now.
    await this.#endListening()
    await this.ctx.storage.setAlarm(Math.max(due, systemClock() + 1_000))
  }

  /** Never throws: an alarm that throws is tried six times and then never again. */
  override async alarm(): Promise<void> {
    const next = await this.#tend().catch((fault: unknown) => {
      logFault('federation.watch_failed', fault)
      return systemClock() + afterFaultMs
    })
    if (next !== null) await this.#wakeBy(next)
  }

  /** Returns when to come again. Null: there is nothing to watch any more. */
  async #tend(): Promise<number | null> {
    const use = this.#use()
    if (!use) return systemClock() + afterFaultMs
    const { upstream } = this.#name
    const row = await readUpstreamRow(use, upstream)
    if (!row?.enabled) {
      await this.#rest()
      if (row?.behind) await republish(upstream, `${upstream} is off`, use)
      return dueAt(await readUpstreamRow(use, upstream))
    }
    const attended = this.#attended()
    if (attended.length > 0) await this.#listen()
    else await this.#endListening()
    const missed = this.#missed && this.#stop !== null
    if (missed || nextCheckAt(readHealth(row.health)) <= systemClock()) await this.#look()
    else if (row.behind) await republish(upstream, `${upstream} changed`, use)
    const due = dueAt(await readUpstreamRow(use, upstream)) ?? systemClock() + afterFaultMs
    return attended.length > 0 ? Math.min(due, systemClock() + tendEveryMs) : due
  }

  /** One look at a time; whoever asks during one shares it. */
  #look(): Promise<void> {
    return (this.#looking ??= this.#lookOnce().finally(() => (this.#looking = null)))
  }

  async #lookOnce(): Promise<void> {
    const use = this.#use()
    if (!use) return
    const changed = [...this.#changed]
    this.#changed.clear()
    this.#missed = false
    const synced = await syncUpstream(this.#name.upstream, use, 'watch')
    if (!synced.ok || synced.value.health.state !== 'up' || changed.length === 0) return
    const { env } = this
    const told = this.#attended().map((gateway) =>
      hubOf(env, use.project, gateway).tell({ kind: 'changed', lists: changed }),
    )
    await Promise.allSettled(told)
  }

  /** One after the other: whoever wants more of the log while it is begun must not be taken for served. */
  #listen(): Promise<void> {
    this.#listening = this.#listening.catch(() => {}).then(() => this.#listenOnce())
    return this.#listening
  }

  async #listenOnce(): Promise<void> {
    const wanted = this.#wantedLog()
    if (this.#stop && lower(wanted, this.#log) === this.#log) return
    // Somebody wants more of the log than the server was asked for. What changes meanwhile is looked at afterwards.
    if (this.#stop) {
      await this.#endListening()
      this.#missed = true
    }
    this.#starting = this.#startListening().finally(() => (this.#starting = null))
    await this.#starting
  }

  async #startListening(): Promise<void> {
    const use = this.#use()
    if (!use) return
    const row = await readUpstreamRow(use, this.#name.upstream)
    if (!row?.enabled) return
    this.#log = this.#wantedLog()
    const started = await startListening(row, use, this.#log, (notice) => this.#heard(notice))
    if (started) this.#stop = started
  }

  #heard(notice: UpstreamNotice): void {
    if (notice.kind === 'ended') {
      this.ctx.waitUntil(this.#endListening())
      this.#missed = true
      return
    }
    if (notice.kind === 'logged') return this.#tellLog(notice.entry)
    if (notice.kind !== 'changed') return
    this.#changed.add(notice.what)
    if (this.#noticed) return
    const now = systemClock()
    const wait = Math.max(settleMs, this.#noticedAt + noticeEveryMs - now)
    this.#noticedAt = now + wait
    this.#noticed = after(wait, () => {
      this.#noticed = null
      this.ctx.waitUntil(this.#look().catch((fault: unknown) => logFault('federation.look_failed', fault)))
    })
  }

  /** To every gateway where somebody wants it. Whether that one offers this server, it knows itself. */
  #tellLog(entry: LogEntry): void {
    const { project, upstream } = this.#name
    const told = this.#attended()
      .filter((gateway) => {
        const log = this.#attending.get(gateway)?.log ?? null
        return log !== null && reaches(entry, log)
      })
      .map((gateway) => hubOf(this.env, project, gateway).logged(upstream, entry))
    this.ctx.waitUntil(Promise.allSettled(told))
  }

  #wantedLog(): LogLevel | null {
    return this.#attended().reduce<LogLevel | null>(
      (level, gateway) => lower(level, this.#attending.get(gateway)?.log ?? null),
      null,
    )
  }

  #attended(): GatewayId[] {
    const now = systemClock()
    for (const [gateway, { until }] of this.#attending) if (until < now) this.#attending.delete(gateway)
    return [...this.#attending.keys()]
  }

  async #rest(): Promise<void> {
    await this.#endListening()
    await this.ctx.storage.deleteAlarm()
  }

  async #endListening(): Promise<void> {
    await this.#starting
    const stop = this.#stop
    this.#stop = null
    await stop?.().catch((fault: unknown) => logFault('federation.stop_failed', fault))
  }

  /** At the latest then; an earlier alarm stays. */
  async #wakeBy(at: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > at) await this.ctx.storage.setAlarm(at)
  }

  #use(): FederationUse | null {
    const config = readConfig(this.env)
    return config.ok ? federationUse(this.env, config.value, this.#name.project, systemClock) : null
  }

  get #name(): ReturnType<typeof readWatchName> {
    const { name } = this.ctx.id
    if (name === undefined) throw new Error('a watch is reached by its name only')
    return readWatchName(name)
  }
}

/** Null: there is nothing to watch any more. A gateway that could not be published is tried again soon. */
function dueAt(row: UpstreamRow | null): number | null {
  const check = row?.enabled ? nextCheckAt(readHealth(row.health)) : null
  if (!row?.behind) return check
  return Math.min(check ?? Infinity, systemClock() + afterFaultMs)
}
