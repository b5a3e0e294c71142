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

const pool = new Uint8Array(1024)
let poolUsed = pool.length

/** Asking the platform for 16 bytes costs as much as asking for 1,024. Each is given out once. */
function pooledBytes(): Uint8Array<ArrayBuffer> {
  if (poolUsed === pool.length) {
    crypto.getRandomValues(pool)
    poolUsed = 0
  }
  poolUsed += 16
  return pool.slice(poolUsed - 16, poolUsed)
}

/** UUIDv7 (RFC 9562 §5.7): sorts by time of making. An identifier, not a secret. */
export function uuidv7(now: number): string {
  const bytes = pooledBytes()
  new DataView(bytes.buffer).setUint32(0, Math.floor(now / 0x10000))
  new DataView(bytes.buffer).setUint16(4, now % 0x10000)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const h = hex(bytes)
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
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
