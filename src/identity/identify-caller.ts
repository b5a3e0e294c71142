import type { Caller } from '../core/caller.ts'
import { utf8 } from '../core/bytes.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { sha256Sync } from '../core/sha256.ts'
import { agentQuery, groupsQuery, toAgent, toUser, userOf, userQuery } from '../db/principals.ts'
import { callerByAppKey } from './app-key.ts'
import { asLibraryResource } from './authorization-server.ts'
import { clientAddress } from './client-address.ts'
import type { Credential } from './credential.ts'
import { readCredential, unauthenticated } from './credential.ts'
import type { IdentityDeps } from './deps.ts'
import { grantObjectName, readGrantName } from './grant/name.ts'
import { createMemory } from './remember.ts'
import { baseScope } from './names.ts'

/** How long a revoked token can still pass here. Revocation ends the session itself, so that does not wait for this. */
const rememberMs = 30_000
const remembered = createMemory<Caller>(5_000)

/**
 * Both identities of a request, verified. Every failure is the same `identity/unauthenticated` from outside; the reason is in
 * the evidence. A warm call reads nothing: no D1, no KV, no Durable Object.
 */
export async function identifyCaller(
  request: Request,
  route: GatewayRoute,
  deps: IdentityDeps,
): Promise<Result<Caller>> {
  const credential = readCredential(request)
  if (!credential.ok) return credential
  const key = memoryKey(credential.value, route)
  const now = deps.now()
  const known = remembered.get(key, now)
  if (known) return ok(from(known, request))
  const caller = await find(credential.value, route, deps)
  if (!caller.ok) return caller
  remembered.set(key, caller.value, Math.min(now + rememberMs, caller.value.expiresAt))
  return ok(from(caller.value, request))
}

/** For tests, which move the clock and the database under a living isolate. */
export const forgetCallers = (): void => remembered.forget()

function from(caller: Caller, request: Request): Caller {
  const address = clientAddress(request)
  return address === null ? caller : { ...caller, clientAddress: address }
}

/** The token only as its hash, of fixed length. No id and no header has a line break in it, so no two lists of fields give one key. */
function memoryKey(credential: Credential, { project, gateway }: GatewayRoute): string {
  const onBehalfOf = credential.kind === 'app_key' ? (credential.onBehalfOf ?? '') : ''
  const hash = String.fromCharCode(...sha256Sync(utf8(credential.token)))
  return [hash, project, gateway, onBehalfOf].join('\n')
}

function find(credential: Credential, route: GatewayRoute, deps: IdentityDeps): Promise<Result<Caller>> {
  const mode = credential.kind === 'token' ? 'oauth' : 'app_key'
  if (!route.signIn.modes.includes(mode)) return Promise.resolve(unauthenticated('not_accepted_here'))
  return credential.kind === 'token'
    ? callerByToken(credential.token, route, deps)
    : callerByAppKey(credential, route, deps)
}

async function callerByToken(token: string, route: GatewayRoute, deps: IdentityDeps): Promise<Result<Caller>> {
  const name = readGrantName(token)
  if (name === null) return unauthenticated('malformed')
  if (name.project !== route.project) return unauthenticated('other_gateway')
  const verified = await deps.grants.getByName(grantObjectName(name)).verify(token)
  if (verified === null) return unauthenticated('unknown')
  const { facts, scope, expiresAt } = verified
  const readAt = deps.now()
  if (readAt >= expiresAt) return unauthenticated('expired')
  // Both: a slug may pass to another gateway, and one gateway answers at several URLs.
  const isHere = facts.project === route.project && facts.gateway === route.gateway
  if (!isHere || !route.resources.some((one) => asLibraryResource(one) === facts.resource))
    return unauthenticated('other_gateway')

  const { db } = deps
  const [userRows, groupRows, agentRows] = await db.batch([
    userQuery(db, facts.project, facts.user),
    groupsQuery(db, facts.project, facts.user),
    agentQuery(db, facts.project, facts.agent),
  ])
  if (!userRows[0]?.active) return unauthenticated('user_gone')
  if (!agentRows[0] || agentRows[0].disabled) return unauthenticated('agent_gone')
  if (!scope.includes(baseScope)) return refuse('identity/insufficient_scope')

  const user = userOf(toUser(userRows[0], groupRows))
  const { project, gateway, grant, authenticatedAt } = facts
  return ok({ project, gateway, user, agent: toAgent(agentRows[0]), readAt, grant, authenticatedAt, expiresAt })
}
