import { importPKCS8, SignJWT } from 'jose'
import { z } from 'zod'
import { uuidv7 } from '../core/ids.ts'
import type { Connection } from './connection.ts'
import type { Provider } from './provider.ts'
import type { RequestSpec } from './provider-spec.ts'
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
    issuer: name.describe("Google: the service account's address. Salesforce: the consumer key."),
    subject: name.optional().describe('Google: the person it stands for (delegation). Salesforce: the user name.'),
    keyId: name.optional(),
    privateKey: z
      .string()
      .max(16_384)
      .regex(/^-----BEGIN PRIVATE KEY-----\s/, 'must be PEM in PKCS #8 (-----BEGIN PRIVATE KEY-----)'),
  }),
])
export type ServiceCredential = z.output<typeof serviceCredentialSchema>
export type ServiceKind = ServiceCredential['kind']

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
  { clientId, clientSecret }: Extract<ServiceCredential, { kind: 'client_credentials' }>,
  scopes: readonly string[],
): ServiceGrant | null {
  const { spec } = provider
  const own = spec.service.clientCredentials
  // A client id with the other client's secret would send that secret under a foreign name.
  if (!own || (clientId === undefined) !== (clientSecret === undefined)) return null
  const as: Provider =
    clientId === undefined || clientSecret === undefined
      ? provider
      : {
          ...provider,
          clientId,
          clientSecret,
          values: { ...provider.values, client_id: clientId, client_secret: clientSecret },
        }
  const scope = scopes.length > 0 ? { scope: '{scopes}' } : {}
  return {
    provider: as,
    request: { ...spec.token, params: { grant_type: 'client_credentials', ...scope, ...own.params } },
    values: { scopes: scopes.join(spec.scopes.separator) },
  }
}

/** RFC 7523 §2.1. A fresh assertion each time, so that a copy of one is soon worth nothing. */
async function jwtBearer(
  provider: Provider,
  { issuer, subject, keyId, privateKey }: Extract<ServiceCredential, { kind: 'jwt_bearer' }>,
  scopes: readonly string[],
  now: number,
): Promise<ServiceGrant | null> {
  const { spec } = provider
  const own = spec.service.jwtBearer
  const audience = own && fill(own.audience, provider.values)
  if (!own || !audience || (own.subject === 'required' && subject === undefined)) return null
  const key = await importPKCS8(privateKey, own.algorithm).catch(() => null)
  if (key === null) return null
  const scope = scopes.join(spec.scopes.separator)
  const issuedAt = Math.floor(now / 1000)
  const assertion = await new SignJWT(own.scopes === 'claim' && scope !== '' ? { scope } : {})
    .setProtectedHeader({ alg: own.algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(own.lifetimeMs / 1000))
    .setJti(uuidv7(now))
    .setSubject(subject ?? issuer)
    .sign(key)
  return {
    provider,
    request: {
      ...spec.token,
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
