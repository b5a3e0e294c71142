import { agentId, appClientId, serviceAccountIssuer } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Admin } from './admin.ts'
import { requireRole } from './admin.ts'
import { upsertAgent } from './agents.ts'
import type { IdentityDeps } from './deps.ts'
import { displayName } from './display-name.ts'
import { identityEvent } from './events.ts'
import type { Key, Role } from './keys.ts'
import { makeKey, markRevoked } from './keys.ts'

export type WantedKey =
  | { kind: 'admin'; name: string; role: Role; expiresAt: number | null }
  /**
   * `agent`: the name under which rules and the record know it; keys with the same one are the same agent.
   * `actsFor`: the issuer whose people it may name. Null: it is a service account.
   */
  | { kind: 'app'; name: string; agent: string; actsFor: string | null; expiresAt: number | null }

/** Makes a key. `token` is shown this once. Errors: `identity/forbidden`, `core/bad_request`. */
export async function createKey(
  admin: Admin,
  wanted: WantedKey,
  deps: IdentityDeps,
): Promise<Result<{ token: string; key: Key }>> {
  // An app key may speak for people, and nobody hands out a role above their own (attack case 35).
  const allowed = requireRole(admin, wanted.kind === 'admin' && wanted.role === 'owner' ? 'owner' : 'admin')
  if (!allowed.ok) return allowed
  const now = deps.now()
  if (wanted.expiresAt !== null && wanted.expiresAt <= now) return refuse('core/bad_request')
  return wanted.kind === 'admin' ? createAdminKey(admin, wanted, deps, now) : createAppKey(admin, wanted, deps, now)
}

async function createAdminKey(
  admin: Admin,
  { name, role, expiresAt }: WantedKey & { kind: 'admin' },
  { db, record }: IdentityDeps,
  now: number,
): Promise<Result<{ token: string; key: Key }>> {
  const wanted = { kind: 'admin', name, role, agent: null, actsFor: null, expiresAt, createdBy: by(admin) } as const
  const { token, key, query } = await makeKey(db, admin.project, wanted, now)
  await query
  await record([identityEvent('identity.key_created', admin, now, facts(key, admin), { key: { name: key.name } })])
  return ok({ token, key })
}

async function createAppKey(
  admin: Admin,
  { name, agent, actsFor, expiresAt }: WantedKey & { kind: 'app' },
  { db, record }: IdentityDeps,
  now: number,
): Promise<Result<{ token: string; key: Key }>> {
  // Else it could name any service account, and its rights with it.
  if (actsFor === serviceAccountIssuer || actsFor === '' || actsFor?.includes('|')) return refuse('core/bad_request')
  const { project } = admin
  const clientId = appClientId(agent)
  const id = await agentId(project, clientId)
  const wanted = { kind: 'app', name, role: 'call', agent: id, actsFor, expiresAt, createdBy: by(admin) } as const
  const { token, key, query } = await makeKey(db, project, wanted, now)
  const shown = displayName(agent, 'Unnamed agent')
  await db.batch([query, upsertAgent(db, project, id, { kind: 'app_key', clientId, name: shown, trust: 'known' }, now)])
  await record([
    identityEvent('identity.key_created', { project, agent: id }, now, facts(key, admin), { key: { name: key.name } }),
  ])
  return ok({ token, key })
}

/** From now on nothing new, and the sessions of its agent end. Errors: `identity/forbidden`, `core/not_found`. */
export async function revokeKey(admin: Admin, id: string, deps: IdentityDeps): Promise<Result<Key>> {
  const allowed = requireRole(admin, 'admin')
  if (!allowed.ok) return allowed
  const { project } = admin
  const now = deps.now()
  const key = await markRevoked(deps.db, project, id, now)
  if (key === null) return refuse('core/not_found')
  const { agent } = key
  await deps.record([
    identityEvent('identity.key_revoked', { project, ...(agent && { agent }) }, now, facts(key, admin), {
      key: { name: key.name },
    }),
  ])
  if (agent) await deps.endSessions(project, { gateway: null, match: { agent }, reason: 'key_revoked' })
  return ok(key)
}

const by = ({ keyId, name }: Admin): string => keyId ?? name

const facts = ({ id, kind, prefix, role, actsFor }: Key, admin: Admin) => {
  return { key: id, kind, prefix, role, actsFor, by: by(admin) }
}
