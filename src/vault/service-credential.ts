import { importPKCS8, SignJWT } from 'jose'
import { z } from 'zod'
import { uuidv7 } from '../core/ids.ts'
import { parseJson } from '../core/json.ts'
import type { Connection } from './connection.ts'
import type { Provider } from './provider.ts'
import type { ProviderSpec, RequestSpec } from './provider-spec.ts'
import type { Values } from './template.ts'
import { fill } from './template.ts'

/** A value that goes into a header or a form: one line of visible characters. */
const secret = z
  .string()
  .regex(/^[\x21-\x7e]{8,4096}$/, 'must be 8 to 4096 visible characters without spaces, on one line')
const name = z.string().trim().min(1).max(500)

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
    privateKey: z
      .string()
      .max(16_384)
      .regex(/^-----BEGIN PRIVATE KEY-----\s/, 'must be PEM in PKCS #8 (-----BEGIN PRIVATE KEY-----)'),
  }),
])
export type ServiceCredential = z.output<typeof serviceCredentialSchema>
export type ServiceKind = ServiceCredential['kind']
type JwtBearerSpec = NonNullable<ProviderSpec['service']['jwtBearer']>

/** What to ask the token endpoint, and as whom. */
export type ServiceGrant = { provider: Provider; request: RequestSpec; values: Values }

export const isService = ({ kind }: Pick<Connection, 'kind'>): boolean => kind !== 'user'

/** Null: the provider's spec knows no such thing, or the credential is not usable. */
export async function serviceGrant(
  provider: Provider,
  credential: Exclude<ServiceCredential, { kind: 'api_key' }>,
  scopes: readonly string[],
  now: number,
): Promise<ServiceGrant | null> {
  return credential.kind === 'client_credentials'
    ? clientCredentials(provider, credential, scopes)
    : jwtBearer(provider, credential, scopes, now)
}

/** RFC 6749 §4.4. */
function clientCredentials(
  provider: Provider,
  credential: Extract<ServiceCredential, { kind: 'client_credentials' }>,
  scopes: readonly string[],
): ServiceGrant | null {
  const { clientId, clientSecret } = credential
  const { spec } = provider
  const own = spec.service.clientCredentials
  // A client id with the other client's secret would send that secret under a foreign name.
  if (!own || (clientId === undefined) !== (clientSecret === undefined)) return null
  const scope = scopes.length > 0 ? { scope: '{scopes}' } : {}
  return {
    provider: asServed(provider, credential),
    request: { ...spec.token, params: { grant_type: 'client_credentials', ...scope, ...own.params } },
    values: { scopes: scopes.join(spec.scopes.separator) },
  }
}

/**
 * A fresh assertion each time, so that a copy of one is soon worth nothing: as the grant itself (RFC 7523 §2.1), or to show who
 * asks where the provider has a request of its own for it.
 */
async function jwtBearer(
  provider: Provider,
  credential: Extract<ServiceCredential, { kind: 'jwt_bearer' }>,
  scopes: readonly string[],
  now: number,
): Promise<ServiceGrant | null> {
  const own = provider.spec.service.jwtBearer
  const { subject, repositories } = credential
  if (!own || (own.subject === 'required' && subject === undefined)) return null
  // What is to narrow the token must not be left out in silence.
  if (repositories !== undefined && own.exchange?.request.members['repositories'] === undefined) return null
  const permissions = own.scopes === 'permissions' ? permissionsOf(scopes) : {}
  const scope = scopes.join(provider.spec.scopes.separator)
  const assertion = permissions && (await signed(provider, credential, own, scope, now))
  if (!assertion) return null
  if (own.exchange) {
    const narrowed = Object.keys(permissions).length > 0 ? { permissions } : {}
    const values = { assertion, subject, repositories, ...narrowed }
    return { provider: asServed(provider, credential), request: own.exchange.request, values }
  }
  return {
    provider,
    request: {
      ...provider.spec.token,
      auth: 'none',
      params: {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: '{assertion}',
        ...(own.scopes === 'parameter' && scope !== '' ? { scope: '{scopes}' } : {}),
        ...own.params,
      },
    },
    values: { assertion, scopes: scope },
  }
}

/** The claims of RFC 7523 §3. A provider with a request of its own names its few, and takes a clock that is a minute ahead. */
async function signed(
  { values }: Provider,
  { issuer, subject, keyId, privateKey }: Extract<ServiceCredential, { kind: 'jwt_bearer' }>,
  own: JwtBearerSpec,
  scope: string,
  now: number,
): Promise<string | null> {
  const key = await importPKCS8(privateKey, own.algorithm).catch(() => null)
  const audience = own.audience === undefined ? null : fill(own.audience, values)
  if (key === null || (audience === null && !own.exchange)) return null
  const issuedAt = Math.floor(now / 1000) - (own.exchange ? 60 : 0)
  const assertion = new SignJWT(own.scopes === 'claim' && scope !== '' ? { scope } : {})
    .setProtectedHeader({ alg: own.algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(own.lifetimeMs / 1000))
  if (audience !== null) assertion.setAudience(audience)
  if (!own.exchange) assertion.setJti(uuidv7(now)).setSubject(subject ?? issuer)
  return assertion.sign(key)
}

/** `contents:read` each. Null: one of them is none. */
function permissionsOf(scopes: readonly string[]): Record<string, string> | null {
  const pairs = scopes.map((scope) => /^([a-z][a-z_]{0,99}):(read|write|admin)$/.exec(scope))
  if (pairs.includes(null)) return null
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']))
}

/** The provider as tokens from this credential are got and taken back: as a client of its own, or in the exchange's words. */
export function asServed(provider: Provider, credential: ServiceCredential): Provider {
  if (credential.kind === 'client_credentials') {
    const { clientId, clientSecret } = credential
    if (clientId === undefined || clientSecret === undefined) return provider
    const values = { ...provider.values, client_id: clientId, client_secret: clientSecret }
    return { ...provider, clientId, clientSecret, values }
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
