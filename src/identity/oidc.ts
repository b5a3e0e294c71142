import { createRemoteJWKSet, customFetch as joseFetch, errors, jwtVerify } from 'jose'
import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi'
import * as oauth from 'oauth4webapi'
import type { Config } from '../config/config.ts'
import { basicCredentials } from '../core/basic-credentials.ts'
import type { Clock } from '../core/clock.ts'
import type { Refused, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'
import type { Claims } from './claims.ts'
import { EgressFault, egressFetch } from './egress-fetch.ts'
import type { IdentityProvider } from './identity-provider.ts'
import type { SignInTokens } from './sign-in-credential.ts'
import { createMemory } from './remember.ts'

/** Signatures we accept. Never `none`, and never HMAC: an RSA public key is no secret (attack case 16). */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const metadataMs = 600_000
/** An ID token is used within seconds here. One that lives for years was not made for this (attack case 17). */
const maxTokenLifeSeconds = 86_400

export type OidcDeps = { config: Pick<Config, 'development' | 'publicUrl'>; egress: Egress; now: Clock }

const known = createMemory<AuthorizationServer>(100)
const keySets = createMemory<ReturnType<typeof createRemoteJWKSet>>(100)

/** Errors: `identity/sign_in_unavailable`. The document's `issuer` has to be exactly ours (RFC 8414 §3.3). */
export async function discover(issuer: string, deps: OidcDeps): Promise<Result<AuthorizationServer>> {
  const remembered = known.get(issuer, deps.now())
  if (remembered) return ok(remembered)
  if (!URL.canParse(issuer)) return failed('identity/sign_in_unavailable', 'issuer_invalid')
  try {
    const url = new URL(issuer)
    const response = await oauth.discoveryRequest(url, { ...options(deps), algorithm: 'oidc' })
    const server = await oauth.processDiscoveryResponse(url, response)
    if (server.issuer !== issuer) return failed('identity/sign_in_unavailable', 'issuer_mismatch')
    known.set(issuer, server, deps.now() + metadataMs)
    return ok(server)
  } catch (cause) {
    return fault(cause, 'identity/sign_in_unavailable')
  }
}

export type Redeemed = { claims: Claims; tokens: SignInTokens }

export type SignInState = { state: string; nonce: string; verifier: string }

export function newSignInState(): SignInState {
  const [state, nonce, verifier] = [
    oauth.generateRandomState(),
    oauth.generateRandomNonce(),
    oauth.generateRandomCodeVerifier(),
  ]
  return { state, nonce, verifier }
}

/** Where the browser goes to sign in. `again`: the person has to show their password even if they are signed in there. */
export async function authorizationUrl(
  server: AuthorizationServer,
  provider: IdentityProvider,
  { state, nonce, verifier }: SignInState,
  redirectUri: string,
  again: boolean,
): Promise<Result<string>> {
  if (server.authorization_endpoint === undefined) return failed('identity/sign_in_unavailable', 'no_endpoint')
  const url = new URL(server.authorization_endpoint)
  const parameters = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: redirectUri,
    scope: provider.settings.scopes.join(' '),
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(again && { prompt: 'login' }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return ok(url.href)
}

/**
 * The claims of the person who came back, and the tokens that prove them. State and `iss` are checked before the code leaves (mix-up, RFC 9207), then issuer,
 * audience, nonce, times and signature of the ID token. Errors: `identity/sign_in_failed`, `identity/sign_in_unavailable`.
 */
export async function redeemCallback(
  callback: URL,
  server: AuthorizationServer,
  provider: IdentityProvider,
  { state, nonce, verifier }: SignInState,
  redirectUri: string,
  deps: OidcDeps,
): Promise<Result<Redeemed>> {
  const client: Client = { client_id: provider.clientId, [oauth.clockTolerance]: 60 }
  try {
    const parameters = oauth.validateAuthResponse(server, client, callback, state)
    const sent = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      clientAuthentication(provider),
      parameters,
      redirectUri,
      verifier,
      options(deps),
    )
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, sent, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    const claims = await verifiedClaims(tokens.id_token ?? '', server, provider, deps)
    const kept = { idToken: tokens.id_token ?? '', refreshToken: tokens.refresh_token ?? null }
    if (!provider.settings.userInfo || server.userinfo_endpoint === undefined) return ok({ claims, tokens: kept })
    const answered = await oauth.userInfoRequest(server, client, tokens.access_token, options(deps))
    const info = await oauth.processUserInfoResponse(server, client, String(claims['sub']), answered)
    return ok({ claims: { ...info, ...claims }, tokens: kept })
  } catch (cause) {
    return fault(cause, 'identity/sign_in_failed')
  }
}

/** Keys come from the pinned issuer's metadata; `jku`, `x5u` and `jwk` in the token are not looked at. */
async function verifiedClaims(
  idToken: string,
  server: AuthorizationServer,
  provider: IdentityProvider,
  deps: OidcDeps,
): Promise<Claims> {
  if (server.jwks_uri === undefined) throw new errors.JWKSInvalid('the issuer publishes no keys')
  const { payload } = await jwtVerify(idToken, keySet(server.jwks_uri, deps), {
    issuer: server.issuer,
    audience: provider.clientId,
    algorithms,
    requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
    clockTolerance: '60s',
    maxTokenAge: '10m',
  })
  const lifeSeconds = (payload.exp ?? Infinity) - (payload.iat ?? 0)
  if (lifeSeconds > maxTokenLifeSeconds) throw new errors.JWTInvalid('the ID token lives too long')
  return payload
}

/** Kept between requests, so that a flood of unknown key ids fetches the keys at most every 30 s. */
function keySet(uri: string, deps: OidcDeps): ReturnType<typeof createRemoteJWKSet> {
  const kept = keySets.get(uri, deps.now())
  if (kept) return kept
  const made = createRemoteJWKSet(new URL(uri), {
    cooldownDuration: 30_000,
    cacheMaxAge: metadataMs,
    [joseFetch]: (url, init) => egressFetch(deps.egress)(url, init),
  })
  keySets.set(uri, made, Infinity)
  return made
}

function clientAuthentication({ clientSecret, settings }: IdentityProvider): ClientAuth {
  if (clientSecret === null) return oauth.None()
  return settings.clientAuthentication === 'client_secret_post'
    ? oauth.ClientSecretPost(clientSecret)
    : secretBasic(clientSecret)
}

/** The library's own encodes also what need not be, which servers that do not decode refuse. */
const secretBasic =
  (secret: string): ClientAuth =>
  (_server, client, _body, headers) =>
    headers.set('authorization', basicCredentials(client.client_id, secret))

function options({ config, egress }: OidcDeps) {
  return { [oauth.customFetch]: egressFetch(egress), [oauth.allowInsecureRequests]: config.development }
}

type FaultCode = 'identity/sign_in_failed' | 'identity/sign_in_unavailable'

const failed = (code: FaultCode, reason: string): Refused => refuse(code, { evidence: { reason } })

/** Only codes of the libraries and our own words go on; what a provider wrote stays here. */
function fault(cause: unknown, code: FaultCode): Refused {
  if (cause instanceof EgressFault) return failed('identity/sign_in_unavailable', cause.refusal.code)
  if (cause instanceof oauth.AuthorizationResponseError || cause instanceof oauth.ResponseBodyError) {
    return failed(code, `provider_error:${cause.error.replaceAll(/[^\w-]/g, '').slice(0, 40)}`)
  }
  const name = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null
  if (name === null) throw new Error('sign-in failed in a way nobody foresaw', { cause })
  return failed(code, name)
}
