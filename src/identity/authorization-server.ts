import type { OAuthErrorInternal } from '@cloudflare/workers-oauth-provider'
import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'
import type { Config } from '../config/config.ts'
import { paths, scopesSupported } from './names.ts'

export const accessTokenMs = 3_600_000
/** Not sliding: after this the person signs in at the company again. */
export const refreshTokenMs = 30 * 86_400_000

/**
 * What the OAuth library uses of a KV namespace. Grants and tokens live in the Grant object behind this, because KV lets one
 * code be redeemed twice and one refresh token three times (facts: two redemptions at once give two 200s).
 */
export type OAuthStorage = {
  get(key: string, options?: { type: 'json' }): Promise<unknown>
  put(key: string, value: string, options?: PutOptions): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix: string; limit?: number; cursor?: string }): Promise<Listing>
}
export type PutOptions = { expiration?: number; expirationTtl?: number; metadata?: unknown }
export type Listing = { keys: { name: string; metadata?: unknown }[]; list_complete: boolean; cursor?: string }

export type OAuthEnv = { OAUTH_KV: OAuthStorage }

/** The check that failed inside the library; the wire never shows it (RFC 6749 §5.2). */
export type OAuthFault = { code: string; internal?: OAuthErrorInternal | undefined }

/**
 * The library takes http only for `localhost` itself, and a gateway's own host on a laptop is `http://{gateway}.localhost`. Inside
 * the library such a resource has https, and so has the audience it stores; outside it never does.
 */
export function asLibraryResource(resource: string): string {
  return resource.replace(/^http:\/\/(?=[\w-]+\.localhost(:\d+)?\/)/, 'https://')
}

/**
 * The library's authorization server, for one resource: an audience per gateway. Cheap enough to build per request (82 µs),
 * while listing all gateways is quadratic.
 */
export function authorizationServer(
  config: Config,
  resource: string,
  onFault?: (fault: OAuthFault) => void,
): OAuthAuthorizationServer<OAuthEnv> {
  return new OAuthAuthorizationServer<OAuthEnv>({
    issuer: config.publicUrl,
    resources: [asLibraryResource(resource)],
    scopesSupported,
    authorizeEndpoint: paths.authorize,
    tokenEndpoint: paths.token,
    ...(config.dynamicRegistration && { clientRegistrationEndpoint: paths.register }),
    clientIdMetadataDocumentEnabled: true,
    // Which private-use URIs may really receive a code is our own list: see redirect.ts.
    allowPrivateUseRedirectUris: true,
    accessTokenTTL: accessTokenMs / 1000,
    refreshTokenTTL: refreshTokenMs / 1000,
    // Returns nothing: what it returns would be the response.
    onError: ({ code, internal }) => {
      onFault?.({ code, internal })
    },
  })
}

/** A resource no gateway has: lets the library answer for requests that name none. */
export const noResource = (config: Config): string => `${config.publicUrl}/.well-known/no-gateway`
