import type { Server } from 'node:http'
import Provider from 'oidc-provider'
import { freePort } from '../../scripts/lib/ports.ts'

export type OAuthServer = {
  issuer: string
  /** Every answered request at the token endpoint, in order: its grant type, and how it ended. */
  grants: { type: string; ok: boolean }[]
  /** How often a grant was taken back, by revocation or as the punishment for a used refresh token. */
  revoked(): number
  /** Whose live access token for this resource it is. */
  whose: (token: string, resource: string) => Promise<string | null>
  close(): Promise<void>
}

export type OAuthServerOptions = {
  port?: number
  clients?: { id: string; secret: string; redirectUri: string }[]
  /** RFC 8707: what tokens are made for, and what they may. */
  resources?: Record<string, string>
  /** How long the next access token lives. */
  accessTokenS?: () => number
}

/**
 * A certified authorization server with pages of its own, as strict as it gets: PKCE always, refresh tokens rotate, and a used
 * one ends the whole grant (RFC 9700 §4.14.2). Clients may register themselves (RFC 7591).
 */
export async function startOAuthServer(options: OAuthServerOptions = {}): Promise<OAuthServer> {
  const { resources = {}, accessTokenS = () => 3600 } = options
  const port = options.port ?? (await freePort())
  const issuer = `http://localhost:${port}`
  const provider = new Provider(issuer, {
    clients: (options.clients ?? []).map(({ id, secret, redirectUri }) => ({
      client_id: id,
      client_secret: secret,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'] },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    cookies: { keys: ['only for tests'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: accessTokenS, RefreshToken: 86_400, Grant: 86_400 },
    features: {
      registration: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_: unknown, resource: string) => {
          const scope = resources[resource]
          if (scope === undefined) throw new InvalidTarget()
          return { scope, audience: resource, accessTokenFormat: 'opaque', accessTokenTTL: accessTokenS() }
        },
      },
    },
  })
  const grants: OAuthServer['grants'] = []
  let revoked = 0
  provider.on('grant.success', ({ oidc }) => void grants.push({ type: oidc.params['grant_type'] ?? '', ok: true }))
  provider.on('grant.error', ({ oidc }) => void grants.push({ type: oidc?.params?.['grant_type'] ?? '', ok: false }))
  provider.on('grant.revoked', () => void revoked++)
  const server = await new Promise<Server>((resolve, reject) => {
    const listening: Server = provider.listen(port, '127.0.0.1', () => resolve(listening))
    listening.once('error', reject)
  })
  return {
    issuer,
    grants,
    revoked: () => revoked,
    async whose(token, resource) {
      const found = await provider.AccessToken.find(token)
      return found?.aud === resource ? found.accountId : null
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** RFC 8707 §2, as the package wants it thrown. */
class InvalidTarget extends Error {
  readonly error = 'invalid_target'
  readonly status = 400
  readonly statusCode = 400
  readonly expose = true
}
