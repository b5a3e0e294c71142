import { base64url, hex, lengthPrefixed, randomBytes, sha256 } from './bytes.ts'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

export type ProjectId = Id<'project'>
export type GatewayId = Id<'gateway'>
/** Hash of (project, issuer, subject). E-mail is never part of it. */
export type UserId = Id<'user'>
export type AgentId = Id<'agent'>
export type GrantId = Id<'grant'>
export type SessionId = Id<'session'>
export type CallId = Id<'call'>
export type EventId = Id<'event'>
export type ConnectionId = Id<'connection'>

let pool = ''
let poolUsed = 0

/** Random hex digits. Asking the platform for ten bytes costs as much as asking for a thousand. Each is given out once. */
function randomDigits(count: number): string {
  if (poolUsed + count > pool.length) {
    pool = hex(randomBytes(1_000))
    poolUsed = 0
  }
  poolUsed += count
  return pool.slice(poolUsed - count, poolUsed)
}

/** UUIDv7 (RFC 9562 §5.7): sorts by time of making. An identifier, not a secret. */
export function uuidv7(now: number): string {
  const time = Math.floor(now).toString(16).padStart(12, '0')
  const random = randomDigits(19)
  const variant = '89ab'[Number.parseInt(random.slice(0, 1), 16) % 4]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(1, 4)}-${variant}${random.slice(4, 7)}-${random.slice(7)}`
}

/** 256 random bits, for anything whose knowledge is a right. */
export function randomToken(): string {
  return base64url(randomBytes(32))
}

async function hashId(...fields: string[]): Promise<string> {
  return base64url(await sha256(lengthPrefixed(...fields)))
}

export async function userId(project: ProjectId, issuer: string, subject: string): Promise<UserId> {
  return (await hashId('user', project, issuer, subject)) as UserId
}

/** `clientId`: CIMD URL, registered client id, or the agent's own id for app keys. */
export async function agentId(project: ProjectId, clientId: string): Promise<AgentId> {
  return (await hashId('agent', project, clientId)) as AgentId
}

/** Issuer of service accounts: they sign in nowhere, so no identity provider can claim to be one. */
export const serviceAccountIssuer = 'urn:behalf:service-account'

/** Client id of an agent that has app keys, by its name. */
export const appClientId = (name: string): string => `app:${name}`

/** A service account is the agent its key was made for, acting as itself. `name` is that agent's. */
export async function serviceAccountId(project: ProjectId, name: string): Promise<UserId> {
  return userId(project, serviceAccountIssuer, await agentId(project, appClientId(name)))
}

/** One agent acting for one user through one gateway under one grant. Not a protocol session. */
export async function sessionId(
  project: ProjectId,
  gateway: GatewayId,
  user: UserId,
  agent: AgentId,
  grant: GrantId,
): Promise<SessionId> {
  return (await hashId('session', project, gateway, user, agent, grant)) as SessionId
}
