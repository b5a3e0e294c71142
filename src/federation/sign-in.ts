import { and, eq } from 'drizzle-orm'
import { base64url, sha256 } from '../core/bytes.ts'
import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { sealSecret } from '../core/seal.ts'
import type { UpstreamCredentials } from '../catalog/catalog.ts'
import { serviceAccountId } from '../core/ids.ts'
import { providers, users } from '../db/schema.ts'
import type { Challenge, FoundAuthorization, RegisteredClient } from '../upstream/upstream.ts'
import { createUpstreams, discoverAuthorization, registerClient } from '../upstream/upstream.ts'
import type { By, ServiceCredential } from '../vault/vault.ts'
import { clientSecretContext, makeProvider, vaultOf } from '../vault/vault.ts'
import type { Addresses } from './provider-addresses.ts'
import { addressesFrom, goesTo, isSame, literal } from './provider-addresses.ts'
import type { FederationUse } from './use.ts'

/** How we were registered there by hand. Without it we name ourselves (CIMD) or register (RFC 7591). */
export type KnownClient = { clientId: string; clientSecret: string | null }

export type SignIn = { provider: string; issuer: string; scopes: string[]; clientId: string; redirectUri: string }

/**
 * Makes a provider of a server's own authorization server, so that each user connects an account of theirs through our connect
 * page, and tokens are kept, refreshed and revoked by the Vault as any other.
 *
 * A server that now names another authorization server, or one with other addresses, gets another provider, so that nothing the
 * first one issued is ever shown to the second (SEP-2352): people connect anew, and what they had can still be revoked where
 * it came from.
 *
 * Errors: `core/bad_request` when the server asks nobody to sign in; `upstream/failed` with `evidence.fault` `provider_taken`;
 * those of discovery and registration.
 */
export async function setUpSignIn(
  upstream: { id: string; url: string; title: string },
  use: FederationUse,
  known?: KnownClient,
): Promise<Result<SignIn>> {
  const challenge = await askForChallenge(upstream, use)
  if (!challenge.ok) return challenge
  const found = await discoverAuthorization(upstream.url, challenge.value, use)
  if (!found.ok) return found
  if (found.value.authorizationEndpoint === null && !known) {
    return refuse('upstream/failed', { evidence: { fault: 'no_authorization_endpoint' } })
  }
  const addresses = addressesFrom(upstream, found.value)
  const usable = await providerFor(upstream.id, addresses, use)
  if (!usable.ok) return usable
  const id = usable.value
  const { publicUrl } = use.config
  const redirectUri = `${publicUrl}/connect/callback/${id}`
  const us = { name: 'Behalf', redirectUri, metadataUrl: `${publicUrl}/connect/client/${id}` }
  const client = known
    ? ok({ ...known, auth: knownAuth(found.value, known) })
    : await registerClient(found.value, us, use.egress)
  if (!client.ok) return client
  const { spec, settings } = specFrom(upstream, id, found.value, addresses, client.value)
  const { clientId, clientSecret } = client.value
  const made = makeProvider(use.config, { id, spec, settings, clientId, clientSecret })
  if (!made.ok) return refuse('upstream/failed', { evidence: { ...made.error.evidence, fault: 'provider' } })
  await keepProvider({ id, spec, settings, client: client.value }, use)
  const scopes = found.value.scopes.filter((scope) => scope !== offline)
  return ok({ provider: id, issuer: found.value.issuer, scopes, clientId, redirectUri })
}

/** What the server answers somebody without a token. */
async function askForChallenge(
  { id, url }: { id: string; url: string },
  { egress, now, project }: FederationUse,
): Promise<Result<Challenge>> {
  const upstreams = createUpstreams({ egress, now, project })
  const answer = await upstreams.discover({ id, url, discovered: null }, { key: 'nobody', headers: {} })
  await upstreams.close()
  if (answer.ok) return refuse('core/bad_request', { message: 'This server asks nobody to sign in.' })
  if (answer.error.code !== 'upstream/authorization_needed') return answer
  return ok((answer.error.evidence?.['challenge'] ?? {}) as Challenge)
}

/**
 * The usual id, or one made of the addresses where that one sends what people gave elsewhere. Never one that does: the mark is
 * short enough to be found again by whoever chooses the addresses.
 */
async function providerFor(
  upstream: string,
  addresses: Addresses,
  { db, project }: FederationUse,
): Promise<Result<string>> {
  const usual = await providerId(upstream)
  for (const id of [usual, await shortened(usual, JSON.stringify(goesTo(addresses)))]) {
    const [row] = await db
      .select({ spec: providers.spec })
      .from(providers)
      .where(and(eq(providers.project, project), eq(providers.id, id)))
      .limit(1)
    if (!row || isSame(row.spec, addresses)) return ok(id)
  }
  return refuse('upstream/failed', { evidence: { fault: 'provider_taken' } })
}

