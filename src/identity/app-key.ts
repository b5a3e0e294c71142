import type { Agent, Caller, User } from '../core/caller.ts'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { GrantId } from '../core/ids.ts'
import { serviceAccountIssuer } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import { readAgent } from './agents.ts'
import type { Credential } from './credential.ts'
import { unauthenticated } from './credential.ts'
import type { IdentityDeps } from './deps.ts'
import { findOrAddUser } from './directory.ts'
import { directoryChanged } from './directory-changed.ts'
import type { Key } from './keys.ts'
import { recordKeyUse } from './key-used.ts'
import { findKey } from './keys.ts'

/** A key without an end is asked about again after this long; until then it is remembered for seconds only. */
const noEndMs = 86_400_000

/** An app key acts for the person it names, if it may, or else as its own service account. */
export async function callerByAppKey(
  credential: Credential & { kind: 'app_key' },
  route: GatewayRoute,
  deps: IdentityDeps,
): Promise<Result<Caller>> {
  const now = deps.now()
  const key = await findKey(deps.db, 'app', credential.token, now)
  if (key === null || key.agent === null) return unauthenticated('unknown')
  if (key.project !== route.project) return unauthenticated('other_gateway')
  const agent = await readAgent(deps.db, key.project, key.agent)
  if (agent === null) return unauthenticated('agent_gone')

  const named = namedUser(key, agent, credential.onBehalfOf)
  if (named === null) return unauthenticated('user_header')
  const found = await findOrAddUser(deps.db, key.project, named, now)
  const { active, signedOutAt: _, ...user } = found.user
  if (!active) return unauthenticated('user_gone')

  if (found.added) await deps.record(directoryChanged(key.project, null, user, 'app_key', now))
  await recordKeyUse(key, deps)

  const { project, gateway } = route
  const grant = `key:${key.id}` as GrantId
  const expiresAt = key.expiresAt ?? now + noEndMs
  return ok({ project, gateway, user, agent, readAt: now, grant, authenticatedAt: now, expiresAt })
}

/**
 * `issuer|subject`, where the issuer is exactly the one the key may act for. A key that acts for people never falls back to
 * acting as itself, and one that does not may name nobody: either would give it rights that nobody gave.
 */
export function namedUser(
  key: Pick<Key, 'actsFor'>,
  agent: Pick<Agent, 'id' | 'name'>,
  header: string | null,
): Pick<User, 'kind' | 'issuer' | 'subject' | 'name'> | null {
  if (key.actsFor === null) {
    if (header !== null) return null
    return { kind: 'service_account', issuer: serviceAccountIssuer, subject: agent.id, name: agent.name }
  }
  const subject = header?.startsWith(`${key.actsFor}|`) ? header.slice(key.actsFor.length + 1) : ''
  if (subject === '' || subject.length > 255) return null
  return { kind: 'person', issuer: key.actsFor, subject, name: subject }
}
