import type { Json } from './json.ts'
import type { AgentId, GatewayId, GrantId, ProjectId, UserId } from './ids.ts'

/** The second identity: the person (or service account) an agent acts for. The key is (issuer, subject). */
export type User = {
  id: UserId
  kind: 'person' | 'service_account'
  issuer: string
  subject: string
  name: string
  /** For display and for rules about domains. Never an identifier: addresses are reassigned (attack case 18). */
  email?: string
  /** Groups and roles as the directory and the sign-in say. */
  groups: readonly string[]
  attributes: Readonly<Record<string, Json>>
}

/** The first identity: the application that calls. */
export type Agent = {
  id: AgentId
  kind: 'cimd' | 'dcr' | 'registered' | 'app_key'
  /** CIMD URL, registered client id or app key id. */
  clientId: string
  name: string
  /** Host of a CIMD client id: the only part of its name that somebody vouches for. */
  host?: string
  trust: 'unknown' | 'known' | 'trusted'
}

/** Who is calling: both identities, verified. Plain data, so that it crosses RPC. */
export type Caller = {
  project: ProjectId
  gateway: GatewayId
  user: User
  agent: Agent
  /** When both were last read from the directory, or before. Whoever holds a later reading goes by that. */
  readAt: number
  grant: GrantId
  /** When the person last signed in (not when the token was made). */
  authenticatedAt: number
  /** When the credential behind this caller stops working. */
  expiresAt: number
  clientAddress?: string
}
