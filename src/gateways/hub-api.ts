import type { GatewayId, ProjectId } from '../core/ids.ts'
import type { LogEntry, LogLevel } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import type { Charge } from '../policy/policy.ts'
import type { Principals } from './members.ts'

/** Who a session belongs to, so that it can be ended by it. */
export type Member = { user: string; agent: string }

/** Which live sessions. `all` is every session of the gateway. */
export type Match = { all: true } | { user: string } | { agent: string } | { session: string }

/** How far a change has come when the call returns. `pending` sessions are tried again until they took it or are gone. */
export type Reach = { version: number; sessions: number; pending: number }

export type ListName = 'tools' | 'prompts' | 'resources'

/** What subscribers hear. A `watcher` is one stream, or one conversation of a legacy client. */
export type Change =
  | { kind: 'published'; version: number }
  /** A server behind the gateway said so, and what it says now was held against the pins. */
  | { kind: 'changed'; lists: ListName[] }
  /** What this session may see has changed, and nobody else's. */
  | { kind: 'list' }
  | { kind: 'resource_updated'; uri: string; watchers: string[] }
  /** This watcher's session has resources to watch from now on. */
  | { kind: 'watching'; watcher: string }
  /** What a link was for, which this watcher was given, is done. */
  | { kind: 'elicited'; watcher: string; id: string }
  /** A server behind the gateway logged something outside of any call. */
  | { kind: 'logged'; upstream: string; entry: LogEntry }
  /** This watcher wants to hear from another level of the log on: its session knows which. */
  | { kind: 'log_level'; watcher: string }
  /** This task of the session's, by its own id, is not what it was. */
  | { kind: 'task'; task: string }
  | { kind: 'ended'; reason: string }

/**
 * The Hub of one gateway: the one place that knows the live sessions. Named by `hubName`.
 * Errors of `join`: `gateways/unknown` (no such gateway, or disabled), `session/ended` (user or agent is cut off).
 */
export type HubApi = {
  /** A session calls this before it serves anything, and again whenever it starts anew. */
  join(session: string, member: Member): Promise<Result<{ version: number; principals: Principals }>>
  leave(session: string): Promise<void>
  /** Looks at D1 now and returns when live sessions are where D1 is, at the latest after 4.5 s. */
  publish(): Promise<Reach>
  /** Kill switch. Returns like `publish`. */
  end(match: Match, reason: string): Promise<Reach>
  /** What the directory says of these is not what it said. Returns like `publish`. */
  principalsChanged(match: Match): Promise<Reach>
  /** All of these amounts or none. Errors: `policy/limit_reached`. */
  charge(charges: readonly Charge[]): Promise<Result<null>>
  refund(charges: readonly Charge[]): Promise<void>
  /** A session says that its own lists are not what they were. */
  listChanged(session: string): Promise<void>
  /** Hands it to the open streams: of one session, or all. */
  tell(change: Change, session?: string): Promise<void>
  /** A server behind the gateway logged something: heard by its watch, for everybody, or on a session's own connection. */
  logged(upstream: string, entry: LogEntry, session?: string): Promise<void>
  /** From now on the streams of this watcher hear the log from this level on. */
  hearLog(session: string, watcher: string, level: LogLevel): Promise<void>
  status(): Promise<HubStatus>
}

export type HubStatus = {
  version: number | null
  enabled: boolean
  sessions: number
  pending: number
  subscribers: number
  /** A version in D1 that was not taken up, and why. */
  refused: { version: number; fault: string } | null
}

/** Part of nothing else: two fields in JSON cannot be mistaken for two others. */
export function hubName(project: ProjectId, gateway: GatewayId): string {
  return JSON.stringify([project, gateway])
}

export function readHubName(name: string): { project: ProjectId; gateway: GatewayId } {
  const [project, gateway] = JSON.parse(name) as [ProjectId, GatewayId]
  return { project, gateway }
}

export function hubOf(env: Env, project: ProjectId, gateway: GatewayId): HubApi {
  return env.HUB.getByName(hubName(project, gateway)) as unknown as HubApi
}
