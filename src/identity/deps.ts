import type { AuditEvent } from '../audit/audit.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { AgentId, GatewayId, ProjectId, SessionId, UserId } from '../core/ids.ts'
import type { SignInCredential } from '../core/sign-in-provider.ts'
import type { Db } from '../db/db.ts'
import type { Egress } from '../egress/egress.ts'
import type { OAuthStorage } from './authorization-server.ts'
import type { Grant } from './grant/grant.ts'

/** What this room works with. `identityDeps` in the front door builds it for a request. */
export type IdentityDeps = {
  config: Config
  db: Db
  /** OAuth client records; never anything that decides. */
  clients: OAuthStorage
  grants: DurableObjectNamespace<Grant>
  egress: Egress
  now: Clock
  /** Durable before it returns. */
  record: (events: AuditEvent[]) => Promise<void>
  /** Which gateway a URL belongs to, in path or host form. Null: none. */
  resolveGateway: (url: URL) => Promise<GatewayRoute | null>
  /** Ends live sessions. `gateway` null: of the whole project. */
  endSessions: (project: ProjectId, which: EndSessions) => Promise<unknown>
  /** Live sessions go by what the directory says now. */
  principalsChanged: (project: ProjectId, match: { user: UserId } | { agent: AgentId }) => Promise<unknown>
  /** Seals it in the person's vault. */
  keepSignIn: (project: ProjectId, user: UserId, credential: SignInCredential) => Promise<unknown>
  /** Takes it away again. */
  forgetSignIn: (user: UserId) => Promise<void>
}

export type EndSessions = {
  gateway: GatewayId | null
  match: { session: SessionId } | { user: UserId } | { agent: AgentId }
  reason: string
}
