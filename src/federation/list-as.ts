import { and, eq } from 'drizzle-orm'
import type { UpstreamCredentials } from '../catalog/catalog.ts'
import { needsOf, settingsOf, tokenExchange } from '../catalog/catalog.ts'
import { serviceAccountId, uuidv7 } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { upstreams, users } from '../db/schema.ts'
import { readToolSecrets } from '../db/tool-secrets.ts'
import type { UpstreamCredential } from '../upstream/upstream.ts'
import { exchangeToken } from '../upstream/upstream.ts'
import type { Lease, LeaseRequest } from '../vault/vault.ts'
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
  if (credentials.kind !== 'user' && credentials.kind !== 'exchange') {
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
  credentials: Extract<UpstreamCredentials, { kind: 'user' | 'exchange' }>,
  use: FederationUse,
): Promise<Result<UpstreamCredential>> {
  const { db, project } = use
  const { provider, scopes } = credentials
  // The vault belongs to whoever names it first: only somebody of this project may be named.
  const [known] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.project, project), eq(users.id, user), eq(users.active, true)))
    .limit(1)
  if (!known) return refuse('core/not_found', { message: `There is no active user ${user}.` })
  const lease = await leaseForLists(id, { user, provider, scopes }, use)
  if (!lease.ok) return lease
  if (credentials.kind === 'exchange') return exchanged(credentials, url, lease.value, use)
  return fromLease(lease.value, { id, url })
}

/** The grant that an administrator set for the service account, which no person is behind. */
export async function serviceCredentialOf(
  { id, url }: ListedUpstream,
  { provider, scopes, serviceAccount }: Extract<UpstreamCredentials, { kind: 'service' }>,
  use: FederationUse,
): Promise<Result<UpstreamCredential>> {
  const user = await serviceAccountId(use.project, serviceAccount)
  const lease = await leaseForLists(id, { user, provider, scopes, service: true }, use)
  return lease.ok ? fromLease(lease.value, { id, url }) : lease
}

function leaseForLists(
  id: string,
  wanted: Pick<LeaseRequest, 'user' | 'provider' | 'scopes' | 'service'>,
  { env, project, now }: FederationUse,
): Promise<Result<Lease>> {
  return vaultOf(env, wanted.user).lease({
    project,
    session: `lists of ${project}/${id}`,
    ...wanted,
    why: {
      callId: `lists-${uuidv7(now())}`,
      gateway: 'administration',
      agentId: 'administration',
      agentName: 'Your administrator',
      tool: `Read what ${id} offers`,
      listsOf: id,
    },
  })
}

async function exchanged(
  credentials: Extract<UpstreamCredentials, { kind: 'exchange' }>,
  url: string,
  lease: Lease,
  { db, config, project, egress, now }: FederationUse,
): Promise<Result<UpstreamCredential>> {
  const names = needsOf(credentials).secrets
  const secrets = names.length > 0 ? await readToolSecrets(db, config, project, names) : ok(new Map<string, string>())
  if (!secrets.ok) return secrets
  const wanted = tokenExchange(credentials, url, lease, secrets.value)
  if (!wanted.ok) return wanted
  const made = await exchangeToken(wanted.value, egress, now())
  return made.ok ? ok({ key: 'listing', headers: { authorization: `Bearer ${made.value.token}` } }) : made
}

function fromLease({ secret, header, allowedOrigins }: Lease, { id, url }: ListedUpstream): Result<UpstreamCredential> {
  if (!allowedOrigins.includes(new URL(url).origin)) {
    return refuse('vault/not_allowed', { evidence: { fault: 'origin', upstream: id } })
  }
  return ok({ key: 'listing', headers: { [header.name]: `${header.prefix}${secret}` } })
}
