import { z } from 'zod'
import { parseJson } from '../core/json.ts'
import { clientAssertion } from './client-assertion.ts'
import type { Connection } from './connection.ts'
import { jwtBearer } from './jwt-bearer.ts'
import type { Provider } from './provider.ts'
import type { RequestSpec } from './provider-spec.ts'
import type { Values } from './template.ts'

/** A value that goes into a header or a form: one line of visible characters. */
const secret = z
  .string()
  .regex(/^[\x21-\x7e]{8,4096}$/, 'must be 8 to 4096 visible characters without spaces, on one line')
const name = z.string().trim().min(1).max(500)
const privateKey = z
  .string()
  .max(16_384)
  .regex(/^-----BEGIN PRIVATE KEY-----\s/, 'must be PEM in PKCS #8 (-----BEGIN PRIVATE KEY-----)')

/**
 * The credential of a service account at a provider, as an administrator sets it. It is sealed in that account's vault and
 * never read back. `api_key` is itself the token; with the other two the Vault gets tokens, as with a person's refresh token.
 */
export const serviceCredentialSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('api_key'), key: secret }),
  z.strictObject({
    kind: z.literal('client_credentials'),
    clientId: name.optional().describe("Left out: the provider's own client and its secret."),
    clientSecret: secret.optional(),
    privateKey: privateKey.optional().describe('In the place of a secret (private_key_jwt).'),
    algorithm: z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']).optional().describe('Of the private key. Left out: RS256.'),
    keyId: name.optional(),
  }),
  z.strictObject({
    kind: z.literal('jwt_bearer'),
    issuer: name.describe(
      "Google: the service account's address. Salesforce: the consumer key. GitHub App: its client id.",
    ),
    subject: name
      .optional()
      .describe(
        "Google: the person it stands for (delegation). Salesforce: the user name. GitHub App: the installation's id.",
      ),
    repositories: z
      .array(z.string().regex(/^[\w.-]{1,100}$/, 'must be the name of a repository, without its owner'))
      .min(1)
      .max(500)
      .optional()
      .describe('GitHub App: the only repositories it may be used for. Left out: all of the installation.'),
    keyId: name.optional(),
    privateKey,
  }),
])
export type ServiceCredential = z.output<typeof serviceCredentialSchema>
export type ServiceKind = ServiceCredential['kind']

/** What to ask for a token. */
export type TokenQuestion = { request: RequestSpec; values: Values }
/** And as whom, at whose words for the answer. */
export type ServiceGrant = TokenQuestion & { provider: Provider }

export const isService = ({ kind }: Pick<Connection, 'kind'>): boolean => kind !== 'user'

/** Null: the provider's spec knows no such thing, or the credential is not usable. */
export async function serviceGrant(
  provider: Provider,
  credential: Exclude<ServiceCredential, { kind: 'api_key' }>,
  scopes: readonly string[],
  now: number,
): Promise<ServiceGrant | null> {
  const asked =
    credential.kind === 'client_credentials'
      ? await clientCredentials(provider, credential, scopes, now)
      : await jwtBearer(provider, credential, scopes, now)
  return asked && { provider: asServed(provider, credential), ...asked }
}

/** RFC 6749 §4.4. */
async function clientCredentials(
  provider: Provider,
  credential: Extract<ServiceCredential, { kind: 'client_credentials' }>,
  scopes: readonly string[],
  now: number,
): Promise<TokenQuestion | null> {
  const { spec } = provider
  const { clientId, clientSecret, privateKey: key } = credential
  const own = spec.service.clientCredentials
  const byKey = key !== undefined
  // A client id with the other client's secret would send that secret under a foreign name.
  if (!own || (clientId === undefined) !== (clientSecret === undefined && !byKey)) return null
  if (byKey && clientSecret !== undefined) return null
  const shown = byKey ? await clientAssertion(provider, { ...credential, privateKey: key }, now) : nothingMore
  if (shown === null) return null
  const scope = scopes.length > 0 ? { scope: '{scopes}' } : {}
  const params = { grant_type: 'client_credentials', ...scope, ...shown.params, ...own.params }
  return {
    request: { ...spec.token, ...(byKey ? { auth: 'none' } : {}), params },
    values: { ...shown.values, scopes: scopes.join(spec.scopes.separator) },
  }
}

const nothingMore = { params: {}, values: {} }

/** The provider as tokens from this credential are got and taken back: as a client of its own, or in the exchange's words. */
export function asServed(provider: Provider, credential: ServiceCredential): Provider {
  if (credential.kind === 'client_credentials') {
    const { clientId, clientSecret } = credential
    if (clientId === undefined) return provider
    // Who shows itself by a key has no secret, least of all the other client's.
    const values = { ...provider.values, client_id: clientId, client_secret: clientSecret ?? '' }
    return { ...provider, clientId, clientSecret: clientSecret ?? null, values }
  }
  const exchange = credential.kind === 'jwt_bearer' ? provider.spec.service.jwtBearer?.exchange : undefined
  if (!exchange) return provider
  const { answer, revoke } = exchange
  return { ...provider, spec: { ...provider.spec, conforming: false, answer, revoke } }
}

/** What is kept of a service account, opened. Null: it is none, or not as it was written. */
export function readCredential(text: string): ServiceCredential | null {
  const json = parseJson(text)
  const read = json.ok ? serviceCredentialSchema.safeParse(json.value) : null
  return read?.success ? read.data : null
}
