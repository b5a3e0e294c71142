import { createEmulator } from 'emulate'
import { canary } from './canaries.ts'
import type { Guarded } from './guarded-server.ts'
import { passOn, startGuarded } from './guarded-server.ts'
import type { Walk } from './people.ts'

type Seed = { clientId: string; clientSecret: string; redirectUri: string }

/** A service that somebody else emulates: how it is set up, what stands for which of its real addresses, and whose a token is. */
export type StandIn = {
  provider: 'google' | 'slack' | 'linear' | 'microsoft' | 'okta'
  scopes: readonly string[]
  /** What our pages call the account of alice. */
  label: string
  settings: (url: string) => Record<string, unknown>
  seed: (app: Seed) => Record<string, unknown>
  who: { path: string; method: 'GET' | 'POST'; body?: string; name: string[] }
  /** The stand-in issues no refresh tokens, although the service does. */
  never?: 'refresh'
}

const tenant = '9188040d-6c67-4c5b-b112-36a304b66dad'
const alice = { email: 'alice@acme.test', name: 'Alice Ames' }
const client = ({ clientId, clientSecret, redirectUri }: Seed) => ({
  client_id: clientId,
  client_secret: clientSecret,
  name: 'Behalf',
  redirect_uris: [redirectUri],
})

/**
 * Where they differ from what the services publish, our specs keep to the services: the emulated Google issues a refresh token
 * also without `access_type=offline`; Slack neither rotates nor knows `auth.revoke`; Microsoft kills the refresh token it replaces
 * and has no tenant in its paths; Okta has no leeway and no `iss` in its answers either way.
 */
export const standIns: readonly StandIn[] = [
  {
    provider: 'google',
    scopes: ['https://www.googleapis.com/auth/gmail.readonly'],
    label: alice.email,
    settings: (url) => ({
      origins: {
        'https://accounts.google.com': url,
        'https://oauth2.googleapis.com': `${url}/oauth2`,
        'https://www.googleapis.com': url,
      },
    }),
    seed: (app) => ({ users: [alice], oauth_clients: [client(app)] }),
    who: { path: '/oauth2/v2/userinfo', method: 'GET', name: ['email'] },
  },
  {
    provider: 'slack',
    scopes: ['channels:read'],
    label: 'alice (Acme)',
    settings: (url) => ({ origins: { 'https://slack.com': url } }),
    seed: (app) => ({
      team: { name: 'Acme', domain: 'acme' },
      users: [{ name: 'alice', real_name: alice.name, email: alice.email }],
      oauth_apps: [{ ...client(app), user_scopes: ['channels:read'] }],
    }),
    who: { path: '/api/auth.test', method: 'POST', name: ['user'] },
    never: 'refresh',
  },
  {
    provider: 'linear',
    scopes: ['read', 'write'],
    label: alice.email,
    settings: (url) => ({ origins: { 'https://linear.app': url, 'https://api.linear.app': url } }),
    seed: (app) => ({
      organization: { name: 'Acme', url_key: 'acme' },
      users: [{ ...alice, display_name: alice.name }],
      oauth_apps: [{ ...client(app), scopes: ['read', 'write'] }],
    }),
    who: {
      path: '/graphql',
      method: 'POST',
      body: '{"query":"{ viewer { email } }"}',
      name: ['data', 'viewer', 'email'],
    },
  },
  {
    provider: 'microsoft',
    scopes: ['Mail.Read'],
    label: alice.email,
    settings: (url) => ({
      variables: { tenant },
      origins: { [`https://login.microsoftonline.com/${tenant}`]: url, 'https://graph.microsoft.com': url },
    }),
    seed: (app) => ({ users: [{ ...alice, tenant_id: tenant }], oauth_clients: [client(app)] }),
    who: { path: '/v1.0/me', method: 'GET', name: ['mail'] },
  },
  {
    provider: 'okta',
    scopes: ['groups'],
    label: alice.email,
    settings: (url) => ({ variables: { org: 'acme.okta.com' }, origins: { 'https://acme.okta.com': url } }),
    seed: (app) => ({
      users: [{ login: alice.email, email: alice.email, first_name: 'Alice', last_name: 'Ames' }],
      authorization_servers: [{ id: 'default', name: 'default', audiences: ['api://default'] }],
      oauth_clients: [{ ...client(app), auth_server_id: 'default', token_endpoint_auth_method: 'client_secret_basic' }],
    }),
    who: { path: '/oauth2/default/v1/userinfo', method: 'GET', name: ['email'] },
  },
]

