import type { AuditEvent, Outbox } from '../audit/audit.ts'
import type { Config } from '../config/config.ts'
import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { SessionId } from '../core/ids.ts'
import { isObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import type { LogLevel } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import { SharedTimer } from '../core/timer.ts'
import { ok, refuse } from '../core/result.ts'
import { openDb } from '../db/db.ts'
import { readToolSecrets } from '../db/tool-secrets.ts'
import { createEgress } from '../egress/egress.ts'
import type { Change, HubApi, ListName, Principals, Snapshot } from '../gateways/gateways.ts'
import { hubOf, isAssigned, loadSnapshot, readPrincipals } from '../gateways/gateways.ts'
import type { OwnUse, Runtime, Upstreams } from '../runtime/runtime.ts'
import {
  createRunner,
  createUpstreams,
  listPrompts,
  listResources,
  listTemplates,
  offerGateway,
  screenCall,
  shownTools,
} from '../runtime/runtime.ts'
import { scrub, vaultOf } from '../vault/vault.ts'
import type { GatewayFeatures } from './api.ts'
import { approvalMigrations, StoredApprovals } from './approvals.ts'
import { consentScopes } from './consent-scopes.ts'
import { HeldLeases } from './credentials.ts'
import { factsMigrations, SessionMemory } from './facts.ts'
import { ownUse } from './own-use.ts'
import { ExchangedTokens } from './exchanged-tokens.ts'
import { HeldSecrets } from './held-secrets.ts'
import { createRecorder, sessionEvent } from './record.ts'
import { decisionPointAsker } from './ask-decision-point.ts'
import { outsideWorld } from './outside-world.ts'
import { ResourceWatch } from './resource-watch.ts'
import { ShownList } from './shown-list.ts'
import type { SessionRow } from './session-row.ts'
import { dropUnfinishedTasks } from './task-store.ts'
import { belongsTo, readRow, rowMigrations, seenRow, startRow } from './session-row.ts'
import { listenToResources, serverOf } from './watch-resources.ts'

export const sessionMigrations = [[...rowMigrations, ...factsMigrations, ...approvalMigrations].join('\n')]

/** A killed session stays refused until every memory of its token elsewhere (30 s) has run out; then identity decides again. */
const endedForMs = 60_000

export type SessionUse = {
  ctx: DurableObjectState
  env: Env
  config: Config
  outbox: Outbox
  caller: Caller
  now: Clock
  /** Whether a client of this session may hear what is logged outside of calls. */
  wantsLog: () => boolean
}

/** A session in memory: what `runtime` needs, put together once and kept until the object sleeps or the session ends. */
export class LiveSession {
  readonly runtime: Runtime
  readonly leases: HeldLeases
  readonly shown: ShownList
  readonly own: OwnUse
  readonly resources: ResourceWatch
  readonly #use: SessionUse
  readonly #row: SessionRow
  readonly #upstreams: Upstreams
  readonly #exchanged: ExchangedTokens
  /** Live credentials that are in this session's memory. */
  readonly #secrets: () => string[]
  #snapshot: Snapshot
  #principals: Principals
  #seenAt: number

  private constructor(use: SessionUse, snapshot: Snapshot, principals: Principals, row: SessionRow) {
    const { ctx, env, config, caller, outbox, now } = use
    const session = nameOf(ctx)
    const { sql } = ctx.storage
    this.#use = use
    this.#row = row
    this.#snapshot = snapshot
    this.#principals = principals
    this.#seenAt = now()
    this.leases = new HeldLeases({
      vault: (user) => vaultOf(env, user),
      session,
      gateway: snapshot.slug,
      now,
      consent: (provider) => consentScopes(this.#snapshot, provider),
    })
    const times = { startedAt: row.started_at, authenticatedAt: row.authenticated_at }
    const gateway = () => this.#snapshot.slug
    const timer = new SharedTimer()
    const egress = createEgress(config, {}, timer)
    this.#upstreams = createUpstreams({
      egress,
      now,
      timer,
      project: caller.project,
      onLog: (upstream, entry) => {
        if (!use.wantsLog()) return
        const told = this.#hub().logged(upstream, scrub(entry, this.#secrets()), session)
        ctx.waitUntil(told.catch((fault: unknown) => logFault('session.log_lost', fault)))
      },
    })
    this.#exchanged = new ExchangedTokens(now)
    const hub = hubOf(env, caller.project, caller.gateway)
    const held = new HeldSecrets((names) => readToolSecrets(openDb(env.DB), config, caller.project, names), now)
    this.#secrets = () => [...this.leases.secrets(), ...this.#exchanged.secrets(), ...held.values()]
    const secrets = (names: readonly string[]) => held.get(names)
    this.resources = new ResourceWatch({
      now,
      serverOf: (uri, who) => serverOf(uri, this.current(who), this.runtime, this.#snapshot),
      listen: (uris, who, onNotice) =>
        listenToResources(uris, who, onNotice, {
          upstreams: this.#upstreams,
          leases: this.leases,
          exchanged: this.#exchanged,
          egress,
          snapshot: this.#snapshot,
          runtime: this.runtime,
          secrets,
          now,
        }),
      tell: (uri, watchers) => this.tell({ kind: 'resource_updated', uri, watchers }),
    })
    this.runtime = {
      now,
      gateway: offerGateway(snapshot),
      facts: new SessionMemory(sql, hub, times, now, () => {
        if (this.runtime.gateway.readsTaint) ctx.waitUntil(hub.listChanged(session).catch(() => undefined))
      }),
      record: createRecorder(outbox, session, () => this.#snapshot),
      credentials: this.leases,
      approvals: new StoredApprovals({ sql, db: openDb(env.DB), config, outbox, session, gateway, now }),
      askDecisionPoint: decisionPointAsker({ egress, secrets, now }),
      runner: createRunner(
        outsideWorld({
          env,
          egress,
          upstreams: this.#upstreams,
          leases: this.leases,
          exchanged: this.#exchanged,
          snapshot: () => this.#snapshot,
          secrets,
          now,
        }),
      ),
      screen: (plan, call) =>
        screenCall(plan, call, {
          secrets: () => this.#secrets(),
        }),
    }
    const { facts } = this.runtime
    const vault = (user: string) => vaultOf(env, user)
    const record = (event: AuditEvent) => outbox.put(event, this.#snapshot.recording)
    this.own = ownUse({ config, session, snapshot: () => this.#snapshot, vault, facts, record, now })
    this.shown = new ShownList(({ caller: who, features }) =>
      shownTools(this.current(who), features, this.runtime, this.own.finding),
    )
  }

  /**
   * Errors: `session/unknown` (another's), `session/ended`, `gateways/unknown`, `gateways/not_assigned`.
   * The Hub is asked first: what it says is in force for new sessions at once (promise 7).
   */
  static async open(use: SessionUse): Promise<Result<LiveSession>> {
    const { ctx, env, caller, config, outbox, now } = use
    const { sql } = ctx.storage
    const known = readRow(sql)
    if (known && !belongsTo(known, caller)) return refuse('session/unknown')
    if (known?.ended_at && now() - known.ended_at < endedForMs) {
      return refuse('session/ended', { evidence: { reason: known.ended_because } })
    }
    const hub = hubOf(env, caller.project, caller.gateway)
    const joined = await hub.join(nameOf(ctx), { user: caller.user.id, agent: caller.agent.id })
    if (!joined.ok) return joined
    const snapshot = await loadSnapshot(env, caller.project, caller.gateway, joined.value.version)
    if (!snapshot.ok) return snapshot
    const { principals } = joined.value
    if (!isAssigned(snapshot.value, asRead(caller, principals))) return refuse('gateways/not_assigned')

    if (known && !known.ended_at && !tooOld(known.started_at, known.seen_at, config, now())) {
      return ok(new LiveSession(use, snapshot.value, principals, known))
    }
    forget(sql)
    const row = startRow(sql, caller, snapshot.value.slug, now())
    outbox.put(sessionEvent('session.started', row, nameOf(ctx), now()))
    return ok(new LiveSession(use, snapshot.value, principals, row))
  }

  get pageSize(): number {
    return this.#snapshot.pageSize
  }

  get row(): SessionRow {
    return this.#row
  }

  about(): { name: string; title: string; instructions: string; version: number; features: GatewayFeatures } {
    const { slug, title, instructions, version } = this.#snapshot
    return { name: slug, title, instructions, version, features: featuresOf(this.#snapshot) }
  }

  /** False when the session has to be opened again: it is too old, or was idle for too long. */
  touch(now: number): boolean {
    if (tooOld(this.#row.started_at, this.#seenAt, this.#use.config, now)) return false
    this.#seenAt = now
    return true
  }

  /** Swaps the rules under a live session. A call in flight keeps the decision it has. */
  async take(version: number): Promise<Result<null>> {
    const { env, caller } = this.#use
    if (version === this.#snapshot.version) return ok(null)
    const snapshot = await loadSnapshot(env, caller.project, caller.gateway, version)
    if (!snapshot.ok) return snapshot
    if (!isAssigned(snapshot.value, this.current(caller))) return refuse('gateways/not_assigned')
    this.#snapshot = snapshot.value
    this.runtime.gateway = offerGateway(snapshot.value)
    // Which account is to be used, and how far, may be another now (promise 7).
    this.leases.recall(null)
    this.resources.settle()
    return ok(null)
  }

  /** The caller of a request, with what the directory says of both: the Worker may remember what it said half a minute ago. */
  current(caller: Caller): Caller {
    return asRead(caller, this.#principals)
  }

  /**
   * Reads the directory anew, and returns the lists that look different to this caller now. Null: the gateway is not for them any
   * more, or one of them was cut off.
   */
  async readDirectory(): Promise<ListName[] | null> {
    const { env, caller, now } = this.#use
    const member = { user: caller.user.id, agent: caller.agent.id }
    const principals = await readPrincipals(openDb(env.DB), caller.project, member, now())
    if (principals === null) return null
    const before = this.#offered()
    if (principals.readAt >= this.#principals.readAt) this.#principals = principals
    if (!isAssigned(this.#snapshot, this.current(caller))) return null
    this.resources.settle()
    const after = this.#offered()
    const changed = (['prompts', 'resources'] as const).filter((list) => before[list] !== after[list])
    return this.shown.hasChanged() ? ['tools', ...changed] : changed
  }

  #offered(): { prompts: string; resources: string } {
    const caller = this.current(this.#use.caller)
    const prompts = listPrompts(caller, this.runtime)
    const resources = [listResources(caller, this.runtime), listTemplates(caller, this.runtime)]
    return { prompts: JSON.stringify(prompts), resources: JSON.stringify(resources) }
  }

  /** Credentials that may no longer be used. Connections that stand on them go too. */
  recall(connections: readonly string[] | null): void {
    this.leases.recall(connections)
    this.#exchanged.forget(connections)
    const gone =
      connections === null
        ? [this.#upstreams.close()]
        : connections.map((credential) => this.#upstreams.close({ credential }))
    this.#use.ctx.waitUntil(Promise.allSettled(gone))
  }

  /** Whether this caller could read it, and a server behind the gateway tells of its changes. */
  mayWatch(uri: string, caller: Caller): boolean {
    return serverOf(uri, this.current(caller), this.runtime, this.#snapshot) !== null
  }

  /** To the open streams of this session. */
  async tell(change: Change): Promise<void> {
    await this.#hub().tell(change, nameOf(this.#use.ctx))
  }

  /** This conversation's open streams hear the log from another level on. */
  async hearLog(conversation: string, level: LogLevel): Promise<void> {
    await this.#hub().hearLog(nameOf(this.#use.ctx), conversation, level)
  }

  #hub(): HubApi {
    const { env, caller } = this.#use
    return hubOf(env, caller.project, caller.gateway)
  }

  /** Lets go of what is open at upstreams. */
  close(): void {
    this.resources.close()
    this.#use.ctx.waitUntil(this.#upstreams.close())
  }

  /** On disk when somebody was last here, so that the alarm and the next start know. Returns it. */
  storeSeen(): number {
    seenRow(this.#use.ctx.storage.sql, this.#seenAt)
    return this.#seenAt
  }
}

function asRead(caller: Caller, { user, agent, readAt }: Principals): Caller {
  return caller.readAt > readAt ? caller : { ...caller, ...(user && { user }), ...(agent && { agent }), readAt }
}

/** What the servers behind a gateway can do, a client may ask of the gateway. */
function featuresOf({ prompts, resources, templates, upstreams }: Snapshot): GatewayFeatures {
  const some = (name: string, member?: string): boolean =>
    upstreams.some(({ target }) => {
      const capability = target.discovered?.capabilities[name]
      return isObject(capability) && (member === undefined || capability[member] === true)
    })
  return {
    tools: true,
    prompts: prompts.length > 0,
    resources: resources.length > 0 || templates.length > 0,
    completions: some('completions'),
    subscribe: some('resources', 'subscribe'),
    logging: some('logging'),
  }
}

export function tooOld(startedAt: number, seenAt: number, config: Config, now: number): boolean {
  return now - seenAt > config.session.idleMs || now - startedAt > config.session.maxAgeMs
}

export function nameOf(ctx: DurableObjectState): SessionId {
  if (ctx.id.name === undefined) throw new Error('a session is only reached by its name')
  return ctx.id.name as SessionId
}

/** A new session under the same name starts with an empty memory. */
function forget(sql: SqlStorage): void {
  for (const table of ['steps', 'spent', 'taint', 'approvals', 'session']) sql.exec(`DELETE FROM ${table}`)
  dropUnfinishedTasks(sql)
}
