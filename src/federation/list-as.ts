import { and, eq } from 'drizzle-orm'
import type { UpstreamCredentials } from '../catalog/catalog.ts'
import { settingsOf } from '../catalog/catalog.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { upstreams, users } from '../db/schema.ts'
import type { UpstreamCredential } from '../upstream/upstream.ts'
import { vaultOf } from '../vault/vault.ts'
import type { UpstreamRow } from './store.ts'
import type { FederationUse } from './use.ts'

export type ListedUpstream = { id: string; url: string }

/** What is offered is read with this user's grant from now on. `connect`: the link that only they can use, if they have none yet. */
export async function listAs(
  user: string,
  row: UpstreamRow,
  use: FederationUse,
): Promise<Result<{ connect: string | null }>> {
  const settings = settingsOf(row)
  const { credentials } = settings
  if (credentials.kind !== 'user') {
    return refuse('core/bad_request', { message: 'This server has no sign-in for each user yet.' })
  }
  const lent = await credentialOf(user, row, credentials, use)
  const connect = lent.ok ? null : (lent.error.help?.url ?? null)
  if (!lent.ok && connect === null) return lent
  const set = { settings: { ...settings, listAs: user }, updatedAt: use.now() }
  await use.db
    .update(upstreams)
    .set(set)
    .where(and(eq(upstreams.project, use.project), eq(upstreams.id, row.id)))
  return ok({ connect })
}

/**
 * The grant of one user at a server that shows its lists to nobody else, named by an administrator, which is recorded. It is
 * used for lists and for nothing more.
 *
 * Errors: `core/not_found` for no active user of the project; `vault/authorization_needed` with the link for this user alone.
 */
export async function credentialOf(
  user: string,
  { id, url }: ListedUpstream,
  { provider, scopes }: Extract<UpstreamCredentials, { kind: 'user' }>,
  { db, env, project, now }: FederationUse,
): Promise<Result<UpstreamCredential>> {
  // The vault belongs to whoever names it first: only somebody of this project may be named.
  const [known] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.project, project), eq(users.id, user), eq(users.active, true)))
    .limit(1)
  if (!known) return refuse('core/not_found', { message: `There is no active user ${user}.` })
  const lease = await vaultOf(env, user).lease({
    project,
    user,
    session: `lists of ${project}/${id}`,
    provider,
    scopes,
    why: {
      callId: `lists-${uuidv7(now())}`,
      gateway: 'administration',
      agentId: 'administration',
      agentName: 'Your administrator',
      tool: `Read what ${id} offers`,
    },
  })
  if (!lease.ok) return lease
  const { secret, header, allowedOrigins } = lease.value
  if (!allowedOrigins.includes(new URL(url).origin)) {
    return refuse('vault/not_allowed', { evidence: { fault: 'origin', upstream: id } })
  }
  return ok({ key: 'listing', headers: { [header.name]: `${header.prefix}${secret}` } })
}