export type RunningStandIn = Guarded & {
  app: { clientId: string; clientSecret: string }
  /** Grant types of the token requests that were answered with tokens. */
  grants: string[]
  /** Tokens it was asked to revoke. */
  revoked: Set<string>
}

/**
 * A stand-in, with an MCP server beside its API that takes the service's tokens. The first access token of each grant lives for
 * `lifetimeS`, so that a test sees it end.
 */
export async function startStandIn(
  { provider, seed, who }: StandIn,
  use: { port: number; emulatorPort: number; redirectUri: string; mcp: string; lifetimeS: number },
): Promise<RunningStandIn> {
  const app = { clientId: 'behalf', clientSecret: canary('client-secret') }
  const given = { [provider]: seed({ ...app, redirectUri: use.redirectUri }) }
  const emulator = await createEmulator({ service: provider, port: use.emulatorPort, seed: given })
  const ends = new Map<string, number>()
  const grants: string[] = []
  const revoked = new Set<string>()
  const guarded = await startGuarded(use.mcp, {
    port: use.port,
    issuer: emulator.url,
    scopes: [],
    async whose(token) {
      // It takes tokens it never issued for its own, and lets none end: that is kept here.
      if (revoked.has(token) || (ends.get(token) ?? 0) <= Date.now()) return null
      const answer = await fetch(`${emulator.url}${who.path}`, {
        method: who.method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(who.body !== undefined && { body: who.body }),
      })
      return nameIn(await answer.json(), who.name)
    },
    async elsewhere(request) {
      const { pathname, search } = new URL(request.url)
      const sent = request.method === 'POST' ? new URLSearchParams(await request.clone().text()) : new URLSearchParams()
      const answer = await passOn(request, `${emulator.url}${pathname}${search}`)
      if (pathname.endsWith('/revoke')) revoked.add(sent.get('token') ?? '')
      return /\/(token|oauth\.v2\.access)$/.test(pathname) ? issued(answer, sent.get('grant_type') ?? '') : answer
    },
  })

  async function issued(answer: Response, grant: string): Promise<Response> {
    const body = (await answer.json()) as Record<string, unknown>
    const token = nameIn(body, ['authed_user', 'access_token']) ?? nameIn(body, ['access_token'])
    if (token === null) return Response.json(body, { status: answer.status })
    grants.push(grant)
    const isFirst = grant !== 'refresh_token' && body['expires_in'] !== undefined
    ends.set(token, Date.now() + (isFirst ? use.lifetimeS : 3600) * 1000)
    return Response.json({ ...body, ...(isFirst && { expires_in: use.lifetimeS }) })
  }

  return {
    ...guarded,
    app,
    grants,
    revoked,
    async close() {
      await guarded.close()
      await emulator.close()
    },
  }
}

function nameIn(body: unknown, path: readonly string[]): string | null {
  let at = body
  for (const name of path)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined
  return typeof at === 'string' ? at : null
}

/** On their sign-in pages: the form with this account in it. */
export const pickAccount =
  (name: string): Walk =>
  (html) => {
    const form = [...html.matchAll(/<form[^]*?<\/form>/g)].find(([one]) => one.includes(name))?.[0]
    return form === undefined ? null : { form, fields: {} }
  }
