import type { Server } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import type { Assertions } from '../../support/identity-assertions.ts'
import { makesAssertions } from '../../support/identity-assertions.ts'

export type Company = {
  issuer: string
  clientId: string
  clientSecret: string
  /** How its next ID tokens live, and whether the next sign-in gives a refresh token. */
  next: { idTokenSeconds: number; refreshes: boolean }
  assertions: Assertions
  close(): Promise<void>
}

const people: Record<string, Record<string, unknown>> = {
  alice: { name: 'Alice Ames', email: 'alice@acme.test', groups: ['engineering'] },
  bob: { name: 'Bob Brown', email: 'bob@acme.test', groups: ['sales'] },
}

/** A certified OpenID provider with its own sign-in pages, as the company's. Claims are at UserInfo only, as OpenID Connect has it. */
export async function startCompany(port: number, redirectUri: string): Promise<Company> {
  const issuer = `http://localhost:${port}`
  const [clientId, clientSecret] = ['behalf', 'a secret of the company']
  const next = { idTokenSeconds: 3600, refreshes: false }
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'company', use: 'sig', alg: 'RS256' }
  const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange']
  const client = { client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri], grant_types: grants }
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys: [jwk] },
    ttl: { IdToken: () => next.idTokenSeconds },
    issueRefreshToken: async () => next.refreshes,
    claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...people[id] }) }),
    cookies: { keys: ['only for tests'] },
  })
  const assertions = makesAssertions(provider, issuer, { sign: privateKey, verify: publicKey })
  const server = await new Promise<Server>((resolve, reject) => {
    const listening: Server = provider.listen(port, '127.0.0.1', () => resolve(listening))
    listening.once('error', reject)
  })
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
  return { issuer, clientId, clientSecret, next, assertions, close }
}
