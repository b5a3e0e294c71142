/** The package comes without types. Only what the tests use. */
declare module 'oidc-provider' {
  type Account = { accountId: string; claims: () => Promise<Record<string, unknown>> }
  export default class Provider {
    constructor(
      issuer: string,
      configuration: {
        clients: Record<string, unknown>[]
        claims: Record<string, string[]>
        scopes: string[]
        findAccount: (context: unknown, id: string) => Account
        cookies: { keys: string[] }
      },
    )
    listen(port: number, host: string, done: () => void): import('node:http').Server
  }
}
