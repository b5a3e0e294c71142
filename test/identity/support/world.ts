import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { readConfig } from '../../../src/config/config.ts'
import type { Config } from '../../../src/config/config.ts'
import type { GatewayRoute } from '../../../src/core/gateway-route.ts'
import type { GatewayId, ProjectId } from '../../../src/core/ids.ts'
import { base64url, sha256 } from '../../../src/core/bytes.ts'
import type { Refusal, Result } from '../../../src/core/result.ts'
import type { EndSessions, IdentityDeps } from '../../../src/identity/deps.ts'
import type { GrantName } from '../../../src/identity/grant/name.ts'
import { readGrantName } from '../../../src/identity/grant/name.ts'
import { forgetCallers } from '../../../src/identity/identify-caller.ts'
import { identityDeps, identityRoutes, saveIdentityProvider } from '../../../src/identity/identity.ts'
import type { CompanyProvider } from './identity-provider.ts'
import { companyProvider } from './identity-provider.ts'

export const origin = 'https://behalf.test'
/** Later than any real clock, so that alarms set in the test's time do not fire in the real one. */
export const start = 4_000_000_000_000
let worlds = 0

export type World = Awaited<ReturnType<typeof createWorld>>

/** A project of its own with two gateways and the company's sign-in, on the real D1, KV and Grant objects. */
export async function createWorld(change: Partial<Config> = {}) {
  vi.setSystemTime(start)
  forgetCallers()
  const number = ++worlds
  const project = `project-${number}` as ProjectId
  const config: Config = { ...parsedConfig(), baseHost: 'gw.behalf.test', dynamicRegistration: true, ...change }
  const idp = await companyProvider(`https://login${number}.acme.test`)
  const events: AuditEvent[] = []
  const ended: EndSessions[] = []
  const kept: Parameters<IdentityDeps['keepSignIn']>[] = []
  const forgotten: string[] = []
  const changed: Parameters<IdentityDeps['principalsChanged']>[1][] = []
  const routes = ['tools', 'other'].map((name) => gatewayRoute(project, `${name}${number}`))

  const deps: IdentityDeps = {
    ...identityDeps(env, config, {
      resolveGateway: async (url) => {
        const slug = /\.gw\.behalf\.test$|\.localhost:8787$/.test(url.host)
          ? url.host.split('.')[0]
          : url.pathname.split('/')[1]
        const route = routes.find((one) => one.slug === slug)
        return route ? { ...route, resource: url.href } : null
      },
      endSessions: async (_, which) => ended.push(which),
      principalsChanged: async (_, match) => changed.push(match),
      keepSignIn: async (...one) => kept.push(one),
      forgetSignIn: async (user) => void forgotten.push(user),
    }),
    egress: idp.egress,
    now: Date.now,
    record: async (more) => void events.push(...more),
  }
  const { clientId, clientSecret, issuer } = idp
  await saveIdentityProvider(deps.db, config, project, { id: 'company', issuer, clientId, clientSecret }, Date.now())
  const app = identityRoutes(() => deps)
  const [tools, other] = routes as [GatewayRoute, GatewayRoute]
  return {
    project,
    config,
    idp,
    deps,
    events,
    ended,
    changed,
    kept,
    forgotten,
    routes,
    tools,
    other,
    fetch: async (url: string | URL, init?: RequestInit): Promise<Response> =>
      app.fetch(new Request(new URL(url, origin), { redirect: 'manual', ...init }), env),
  }
}

function parsedConfig(): Config {
  const config = readConfig(env)
  if (!config.ok) throw new Error('the test vars are not complete')
  return config.value
}

function gatewayRoute(project: ProjectId, slug: string): GatewayRoute {
  const [path, host] = [`${origin}/${slug}/mcp`, `https://${slug}.gw.behalf.test/mcp`]
  return {
    project,
    gateway: `gateway-${slug}` as GatewayId,
    slug,
    title: `Tools of ${slug}`,
    enabled: true,
    version: 1,
    resource: path,
    resources: [path, host],
    signIn: { modes: ['oauth', 'app_key'], identityProvider: null, trustedClients: [] },
  }
}

/** A person's browser: keeps cookies, follows nothing by itself. */
export function createBrowser(world: Pick<World, 'fetch'>) {
  const cookies = new Map<string, string>()
  const send = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) }
    const response = await world.fetch(url, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  return {
    cookies,
    get: send,
    post: (url: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
      send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(form).toString(),
      }),
  }
}

export type Browser = ReturnType<typeof createBrowser>

