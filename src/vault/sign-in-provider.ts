import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { base64url, sha256 } from '../core/bytes.ts'
import { canonicalJson, parseJson } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { openSecret } from '../core/seal.ts'
import { signInProvider } from '../core/sign-in-provider.ts'
import { openDb } from '../db/db.ts'
import { identityProviderSecret } from '../db/identity-provider-secret.ts'
import { identityProviders } from '../db/schema.ts'
import type { Egress } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { providerSettings } from './provider.ts'
import { providerSpecSchema } from './provider-spec.ts'

const metadata = z.looseObject({
  issuer: z.string(),
  token_endpoint: z.url({ protocol: /^https?$/ }),
  revocation_endpoint: z.url({ protocol: /^https?$/ }).optional(),
})
const clientSettings = z.looseObject({ clientAuthentication: z.string().optional() })

/**
 * One of the company's identity providers, as the provider of what a sign-in there gave: its "access token" is the ID token,
 * which is only ever shown to its own token endpoint (RFC 8693, ID-JAG). People sign in by the room `identity`; from here it is
 * refreshed and revoked.
 *
 * Errors: `vault/not_allowed` when there is none; `vault/unavailable`, and those of egress, when it cannot be asked.
 */
export async function loadSignInProvider(
  env: Env,
  config: Config,
  egress: Egress,
  project: string,
  id: string,
): Promise<Result<Provider>> {
  const row = await openDb(env.DB)
    .select()
    .from(identityProviders)
    .where(
      and(eq(identityProviders.project, project), eq(identityProviders.id, id), eq(identityProviders.active, true)),
    )
    .get()
  if (!row) return refuse('vault/not_allowed', { evidence: { fault: 'no_identity_provider', provider: id } })
  const context = identityProviderSecret(project, id)
  const secret = row.sealedSecret === null ? null : await openSecret(config, context, row.sealedSecret)
  if (secret && !secret.ok) return unavailable(id, `client secret: ${secret.error}`)
  const found = await discovered(row.issuer, egress)
  if (!found.ok) return found
  const { issuer, clientId } = row
  const clientSecret = secret?.value ?? null
  const read = clientSettings.safeParse(row.settings)
  const inBody = read.success && read.data.clientAuthentication === 'client_secret_post'
  const client = clientSecret === null ? 'none' : inBody ? 'body' : 'basic'
  return ok({
    id: signInProvider(id),
    name: `the sign-in at ${new URL(issuer).host}`,
    spec: specOf(found.value, client),
    settings: providerSettings.parse({ keepAlive: false }),
    clientId,
    clientSecret,
    redirectUri: '',
    values: { client_id: clientId, client_secret: clientSecret },
    places: base64url(await sha256(canonicalJson(['sign-in', issuer, clientId]))),
    signIn: { issuer, audience: clientId },
  })
}

async function discovered(issuer: string, egress: Egress): Promise<Result<z.output<typeof metadata>>> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const sent = await egress.fetch({ url, method: 'GET', timeoutMs: 10_000, maxBytes: 256 * 1024 })
  if (!sent.ok) return sent
  const text = await sent.value.text()
  if (!text.ok) return text
  const json = parseJson(text.value)
  const read = metadata.safeParse(json.ok ? json.value : null)
  // Byte for byte, as RFC 8414 §3.3 has it.
  return read.success && read.data.issuer === issuer ? ok(read.data) : unavailable(issuer, 'metadata')
}

const never = 'https://sign-in.invalid'

function specOf(found: z.output<typeof metadata>, client: 'none' | 'body' | 'basic'): Provider['spec'] {
  const revoke = { params: { token: '{refresh_token}', token_type_hint: 'refresh_token' }, what: 'refresh_token' }
  const spec = providerSpecSchema.parse({
    id: 'sign-in',
    name: 'sign-in',
    scopes: { model: 'app' },
    authorize: { url: never },
    client,
    conforming: true,
    token: { url: never },
    // The lifetime in the answer is the access token's, which is not kept.
    answer: { accessToken: 'id_token', expiresIn: 'id_token_expires_in', expiresAt: 'jwt(id_token).exp' },
    refresh: {},
    revoke: found.revocation_endpoint === undefined ? null : { url: never, ...revoke },
    account: { id: '{jwt(token.id_token).sub}', label: '{jwt(token.id_token).sub}' },
    api: { base: never, origins: [never] },
  })
  const { origin } = new URL(found.token_endpoint)
  return {
    ...spec,
    token: { ...spec.token, url: found.token_endpoint },
    revoke: spec.revoke && { ...spec.revoke, url: found.revocation_endpoint ?? never },
    api: { ...spec.api, base: origin, origins: [origin] },
  }
}

const unavailable = (provider: string, detail: string) =>
  refuse('vault/unavailable', { evidence: { fault: 'provider_misconfigured', provider, detail } })
