/** The package comes without types. Only what the tests use. */
declare module 'oidc-provider' {
  type Account = { accountId: string; claims: () => Promise<Record<string, unknown>> }
  type Context = { oidc: { params: Record<string, string | undefined>; client?: { clientId: string } } }
  type Token = { accountId: string; grantId: string; aud?: string; scope?: string }
  export default class Provider {
    readonly AccessToken: { find(value: string): Promise<Token | undefined> }
    constructor(
      issuer: string,
      configuration: {
        clients?: Record<string, unknown>[]
        claims?: Record<string, string[]>
        scopes?: string[]
        findAccount: (context: unknown, id: string) => Account
        cookies: { keys: string[] }
        clientDefaults?: Record<string, unknown>
        features?: Record<string, Record<string, unknown>>
        pkce?: { required: () => boolean }
        rotateRefreshToken?: boolean
        issueRefreshToken?: () => Promise<boolean>
        jwks?: { keys: unknown[] }
        ttl?: Record<string, number | ((context: unknown, token: unknown, client: unknown) => number)>
      },
    )
    on(event: 'grant.success' | 'grant.error' | 'grant.revoked', heard: (context: Context) => void): this
    registerGrantType(
      name: string,
      handler: (context: Context) => Promise<void>,
      params: string[],
      duplicates: string[],
    ): void
    listen(port: number, host: string, done: () => void): import('node:http').Server
  }
}
