import { DurableObject } from 'cloudflare:workers'
import { ledgerPorts, Outbox } from '../audit/audit.ts'
import { readConfig } from '../config/config.ts'
import type { CallReply, TaskReply, TaskState } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import type { JsonObject } from '../core/json.ts'
import { isLogLevel } from '../core/log-entry.ts'
import { systemClock } from '../core/clock.ts'
import { logFault } from '../core/log.ts'
import { elicitationId } from '../core/elicitation-id.ts'
import { migrate } from '../core/do-migrations.ts'
import type { CallId } from '../core/ids.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Refusal, Result } from '../core/result.ts'
import { withoutEvidence } from '../core/result.ts'
import type { Change, ListName } from '../gateways/gateways.ts'
import { hubOf } from '../gateways/gateways.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import { answerCall, shownUpstreams } from '../runtime/runtime.ts'
import type { OfferCall } from '../runtime/runtime.ts'
import { Alarms } from './alarms.ts'
import type {
  AboutReply,
  CallRequest,
  ConversationApi,
  HearsLog,
  ListReply,
  ListRequest,
  OfferReply,
  OfferRequest,
  OffersApi,
  RefusedRequest,
  SessionApi,
  SessionControl,
  TasksApi,
  WatchApi,
  WatchRequest,
} from './api.ts'
import { Answers } from './answers.ts'
import { Conversations, conversationMigrations } from './conversations.ts'
import { listMark } from './list-mark.ts'
import { LiveSession, nameOf, sessionMigrations } from './live-session.ts'
import { answerOffer } from './offers.ts'
import { pageOf } from './page-of.ts'
import { recordRefusal, refusedSession, sessionEvent } from './record.ts'
import { offerCall, toolCall } from './requested-call.ts'
import { endRow, readRow, slugMigrations } from './session-row.ts'
import { isSubscription, subscribe } from './subscribe.ts'
import { taskMigrations } from './task-store.ts'
import { Tasks } from './tasks.ts'

/**
 * One agent acting for one user through one gateway. A thin host: what a call does is in `runtime`, what is remembered is in
 * `live-session.ts`. Named by `sessionId(...)`; anyone who holds the stub can call what is not `#private`.
 */
