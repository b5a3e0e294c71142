import { DurableObject } from 'cloudflare:workers'
import { ledgerPorts, Outbox } from '../audit/audit.ts'
import { readConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import { migrate } from '../core/do-migrations.ts'
import type { LogEntry, LogLevel } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { logFault } from '../core/log.ts'
import { openDb } from '../db/db.ts'
import type { Charge } from '../policy/policy.ts'
import type { LiveSession } from './fan-out.ts'
import { fanOut } from './fan-out.ts'
import type { HeadChange } from './live-head.ts'
import { LiveHead } from './live-head.ts'
import type { Change, HubApi, HubStatus, Match, Member, Reach } from './hub-api.ts'
import { readHubName } from './hub-api.ts'
import { LogFanOut } from './log-fan-out.ts'
import { LiveSessions, liveMigrations, staleMigrations } from './live-sessions.ts'
import { loadSnapshot } from './load-snapshot.ts'
import { readPrincipals, type Principals } from './members.ts'
import { SharedCounters, counterMigrations } from './shared-counters.ts'
import type { Listener } from './subscribers.ts'
import { Subscribers } from './subscribers.ts'
import { versionEvents } from './version-events.ts'
import { attentionMs, watchOf } from './watch-api.ts'

/** While somebody is here, D1 is looked at this often: an edit made there directly counts within a minute. */
const lookEveryMs = 30_000
/** `publish` and `end` return by then, with what is left to the alarm (promise 7: 5 s). */
const settleWithinMs = 4_500
const retryAfterMs = 250
/** How often a gateway that nobody listens at makes sure that its servers are watched. */
const watchEveryMs = 3_600_000

/** Append only. */
const hubMigrations = [[...liveMigrations, ...counterMigrations].join('\n'), ...staleMigrations]

/** What the watches were told, and when. */
const unattended = { at: 0, listens: false }

/**
 * One per gateway: who is live here, which version is, and the counters they share. The one place a published change, a kill
 * switch or a switched-off gateway has to reach to reach every session.
 */
export class Hub extends DurableObject<Env> implements HubApi {
  readonly #live: LiveSessions
  readonly #head: LiveHead
  readonly #counters: SharedCounters
  readonly #subscribers: Subscribers
  readonly #outbox: Outbox
  readonly #logs = new LogFanOut()
  #attended = unattended
  #attending: Promise<void> = Promise.resolve()
  #offered: { version: number; upstreams: ReadonlySet<string> } | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    migrate(ctx.storage, hubMigrations)
    this.#live = new LiveSessions(ctx.storage.sql)
    this.#counters = new SharedCounters(ctx.storage.sql)
    this.#subscribers = new Subscribers(ctx)
    const arm = (at: number): void => void this.#wakeIn(at - systemClock())
    this.#outbox = new Outbox(ctx.storage, { ...ledgerPorts(env), arm, now: systemClock })
    this.#head = new LiveHead({
      sql: ctx.storage.sql,
      env,
      of: this.#name,
      onChange: (change) => this.#changed(change),
    })
  }

  async join(session: string, member: Member): Promise<Result<{ version: number; principals: Principals }>> {
    // On the list before D1 is read: a kill switch thrown in between finds the session there.
    const now = systemClock()
    if (!this.#live.add(session, member, now)) return refuse('session/ended')
    const reading = readPrincipals(openDb(this.env.DB), this.#name.project, member, now)
    const [, principals] = await Promise.all([this.#head.look(), reading])
    const { version, enabled } = this.#head
    if (principals === null || version === null || !enabled) {
      this.#live.remove(session)
      return refuse(principals === null ? 'session/ended' : 'gateways/unknown')
    }
    if (!this.#live.confirm(session, version)) return refuse('session/ended')
    await this.#wakeIn(lookEveryMs)
    return ok({ version, principals })
  }

  async leave(session: string): Promise<void> {
    this.#live.remove(session)
  }

  async publish(): Promise<Reach> {
    await this.#head.look()
    return this.#settle()
  }

  async end(match: Match, reason: string): Promise<Reach> {
    const sessions = this.#end(match, reason)
    return { ...(await this.#settle()), sessions }
  }

  async principalsChanged(match: Match): Promise<Reach> {
    const sessions = this.#live.markStale(match, systemClock())
    // Of a session that left for want of calls nobody knows what its client was shown: it is to look again.
    for (const session of this.#subscribers.sessions(match)) {
      if (!this.#live.has(session)) this.#subscribers.tell({ kind: 'list' }, { session })
    }
    if (sessions === 0) return { version: this.#head.version ?? 0, sessions: 0, pending: 0 }
    return { ...(await this.#settle()), sessions }
  }

  async charge(charges: readonly Charge[]): Promise<Result<null>> {
    return this.#counters.charge(charges, systemClock())
  }

  async refund(charges: readonly Charge[]): Promise<void> {
    this.#counters.refund(charges, systemClock())
  }

  async listChanged(session: string): Promise<void> {
    this.#subscribers.tell({ kind: 'list' }, { session })
  }

  async tell(change: Change, session?: string): Promise<void> {
    this.#subscribers.tell(change, session === undefined ? { all: true } : { session })
  }

  async logged(upstream: string, entry: LogEntry, session?: string): Promise<void> {
    if (!(await this.#upstreams()).has(upstream)) return
    const told = this.#logs.take(upstream, entry, session ?? null, systemClock())
    if (told) this.#subscribers.tellLog(upstream, told)
  }

  async hearLog(session: string, watcher: string, level: LogLevel): Promise<void> {
    this.#subscribers.hearLog(session, watcher, level)
    this.#attended = unattended
    this.ctx.waitUntil(this.#attend())
  }

  async status(): Promise<HubStatus> {
    await this.#head.look()
    const { version, enabled, refused } = this.#head
    const pending = version === null ? 0 : this.#live.pending(version).length
    return { version, enabled, refused, pending, sessions: this.#live.count(), subscribers: this.#subscribers.count() }
  }

  /** Only reachable by a stub of this object: opens a stream of changes for one session. */
  override async fetch(request: Request): Promise<Response> {
    const listener = JSON.parse(request.headers.get('behalf-listener') ?? 'null') as Listener | null
    if (listener === null || request.headers.get('upgrade') !== 'websocket') return new Response(null, { status: 400 })
    await this.#wakeIn(lookEveryMs)
    const accepted = this.#subscribers.accept(listener)
    this.ctx.waitUntil(this.#attend())
    return accepted
  }

  override webSocketMessage(): void {
    // Nobody has anything to say here.
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
  }

  override async alarm(): Promise<void> {
    const config = readConfig(this.env)
    if (config.ok) this.#live.removeJoinedBefore(systemClock() - config.value.session.maxAgeMs - 60_000)
    await this.#head.look()
    const left = await this.#tellPending()
    await this.#attend()
    const recordAt = await this.#outbox.flush()
    if (recordAt !== null) await this.#wakeIn(recordAt - systemClock())
    if (left > 0) await this.#wakeIn(retryAfterMs * 8)
    else if (this.#live.count() > 0 || this.#subscribers.count() > 0) await this.#wakeIn(lookEveryMs)
  }

  get #name(): ReturnType<typeof readHubName> {
    const { name } = this.ctx.id
    if (name === undefined) throw new Error('a Hub is reached by its name only')
    return readHubName(name)
  }

  /**
   * The servers behind the gateway are watched while it is in use, and listened to while somebody listens here. One after the
   * other, so that what was true before never arrives last.
   */
  #attend(): Promise<void> {
    this.#attending = this.#attending.catch(() => {}).then(() => this.#attendOnce())
    return this.#attending
  }

  async #attendOnce(): Promise<void> {
    const now = systemClock()
    const listens = this.#subscribers.count() > 0
    const { at, listens: known } = this.#attended
    // The first who listens does not wait because it was just said that nobody does.
    if ((known || !listens) && now - at < (listens ? attentionMs / 3 : watchEveryMs)) return
    this.#attended = { at: now, listens }
    const { project, gateway } = this.#name
    const upstreams = await this.#upstreams()
    const { log } = this.#subscribers
    const told = [...upstreams].map((upstream) => watchOf(this.env, project, upstream).attend(gateway, listens, log))
    for (const one of await Promise.allSettled(told)) {
      if (one.status === 'rejected') logFault('gateways.not_attended', one.reason)
    }
  }

  /** Ids of what the version that is live offers. */
  async #upstreams(): Promise<ReadonlySet<string>> {
    if (this.#head.version === null) await this.#head.look()
    const { version } = this.#head
    if (version === null) return new Set()
    if (this.#offered?.version === version) return this.#offered.upstreams
    const { project, gateway } = this.#name
    const snapshot = await loadSnapshot(this.env, project, gateway, version)
    if (!snapshot.ok) return new Set()
    this.#offered = { version, upstreams: new Set(snapshot.value.upstreams.map(({ target }) => target.id)) }
    return this.#offered.upstreams
  }

  #changed(change: HeadChange): void {
    this.ctx.waitUntil(this.#record(change))
    if (change === 'closed') this.#end({ all: true }, 'gateway_disabled')
    else if (change === 'version' && this.#head.version !== null) {
      this.#subscribers.tell({ kind: 'published', version: this.#head.version })
      this.#attended = unattended
    }
    this.ctx.waitUntil(this.#wakeIn(retryAfterMs))
  }

  /** What is in force, however it came into D1: an administrator may write there without us. */
  async #record(change: HeadChange): Promise<void> {
    const { version } = this.#head
    const { project, gateway } = this.#name
    const snapshot = version === null ? null : await loadSnapshot(this.env, project, gateway, version)
    const of = { project, gateway, version, closed: change === 'closed' }
    const events = versionEvents(of, snapshot?.ok ? snapshot.value : null, systemClock())
    for (const event of events) this.#outbox.put(event)
  }

  #end(match: Match, reason: string): number {
    this.#subscribers.end(match, reason)
    return this.#live.markEnding(match, reason)
  }

  async #settle(): Promise<Reach> {
    const sessions = this.#live.count()
    const giveUpAt = systemClock() + settleWithinMs
    await this.#wakeIn(settleWithinMs)
    let pending = await this.#tellPending()
    while (pending > 0 && systemClock() + retryAfterMs < giveUpAt) {
      await scheduler.wait(retryAfterMs)
      pending = await this.#tellPending()
    }
    return { version: this.#head.version ?? 0, sessions, pending }
  }

  #tellPending(): Promise<number> {
    const sessionOf = (name: string): LiveSession => this.env.SESSION.getByName(name) as unknown as LiveSession
    return fanOut(this.#live, () => this.#head.version ?? 0, sessionOf)
  }

  /** At the latest in `ms`; an earlier alarm stays. */
  async #wakeIn(ms: number): Promise<void> {
    const at = systemClock() + ms
    const set = await this.ctx.storage.getAlarm()
    if (set === null || set > at || set < systemClock()) await this.ctx.storage.setAlarm(at)
  }
}
