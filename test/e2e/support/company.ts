import Provider from 'oidc-provider'
import type { Server } from 'node:http'

export type Company = { issuer: string; clientId: string; clientSecret: string; close(): Promise<void> }

const people: Record<string, Record<string, unknown>> = {
  alice: { name: 'Alice Ames', email: 'alice@acme.test', groups: ['engineering'] },
  bob: { name: 'Bob Brown', email: 'bob@acme.test', groups: ['sales'] },
}

/** A certified OpenID provider with its own sign-in pages, as the company's. Claims are at UserInfo only, as OpenID Connect has it. */
export async function startCompany(port: number, redirectUri: string): Promise<Company> {
  const issuer = `http://localhost:${port}`
  const [clientId, clientSecret] = ['behalf', 'a secret of the company']
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...people[id] }) }),
    cookies: { keys: ['only for tests'] },
  })
  const server = await new Promise<Server>((resolve, reject) => {
    const listening: Server = provider.listen(port, '127.0.0.1', () => resolve(listening))
    listening.once('error', reject)
  })
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
  return { issuer, clientId, clientSecret, close }
}