export class Session
  extends DurableObject<Env>
  implements SessionApi, OffersApi, ConversationApi, WatchApi, TasksApi, SessionControl
{
  readonly #outbox: Outbox
  readonly #alarms: Alarms
  readonly #conversations: Conversations
  readonly #answers = new Answers()
  readonly #running = new Map<string, AbortController>()
  readonly #tasks: Tasks
  #live: LiveSession | null = null
  #opening: Promise<Result<LiveSession>> | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    migrate(ctx.storage, [...sessionMigrations, ...conversationMigrations, ...slugMigrations, ...taskMigrations])
    this.#alarms = new Alarms(ctx.storage)
    this.#outbox = new Outbox(ctx.storage, {
      ...ledgerPorts(env),
      arm: (at) => this.#alarms.wakeAt('outbox', at),
      now: systemClock,
    })
    this.#conversations = new Conversations(ctx.storage.sql)
    this.#tasks = new Tasks({
      sql: ctx.storage.sql,
      keys: () => {
        const config = readConfig(env)
        return config.ok ? config.value : null
      },
      run: (request) => this.callTool(request),
      cancel: (key) => this.#running.get(key)?.abort(),
      changed: (task) => {
        if (this.#live) this.#tell(this.#live, { kind: 'task', task })
      },
      expireAt: (at) => this.#alarms.wakeAt('tasks', at),
      keepAlive: (work) => ctx.waitUntil(work),
      now: systemClock,
    })
  }

  async about(caller: Caller, conversation?: string): Promise<AboutReply> {
    if (this.#hasEnded(conversation)) return { ok: false, error: { code: 'session/unknown' } }
    const live = await this.#open(caller)
    return live.ok ? { ok: true, ...live.value.about() } : { ok: false, error: withoutEvidence(live.error) }
  }

  async callTool(request: CallRequest): Promise<CallReply> {
    return this.#carry(request, (live, call) => answerCall(toolCall(call, request), live.runtime, live.own))
  }

  async offer(request: OfferRequest): Promise<OfferReply> {
    if (!isSubscription(request)) return this.#carry(request, (live, call) => answerOffer(request, call, live))
    return this.#carry(request, (live, call) => subscribe(request, call, live, this.#conversations))
  }

  async keepWatching({ caller, watcher, resources }: WatchRequest): Promise<boolean> {
    const uris = resources ?? (this.#hasEnded(watcher) ? [] : this.#conversations.watched(watcher))
    if (uris.length === 0) return false
    const live = await this.#open(caller)
    if (!live.ok) return false
    live.value.resources.keep(watcher, uris, caller)
    return true
  }

  async stopWatching(watcher: string): Promise<void> {
    this.#live?.resources.drop(watcher)
  }

  /** Opens the session, and lets `cancelCall` find what runs. */
  async #carry<Reply>(
    request: CallRequest | OfferRequest,
    run: (live: LiveSession, call: OfferCall) => Promise<Reply>,
  ): Promise<Reply | Extract<CallReply, { kind: 'refused' }>> {
    const id = uuidv7(systemClock()) as CallId
    if (this.#hasEnded(request.features.conversation)) {
      return { kind: 'refused', callId: id, error: { code: 'session/unknown' } }
    }
    const live = await this.#open(request.caller)
    if (!live.ok) return { kind: 'refused', callId: id, error: withoutEvidence(live.error) }
    const abort = new AbortController()
    if (request.cancelKey !== undefined) this.#running.set(request.cancelKey, abort)
    try {
      const logLevel = request.logLevel ?? this.#conversations.logLevel(request.features.conversation)
      const asked = { ...request, caller: live.value.current(request.caller) }
      const reply = await run(live.value, offerCall(id, asked, abort.signal, logLevel))
      if (live.value.runtime.gateway.readsSteps && live.value.shown.hasChanged())
        this.#tell(live.value, { kind: 'list' })
      await this.#noteLink(request, reply)
      return reply
    } finally {
      if (request.cancelKey !== undefined) this.#running.delete(request.cancelKey)
    }
  }

  #tell(live: LiveSession, change: Change): void {
    const told = live.tell(change).catch((fault: unknown) => logFault('session.list_change_lost', fault))
    this.ctx.waitUntil(told)
  }

  async recordRefusal({ method, error, ...request }: RefusedRequest): Promise<void> {
    await this.#carry(request, async ({ runtime }, call) =>
      recordRefusal(toolCall(call, request), method, error, runtime),
    )
  }

  async cancelCall(cancelKey: string): Promise<void> {
    this.#running.get(cancelKey)?.abort()
  }

  async callAsTask(request: CallRequest): Promise<CallReply | { kind: 'task'; task: TaskState }> {
    return this.#tasks.call(request)
  }

  async getTask(id: string, caller: Caller): Promise<TaskReply> {
    return this.#ofTask(caller, () => this.#tasks.get(id, caller))
  }

  async updateTask(id: string, responses: JsonObject, caller: Caller): Promise<TaskReply> {
    return this.#ofTask(caller, () => this.#tasks.update(id, responses, caller))
  }

  async cancelTask(id: string, caller: Caller): Promise<TaskReply> {
    return this.#ofTask(caller, () => this.#tasks.cancel(id, caller))
  }

  /** Whoever was cut off gets nothing of a task either. */
  async #ofTask(caller: Caller, work: () => Promise<TaskReply>): Promise<TaskReply> {
    const live = await this.#open(caller)
    return live.ok ? work() : { ok: false, error: withoutEvidence(live.error) }
  }

  async listTools(request: ListRequest): Promise<ListReply> {
    if (this.#hasEnded(request.features.conversation)) return { ok: false, error: { code: 'session/unknown' } }
    const live = await this.#open(request.caller)
    if (!live.ok) return { ok: false, error: withoutEvidence(live.error) }
    const { gateway } = request.caller
    const { runtime, pageSize, shown } = live.value
    const { tools, version } = runtime.gateway
    const { cursor, known } = request
    const page = pageOf(shown.show(request), cursor, pageSize, version)
    const mark = await listMark(gateway, version, page.tools, tools)
    return mark === known ? { ...page, tools: [], mark, unchanged: true } : { ...page, mark }
  }

  async endConversation(conversation: string): Promise<void> {
    this.#conversations.end(conversation, systemClock())
  }

  async setLogLevel(conversation: string, level: string): Promise<void> {
    this.#conversations.setLogLevel(conversation, level, systemClock())
    if (isLogLevel(level)) await this.#live?.hearLog(conversation, level)
  }

  async beginHearing(conversation: string, caller: Caller): Promise<void> {
    const level = this.#hasEnded(conversation) ? undefined : this.#conversations.logLevel(conversation)
    if (!isLogLevel(level)) return
    const live = await this.#open(caller)
    if (live.ok) await live.value.hearLog(conversation, level)
  }

  async hearsLog(conversation: string, caller: Caller): Promise<HearsLog | null> {
    const level = this.#hasEnded(conversation) ? undefined : this.#conversations.logLevel(conversation)
    if (!isLogLevel(level)) return null
    const live = await this.#open(caller)
    return live.ok ? { level, upstreams: shownUpstreams(live.value.current(caller), live.value.runtime) } : null
  }

  async awaitAnswer(conversation: string, question: string, timeoutMs: number): Promise<JsonObject | null> {
    return this.#hasEnded(conversation) ? null : this.#answers.wait(conversation, question, timeoutMs)
  }

  async deliverAnswer(conversation: string, question: string, answer: JsonObject): Promise<void> {
    this.#answers.deliver(conversation, question, answer)
  }

  async snapshotChanged(version: number): Promise<void> {
    const live = await this.#settled()
    const taken = await live?.take(version)
    if (taken && !taken.ok) await this.end(taken.error.code)
  }

  async principalsChanged(): Promise<void> {
    const live = await this.#settled()
    const lists = live ? await live.readDirectory() : everyList
    if (lists === null) {
      // Not ended: whoever is let in again goes on where they were. The next request is asked about anew.
      live?.close()
      if (this.#live === live) this.#live = null
    }
    const row = readRow(this.ctx.storage.sql)
    if (row === null || lists?.length === 0) return
    const change: Change = { kind: 'changed', lists: lists ?? everyList }
    await hubOf(this.env, row.project as ProjectId, row.gateway as GatewayId).tell(change, nameOf(this.ctx))
  }

  async end(reason: string): Promise<void> {
    await this.#settled()
    for (const abort of this.#running.values()) abort.abort()
    this.#answers.giveUp()
    this.#tasks.giveUp()
    this.#live?.close()
    this.#live = null
    const { sql } = this.ctx.storage
    const row = readRow(sql)
    if (!row || row.ended_at !== null) return
    endRow(sql, reason, systemClock())
    this.#outbox.put(sessionEvent('session.ended', row, nameOf(this.ctx), systemClock(), reason))
  }

  async recallLeases(connections: string[] | null): Promise<void> {
    this.#live?.recall(connections)
  }

  async elicited(elicitation: string): Promise<void> {
    const row = readRow(this.ctx.storage.sql)
    const watcher = this.#conversations.takeAsked(elicitation)
    if (row === null || watcher === null) return
    const hub = hubOf(this.env, row.project as ProjectId, row.gateway as GatewayId)
    await hub.tell({ kind: 'elicited', watcher, id: elicitation }, nameOf(this.ctx))
  }

  override async alarm(): Promise<void> {
    await this.#alarms.ring(systemClock(), {
      outbox: () => this.#outbox.flush(),
      idle: () => this.#leaveWhenIdle(),
      tasks: async () => this.#tasks.expire(),
    })
  }

  /** A legacy client is told when what its link was for is done (MCP 2025-11-25). */
  async #noteLink({ features }: CallRequest | OfferRequest, reply: unknown): Promise<void> {
    const { era, elicitationUrl, conversation } = features
    if (era !== 'legacy' || !elicitationUrl || conversation === undefined) return
    const url = (reply as { error?: Refusal }).error?.help?.url
    if (url !== undefined) this.#conversations.asked(await elicitationId(url), conversation, systemClock())
  }

  #hasEnded(conversation: string | undefined): boolean {
    return conversation !== undefined && this.#conversations.hasEnded(conversation)
  }

  /** The live session: at once when it is in memory and neither ended nor too old. */
  #open(caller: Caller): Result<LiveSession> | Promise<Result<LiveSession>> {
    if (this.#live?.touch(systemClock())) return { ok: true, value: this.#live }
    if (this.#live) this.#tasks.stop()
    this.#live = null
    this.#opening ??= this.#start(caller).finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  /** A session that is just opening has joined the Hub already: what the Hub says meanwhile must not pass it by. */
  async #settled(): Promise<LiveSession | null> {
    await this.#opening?.catch(() => undefined)
    return this.#live
  }

  async #start(caller: Caller): Promise<Result<LiveSession>> {
    const config = readConfig(this.env)
    if (!config.ok) return config
    const { ctx, env } = this
    const wantsLog = () => this.#conversations.wantLog
    const use = { ctx, env, config: config.value, outbox: this.#outbox, caller, now: systemClock, wantsLog }
    const live = await LiveSession.open(use)
    if (!live.ok) {
      this.#outbox.put(refusedSession(caller, live.error, nameOf(ctx), systemClock()))
      return live
    }
    this.#live = live.value
    this.#alarms.wakeAt('idle', systemClock() + config.value.session.idleMs)
    return live
  }

  /** Nobody was here for long: the Hub need not tell us anything any more. The next call starts anew. */
  async #leaveWhenIdle(): Promise<number | null> {
    const config = readConfig(this.env)
    const row = readRow(this.ctx.storage.sql)
    if (!config.ok || !row) return null
    const seenAt = this.#live?.storeSeen() ?? row.seen_at
    const idleAt = seenAt + config.value.session.idleMs
    if (idleAt > systemClock()) return idleAt
    this.#tasks.stop()
    this.#live?.close()
    this.#live = null
    await hubOf(this.env, row.project as ProjectId, row.gateway as GatewayId).leave(nameOf(this.ctx))
    return null
  }
}

/** What a client was shown before the session slept is not known, so it is to look again. */
const everyList: ListName[] = ['tools', 'prompts', 'resources']

export type { ClientFeatures } from '../core/call.ts'
export type {
  AboutReply,
  CallRequest,
  ConversationApi,
  GatewayFeatures,
  HearsLog,
  ListReply,
  ListRequest,
  OfferMethod,
  OfferReply,
  OfferRequest,
  OffersApi,
  RefusedRequest,
  SessionApi,
  SessionControl,
  TasksApi,
  WatchApi,
  WatchRequest,
} from './api.ts'