/** Where a response sends the browser: a redirect, or the page that follows a form. */
export function destination(response: Response): string {
  return response.headers.get('location') ?? response.headers.get('refresh')?.replace('0; url=', '') ?? ''
}

/** The hidden fields of the form on a page. */
export function hiddenFields(html: string): Record<string, string> {
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))
}

/** Goes through the company's sign-in until the browser is back where it wanted to go. */
export async function signInAt(idp: CompanyProvider, browser: Browser, response: Response): Promise<Response> {
  const back = await browser.get(idp.signIn(destination(response)))
  return back.status === 303 ? browser.get(destination(back)) : back
}

export type Client = { id: string; secret?: string; redirectUri: string }
export const webCallback = 'https://client.test/callback'

export async function register(world: World, metadata: Record<string, unknown> = {}): Promise<Client> {
  const body = { client_name: 'Client', redirect_uris: [webCallback], token_endpoint_auth_method: 'none', ...metadata }
  // Registrations are counted by address: each client of a test comes from its own.
  const headers = { 'cf-connecting-ip': `2001:db8::${crypto.randomUUID().slice(0, 4)}` }
  const response = await world.fetch('/oauth/register', { method: 'POST', headers, body: JSON.stringify(body) })
  if (response.status !== 201) throw new Error(`registration: ${response.status} ${await response.text()}`)
  const client = (await response.json()) as { client_id: string; client_secret?: string; redirect_uris: string[] }
  const secret = client.client_secret ? { secret: client.client_secret } : {}
  return { id: client.client_id, redirectUri: client.redirect_uris[0] ?? '', ...secret }
}

export const verifier = 'a-verifier-that-is-long-enough-to-be-accepted-by-everyone'

export async function authorizeUrl(
  client: Client,
  route: GatewayRoute,
  change: Record<string, string | null> = {},
): Promise<string> {
  const query: Record<string, string | null> = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.redirectUri,
    code_challenge: base64url(await sha256(verifier)),
    code_challenge_method: 'S256',
    state: 'client-state',
    scope: 'mcp',
    resource: route.resource,
    ...change,
  }
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== null)
  return `/oauth/authorize?${new URLSearchParams(given).toString()}`
}

/** Sign-in, consent, and the URL with the code the client gets. */
export async function allow(
  world: World,
  browser: Browser,
  client: Client,
  route: GatewayRoute,
  change: Record<string, string | null> = {},
): Promise<URL> {
  let page = await browser.get(await authorizeUrl(client, route, change))
  if (page.status === 302 && destination(page).startsWith(world.idp.issuer)) {
    page = await signInAt(world.idp, browser, page)
  }
  if (page.status === 302) return new URL(destination(page))
  const fields = hiddenFields(await page.text())
  const decided = await browser.post('/oauth/authorize', { ...fields, decision: 'allow' }, { origin })
  return new URL(destination(decided))
}

export type Tokens = { access_token: string; refresh_token: string; scope: string; resource: string; error?: string }

export async function askToken(world: Pick<World, 'fetch'>, form: Record<string, string>, path = '/oauth/token') {
  const response = await world.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Tokens, headers: response.headers }
}

export const redeemForm = (client: Client, code: string): Record<string, string> => ({
  grant_type: 'authorization_code',
  client_id: client.id,
  redirect_uri: client.redirectUri,
  code_verifier: verifier,
  code,
})

export const refreshForm = (client: Client, token: string): Record<string, string> => ({
  grant_type: 'refresh_token',
  client_id: client.id,
  refresh_token: token,
})

/** A signed-in person with a client that has tokens for `tools`. */
export async function connected(world: World, metadata: Record<string, unknown> = {}, route = world.tools) {
  const browser = createBrowser(world)
  const client = await register(world, metadata)
  const back = await allow(world, browser, client, route)
  const code = back.searchParams.get('code') ?? ''
  const { body: tokens } = await askToken(world, redeemForm(client, code))
  return { browser, client, code, tokens }
}

export const calling = (token: string, headers: Record<string, string> = {}, url = `${origin}/x/mcp`): Request =>
  new Request(url, { method: 'POST', headers: { authorization: `Bearer ${token}`, ...headers } })

/** What is there; a test that gets a refusal instead fails with its code. */
export function accepted<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.code} ${JSON.stringify(result.error.evidence)}`)
  return result.value
}

export function rejected<T>(result: Result<T>): Refusal {
  if (result.ok) throw new Error('this should have been refused')
  return result.error
}

export function grantOf(token: string): GrantName {
  const name = readGrantName(token)
  if (name === null) throw new Error('not one of our tokens')
  return name
}