/** One for each upstream: cut off without a mark, two long names would share a provider. */
async function providerId(upstream: string): Promise<string> {
  const id = `mcp-${upstream.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}`
  return id.length > longestId ? shortened(id, upstream) : id
}

async function shortened(id: string, of: string): Promise<string> {
  const mark = base64url(await sha256(of))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
  return `${id.slice(0, longestId - 9)}-${mark.slice(0, 8)}`
}

const longestId = 40

/** RFC 6749 §4.4: our service's own grant at the server, kept by the Vault as the credential of a service account. */
export async function setUpService(
  upstream: { id: string; url: string; title: string },
  { serviceAccount, client, scopes: wanted, by }: ServiceWish,
  use: FederationUse,
): Promise<Result<Extract<UpstreamCredentials, { kind: 'service' }>>> {
  const { db, env, project } = use
  const user = await serviceAccountId(project, serviceAccount)
  const where = and(eq(users.project, project), eq(users.id, user))
  if ((await db.select({ id: users.id }).from(users).where(where).limit(1)).length === 0) {
    return refuse('core/not_found', { message: `There is no service account ${serviceAccount}. Add it first.` })
  }
  const { clientId, clientSecret = null } = client
  const signIn = await setUpSignIn(upstream, use, { clientId, clientSecret })
  if (!signIn.ok) return signIn
  const { provider, scopes: found } = signIn.value
  const scopes = wanted ?? found
  const credential = { kind: 'client_credentials', ...client } as const
  const set = await vaultOf(env, user).setCredential({ project, user }, provider, { credential, scopes }, by)
  return set.ok ? ok({ kind: 'service', provider, serviceAccount, scopes: [...scopes] }) : set
}

export type ServiceWish = {
  serviceAccount: string
  /** With a secret, or with a key. */
  client: Omit<Extract<ServiceCredential, { kind: 'client_credentials' }>, 'kind'> & { clientId: string }
  scopes: string[] | undefined
  by: By
}

/** RFC 8414 §2: `client_secret_basic` where nothing is said. */
function knownAuth(found: FoundAuthorization, { clientSecret }: KnownClient): RegisteredClient['auth'] {
  if (clientSecret === null) return 'none'
  return found.tokenEndpointAuthMethods.includes('client_secret_basic') ? 'basic' : 'body'
}

/** For the vault, not for the tools. Many servers grant it and do not say so. */
const offline = 'offline_access'

type Made = { spec: Json; settings: Json }

function specFrom(
  upstream: { title: string },
  id: string,
  found: FoundAuthorization,
  { issuer, authorize, token, revoke, api, origins }: Addresses,
  client: RegisteredClient,
): Made {
  const resource = { resource: literal(found.resource) }
  const isOffline = found.scopes.includes(offline)
  const refreshes = isOffline || found.grantTypes.includes('refresh_token')
  const spec = {
    id,
    name: upstream.title.slice(0, 60),
    ...(isOffline ? { scopes: { always: [offline] } } : {}),
    // OpenID Connect Core §11: without asking anew, `offline_access` is left out in silence.
    authorize: { url: authorize, params: { ...resource, ...(isOffline ? { prompt: 'consent' } : {}) } },
    client: client.auth,
    conforming: true,
    issuer,
    issuerRequired: found.issParameter,
    token: { url: token, params: resource },
    refresh: refreshes ? { params: resource, rotation: 'rotates' } : null,
    revoke: revoke === null ? null : { url: revoke, params: { token: '{refresh_token}' }, what: 'refresh_token' },
    service: { clientCredentials: { params: resource, assertion: { audience: issuer } } },
    // The server does not say whose token it is: one account for each user.
    account: { id: 'account', label: literal(upstream.title.slice(0, 100)) },
    api: { base: api, origins: [api] },
  }
  return { spec: spec as unknown as Json, settings: Object.keys(origins).length > 0 ? { origins } : {} }
}

async function keepProvider(
  { id, spec, settings, client }: Made & { id: string; client: RegisteredClient },
  { db, config, project, now }: FederationUse,
): Promise<void> {
  const { clientId, clientSecret } = client
  const sealedSecret =
    clientSecret === null ? null : await sealSecret(config, clientSecretContext(project, id), clientSecret)
  const values = { spec, clientId, sealedSecret, settings, updatedAt: now() }
  await db
    .insert(providers)
    .values({ project, id, ...values })
    .onConflictDoUpdate({ target: [providers.project, providers.id], set: values })
}
