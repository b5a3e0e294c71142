import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { sealSecret } from '../core/seal.ts'
import { providers } from '../db/schema.ts'
import type { Challenge, FoundAuthorization, RegisteredClient } from '../upstream/upstream.ts'
import { createUpstreams, discoverAuthorization, registerClient } from '../upstream/upstream.ts'
import { clientSecretContext, makeProvider } from '../vault/vault.ts'
import type { FederationUse } from './use.ts'

export type SignIn = { provider: string; issuer: string; scopes: string[]; clientId: string; redirectUri: string }

/**
 * Makes a provider of a server's own authorization server, so that each user connects an account of theirs through our connect
 * page, and tokens are kept, refreshed and revoked by the Vault as any other.
 *
 * Errors: `core/bad_request` when the server asks nobody to sign in; those of discovery and registration.
 */
export async function setUpSignIn(
  upstream: { id: string; url: string; title: string },
  use: FederationUse,
): Promise<Result<SignIn>> {
  const challenge = await askForChallenge(upstream, use)
  if (!challenge.ok) return challenge
  const found = await discoverAuthorization(upstream.url, challenge.value, use.egress)
  if (!found.ok) return found
  const id = providerId(upstream.id)
  const { publicUrl } = use.config
  const redirectUri = `${publicUrl}/connect/callback/${id}`
  const us = { name: 'Behalf', redirectUri, metadataUrl: `${publicUrl}/connect/client/${id}` }
  const client = await registerClient(found.value, us, use.egress)
  if (!client.ok) return client
  const { spec, settings } = specFrom(upstream, id, found.value, client.value)
  const { clientId, clientSecret } = client.value
  const made = makeProvider(use.config, { id, spec, settings, clientId, clientSecret })
  if (!made.ok) return refuse('upstream/failed', { evidence: { ...made.error.evidence, fault: 'provider' } })
  await keepProvider({ id, spec, settings, client: client.value }, use)
  return ok({ provider: id, issuer: found.value.issuer, scopes: found.value.scopes, clientId, redirectUri })
}

/** What the server answers somebody without a token. */
async function askForChallenge(
  { id, url }: { id: string; url: string },
  { egress, now }: FederationUse,
): Promise<Result<Challenge>> {
  const upstreams = createUpstreams({ egress, now })
  const answer = await upstreams.discover({ id, url, discovered: null }, { key: 'nobody', headers: {} })
  await upstreams.close()
  if (answer.ok) return refuse('core/bad_request', { message: 'This server asks nobody to sign in.' })
  if (answer.error.code !== 'upstream/authorization_needed') return answer
  return ok((answer.error.evidence?.['challenge'] ?? {}) as Challenge)
}

export const providerId = (upstream: string): string =>
  `mcp-${upstream.toLowerCase().replace(/[^a-z0-9-]+/g, '-')}`.slice(0, 40)

type Made = { spec: Json; settings: Json }

/** The server's addresses as data for the Vault. Plain http, which only development knows, stands in for https there. */
function specFrom(
  upstream: { url: string; title: string },
  id: string,
  found: FoundAuthorization,
  client: RegisteredClient,
): Made {
  const origins: Record<string, string> = {}
  const https = (url: string): string => {
    const { origin } = new URL(url)
    if (!origin.startsWith('http:')) return literal(url)
    origins[origin.replace('http:', 'https:')] = origin
    return literal(url.replace(/^http:/, 'https:'))
  }
  const resource = { resource: literal(found.resource) }
  const api = new URL(https(upstream.url))
  const refreshes = found.scopes.includes('offline_access') || found.grantTypes.includes('refresh_token')
  const spec = {
    id,
    name: upstream.title.slice(0, 60),
    authorize: { url: https(found.authorizationEndpoint), params: resource },
    client: client.auth,
    conforming: true,
    issuer: literal(found.issuer),
    issuerRequired: found.issParameter,
    token: { url: https(found.tokenEndpoint), params: resource },
    refresh: refreshes ? { params: resource, rotation: 'rotates' } : null,
    revoke:
      found.revocationEndpoint === null
        ? null
        : { url: https(found.revocationEndpoint), params: { token: '{refresh_token}' }, what: 'refresh_token' },
    // The server does not say whose token it is: one account for each user.
    account: { id: 'account', label: literal(upstream.title.slice(0, 100)) },
    api: { base: api.origin, origins: [api.origin] },
  }
  return { spec: spec as unknown as Json, settings: Object.keys(origins).length > 0 ? { origins } : {} }
}

/** Braces mean something in a spec, and these addresses were written by somebody else. */
const literal = (text: string): string => text.replaceAll('{', '{{').replaceAll('}', '}}')

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
