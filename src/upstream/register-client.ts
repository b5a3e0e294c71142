import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'
import type { FoundAuthorization } from './authorization.ts'
import { postDocument } from './document.ts'

export type RegisteredClient = { clientId: string; clientSecret: string | null; auth: 'none' | 'basic' | 'body' }

const answer = z.looseObject({
  client_id: z.string().min(1).max(2000),
  client_secret: z.string().min(1).max(4000).optional(),
  token_endpoint_auth_method: z.string().max(100).optional(),
})

/**
 * Who we are at an upstream's authorization server: the URL of our metadata document where it takes one, else a registration
 * of ours (RFC 7591). Errors: `upstream/failed` with `evidence.fault` `no_registration` or `registration_refused`.
 */
export async function registerClient(
  found: FoundAuthorization,
  us: { name: string; redirectUri: string; metadataUrl: string },
  egress: Egress,
): Promise<Result<RegisteredClient>> {
  if (found.clientIdMetadataDocument && us.metadataUrl.startsWith('https:')) {
    return ok({ clientId: us.metadataUrl, clientSecret: null, auth: 'none' })
  }
  if (found.registrationEndpoint === null) return refuse('upstream/failed', { evidence: { fault: 'no_registration' } })
  const method = preferred(found.tokenEndpointAuthMethods)
  const metadata: JsonObject = {
    client_name: us.name,
    redirect_uris: [us.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
    application_type: us.redirectUri.startsWith('https:') ? 'web' : 'native',
  }
  const scope = found.scopes.join(' ')
  const first = await postDocument(found.registrationEndpoint, scope === '' ? metadata : { ...metadata, scope }, egress)
  // A server may know only scopes of its own here, and not those of the resources it issues tokens for.
  const again = first.ok && first.value.status === 400 && scope !== ''
  const sent = again ? await postDocument(found.registrationEndpoint, metadata, egress) : first
  if (!sent.ok) return sent
  const parsed = answer.safeParse(sent.value.body)
  if (sent.value.status >= 300 || !parsed.success) {
    return refuse('upstream/failed', { evidence: { fault: 'registration_refused', status: sent.value.status } })
  }
  const { client_id: clientId, client_secret: clientSecret = null } = parsed.data
  return ok({ clientId, clientSecret, auth: authOf(parsed.data.token_endpoint_auth_method ?? method, clientSecret) })
}

/** A public client with PKCE where that is taken: one secret less to keep. */
function preferred(methods: readonly string[]): string {
  return (
    ['none', 'client_secret_basic', 'client_secret_post'].find((one) => methods.includes(one)) ?? 'client_secret_basic'
  )
}

/** RFC 7591 §2: without a secret there is nothing to authenticate with, whatever the answer says. */
function authOf(method: string, secret: string | null): RegisteredClient['auth'] {
  if (secret === null || method === 'none') return 'none'
  return method === 'client_secret_post' ? 'body' : 'basic'
}
