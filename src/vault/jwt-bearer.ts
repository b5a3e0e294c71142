import { importPKCS8, SignJWT } from 'jose'
import { uuidv7 } from '../core/ids.ts'
import type { Provider } from './provider.ts'
import type { ProviderSpec } from './provider-spec.ts'
import type { ServiceCredential, TokenQuestion } from './service-credential.ts'
import { fill } from './template.ts'

type JwtBearer = Extract<ServiceCredential, { kind: 'jwt_bearer' }>
type JwtBearerSpec = NonNullable<ProviderSpec['service']['jwtBearer']>

/**
 * A fresh assertion each time, so that a copy of one is soon worth nothing: as the grant itself (RFC 7523 §2.1), or to show who
 * asks where the provider has a request of its own for it.
 */
export async function jwtBearer(
  provider: Provider,
  credential: JwtBearer,
  scopes: readonly string[],
  now: number,
): Promise<TokenQuestion | null> {
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
    return { request: own.exchange.request, values }
  }
  return {
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
  { issuer, subject, keyId, privateKey }: JwtBearer,
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
