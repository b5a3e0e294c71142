import { OAuthMetadataSchema, OpenIdProviderDiscoveryMetadataSchema } from '@modelcontextprotocol/sdk/shared/auth.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { challenge, identifyCaller } from '../../src/identity/identity.ts'
import { forgetCallers } from '../../src/identity/identify-caller.ts'
import type { Client, World } from './support/world.ts'
import {
  accepted,
  allow,
  askToken,
  authorizeUrl,
  calling,
  createBrowser,
  createWorld,
  destination,
  hiddenFields,
  origin,
  redeemForm,
  refreshForm,
  register,
  signInAt,
} from './support/world.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const read = async (response: Response): Promise<Record<string, unknown>> => {
  expect(response.status).toBe(200)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  return response.json()
}

/** The document of a CIMD client, at its URL. */
function publish(document: { client_id: string } & Record<string, unknown>): void {
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const url = input instanceof Request ? input.url : String(input as string)
    return url === document.client_id ? Response.json(document) : real(input, init)
  })
}

/** How far a client gets: code, use, refresh. */
async function signsIn(world: World, client: Client, change = {}): Promise<unknown[]> {
  const back = await allow(world, createBrowser(world), client, world.tools, change)
  const { body } = await askToken(world, redeemForm(client, back.searchParams.get('code') ?? ''))
  const caller = await identifyCaller(calling(body.access_token), world.tools, world.deps)
  const refreshed = await askToken(world, refreshForm(client, body.refresh_token))
  return [back.href.startsWith(client.redirectUri), caller.ok, refreshed.status]
}
const allTheWay = [true, true, 200]

describe('what a client reads', () => {
  it('at the URL in the challenge: this gateway, our issuer, and only the scope that is needed', async () => {
    const world = await createWorld()
    const url = /resource_metadata="([^"]+)"/.exec(challenge(world.tools))?.[1] ?? ''
    expect(await read(await world.fetch(url))).toEqual({
      resource: world.tools.resource,
      authorization_servers: [origin],
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
      resource_name: world.tools.title,
    })
  })

  it('of the authorization server: what Claude needs for a client document, and all MCP clients insist on', async () => {
    const world = await createWorld()
    const metadata = await read(await world.fetch('/.well-known/oauth-authorization-server'))
    expect(metadata).toMatchObject({
      issuer: origin,
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      registration_endpoint: `${origin}/oauth/register`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      scopes_supported: ['mcp', 'offline_access'],
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
    })
    expect(metadata['token_endpoint_auth_methods_supported']).toEqual(
      expect.arrayContaining(['none', 'client_secret_basic', 'client_secret_post']),
    )
    expect(metadata).not.toHaveProperty('protected_resources')
  })

  it('names no registration where an administrator has switched it off', async () => {
    const world = await createWorld({ dynamicRegistration: false })
    const metadata = await read(await world.fetch('/.well-known/oauth-authorization-server'))
    expect(metadata).not.toHaveProperty('registration_endpoint')
    const refused = await world.fetch('/oauth/register', { method: 'POST', body: '{}' })
    expect(refused.status).toBe(404)
  })

  it('is there with the path inserted and appended, for clients that guess, and parses as OpenID Connect', async () => {
    const world = await createWorld()
    const { slug } = world.tools
    for (const path of [
      '/.well-known/oauth-authorization-server',
      `/.well-known/oauth-authorization-server/${slug}/mcp`,
      `/${slug}/mcp/.well-known/oauth-authorization-server`,
    ]) {
      expect(OAuthMetadataSchema.parse(await read(await world.fetch(path))).issuer).toBe(origin)
    }
    for (const path of [
      '/.well-known/openid-configuration',
      `/.well-known/openid-configuration/${slug}/mcp`,
      `/${slug}/mcp/.well-known/openid-configuration`,
    ]) {
      expect(OpenIdProviderDiscoveryMetadataSchema.parse(await read(await world.fetch(path))).issuer).toBe(origin)
    }
    expect(await (await world.fetch('/oauth/jwks')).json()).toEqual({ keys: [] })
  })

  it("is there at the root and inserted on a gateway's own host, for claude.ai", async () => {
    const world = await createWorld()
    const host = `https://${world.tools.slug}.gw.behalf.test`
    for (const path of ['', '/mcp']) {
      const metadata = await read(await world.fetch(`${host}/.well-known/oauth-protected-resource${path}`))
      expect(metadata['resource']).toBe(`${host}/mcp`)
    }
    expect((await read(await world.fetch(`${host}/.well-known/oauth-authorization-server`)))['issuer']).toBe(origin)
  })

  it('is nothing for a gateway that is not there, is switched off, or takes app keys only (attack case 8)', async () => {
    const world = await createWorld()
    const at = (path: string) => world.fetch(`/.well-known/oauth-protected-resource${path}`)
    const { slug } = world.tools
    const absent = [await at('/nowhere/mcp'), await at(''), await at(`/${slug}/other`), await at(`/${slug}/mcp/`)]
    world.tools.enabled = false
    absent.push(await at(`/${slug}/mcp`))
    world.tools.enabled = true
    world.tools.signIn = { ...world.tools.signIn, modes: ['app_key'] }
    absent.push(await at(`/${slug}/mcp`))
    expect(absent.map((one) => one.status)).toEqual([404, 404, 404, 404, 404, 404])
    expect(new Set(await Promise.all(absent.map((one) => one.text()))).size).toBe(1)
  })

  it('may be read by a page in a browser, with the headers an MCP client sends', async () => {
    const world = await createWorld()
    for (const path of [
      `/.well-known/oauth-protected-resource/${world.tools.slug}/mcp`,
      '/.well-known/oauth-authorization-server',
      '/oauth/token',
      '/oauth/register',
    ]) {
      const headers = {
        origin: 'https://inspector.test',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version, content-type',
      }
      const preflight = await world.fetch(path, { method: 'OPTIONS', headers })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
      expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-protocol-version')
    }
  })
})

describe('Claude Code', () => {
  const document = {
    client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
    client_name: 'Claude Code',
    redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }

  it('signs in with its document, a port of its own and prompt=consent, and is named by its host', async () => {
    const world = await createWorld()
    publish(document)
    const client = { id: document.client_id, redirectUri: 'http://localhost:54321/callback' }
    const browser = createBrowser(world)
    const url = await authorizeUrl(client, world.tools, { prompt: 'consent', scope: 'mcp offline_access' })
    const html = await (await signInAt(world.idp, browser, await browser.get(url))).text()
    for (const text of ['Let Claude Code act for you?', 'claude.ai', 'a program on this computer']) {
      expect(html).toContain(text)
    }
    const decided = await browser.post('/oauth/authorize', { ...hiddenFields(html), decision: 'allow' })
    const back = new URL(destination(decided))
    expect(back.origin).toBe('http://localhost:54321')
    const { body } = await askToken(world, redeemForm(client, back.searchParams.get('code') ?? ''))
    const caller = accepted(await identifyCaller(calling(body.access_token), world.tools, world.deps))
    expect(caller.agent).toMatchObject({
      kind: 'cimd',
      clientId: document.client_id,
      host: 'claude.ai',
      trust: 'unknown',
    })
  })

  it('is refused when its document is away, another, or too long', async () => {
    const world = await createWorld()
    const client = { id: document.client_id, redirectUri: 'http://localhost:54321/callback' }
    const url = await authorizeUrl(client, world.tools)
    const answers = [
      new Response('gone', { status: 404 }),
      Response.json({ ...document, client_id: 'https://evil.test/oauth/client' }),
      Response.json({ ...document, client_name: 'x'.repeat(6_000) }),
      new Response('not json'),
    ]
    for (const answer of answers) {
      vi.spyOn(globalThis, 'fetch').mockResolvedValueOnce(answer)
      const refused = await world.fetch(url)
      expect([refused.status, destination(refused)]).toEqual([400, ''])
      expect(await refused.text()).toContain('could not be read')
    }
  })

  it('keeps its sign-in while the host of its document is away', async () => {
    const world = await createWorld()
    publish(document)
    const client = { id: document.client_id, redirectUri: 'http://localhost:54321/callback' }
    const back = await allow(world, createBrowser(world), client, world.tools)
    const { body } = await askToken(world, redeemForm(client, back.searchParams.get('code') ?? ''))
    const form = refreshForm(client, body.refresh_token)
    vi.spyOn(globalThis, 'fetch').mockResolvedValueOnce(new Response('away', { status: 502 }))
    const away = await askToken(world, form)
    expect(away).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(away.headers.get('retry-after')).toBe('30')
    expect((await askToken(world, form)).status).toBe(200)
  })

  it('signs in after registering with a scope and an application type', async () => {
    const world = await createWorld()
    const client = await register(world, {
      client_name: 'Claude Code (tools)',
      redirect_uris: ['http://localhost:3118/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'native',
      scope: 'mcp offline_access',
    })
    expect(await signsIn(world, client, { prompt: 'consent' })).toEqual(allTheWay)
  })
})

describe('ChatGPT', () => {
  it('signs in with a document that offers a key as well, and gets its resource back', async () => {
    const world = await createWorld()
    publish({
      client_id: 'https://chatgpt.com/oauth/client.json',
      client_name: 'ChatGPT',
      redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
    })
    const redirectUri = 'https://chatgpt.com/connector_platform_oauth_redirect'
    const client = { id: 'https://chatgpt.com/oauth/client.json', redirectUri }
    const back = await allow(world, createBrowser(world), client, world.tools)
    const form = { ...redeemForm(client, back.searchParams.get('code') ?? ''), resource: world.tools.resource }
    expect((await askToken(world, form)).body.resource).toBe(world.tools.resource)
  })
})

describe('Cursor', () => {
  const redirectUris = [
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'https://www.cursor.com/agents/mcp/oauth/callback',
    'http://localhost:8787/callback',
  ]

  it.each(redirectUris)('registers its three redirect URIs at once and returns to %s', async (redirectUri) => {
    const world = await createWorld()
    const client = await register(world, {
      client_name: 'Cursor',
      redirect_uris: redirectUris,
      application_type: 'web',
    })
    expect(await signsIn(world, { ...client, redirectUri })).toEqual(allTheWay)
  })

  it('is the only one whose scheme is taken: another one is registered and never used', async () => {
    const world = await createWorld()
    const uris = ['evil-app://callback', 'https://client.test/callback']
    const client = await register(world, { redirect_uris: uris })
    const url = await authorizeUrl({ ...client, redirectUri: 'evil-app://callback' }, world.tools)
    const refused = await world.fetch(url)
    expect([refused.status, destination(refused)]).toEqual([400, ''])
  })
})

describe('VS Code', () => {
  it('registers with the device grant too, and signs in at a random port', async () => {
    const world = await createWorld()
    const client = await register(world, {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    })
    expect(await signsIn(world, { ...client, redirectUri: 'http://127.0.0.1:49152/' })).toEqual(allTheWay)
  })
})

describe('Codex', () => {
  it('is told to sign in by the challenge its GET gets, whatever the version it names', async () => {
    const world = await createWorld()
    const headers = { 'mcp-protocol-version': '2024-11-05' }
    const probe = new Request(world.tools.resource, { headers })
    const refused = await identifyCaller(probe, world.tools, world.deps)
    expect(refused).toMatchObject({ ok: false, error: { code: 'identity/unauthenticated' } })
  })

  it('finds the metadata without a challenge, behind the path and inserted before it', async () => {
    const world = await createWorld()
    const { slug } = world.tools
    const host = `https://${slug}.gw.behalf.test`
    for (const url of [
      `/.well-known/oauth-protected-resource/${slug}/mcp`,
      `/${slug}/mcp/.well-known/oauth-protected-resource`,
      `${host}/mcp/.well-known/oauth-protected-resource`,
    ]) {
      const { resource } = await read(await world.fetch(url))
      expect(world.tools.resources).toContain(resource)
    }
  })

  it('registers with a scope and signs in on the loopback address', async () => {
    const world = await createWorld()
    const client = await register(world, {
      client_name: 'Codex',
      redirect_uris: ['http://127.0.0.1:5555/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'mcp offline_access',
    })
    expect(await signsIn(world, client, { scope: 'mcp offline_access' })).toEqual(allTheWay)
  })
})

describe('a client that registers itself', () => {
  it('without a scope, and asking for none, gets what a gateway needs', async () => {
    const world = await createWorld()
    const client = await register(world, {})
    const back = await allow(world, createBrowser(world), client, world.tools, { scope: null })
    const { body } = await askToken(world, redeemForm(client, back.searchParams.get('code') ?? ''))
    expect(body.scope).toBe('mcp')
  })

  it('asking for unknown scopes gets what there is, and no error', async () => {
    const world = await createWorld()
    const client = await register(world)
    const change = { scope: 'openid profile email admin' }
    const back = await allow(world, createBrowser(world), client, world.tools, change)
    const { body } = await askToken(world, redeemForm(client, back.searchParams.get('code') ?? ''))
    expect(body.scope).toBe('mcp')
  })

  it('without naming a method gets a secret that works in the header and in the form', async () => {
    const world = await createWorld()
    const client = await register(world, { token_endpoint_auth_method: undefined })
    const { secret = '' } = client
    expect(secret).not.toBe('')
    const first = await allow(world, createBrowser(world), client, world.tools)
    const form = { ...redeemForm(client, first.searchParams.get('code') ?? ''), client_secret: secret }
    expect((await askToken(world, form)).status).toBe(200)

    const second = await allow(world, createBrowser(world), client, world.tools)
    const { client_id: _, ...rest } = redeemForm(client, second.searchParams.get('code') ?? '')
    const response = await world.fetch('/oauth/token', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${btoa(`${client.id}:${secret}`)}`,
      },
      body: new URLSearchParams(rest).toString(),
    })
    expect(response.status).toBe(200)
  })

  it.each([
    ['no redirect URI', { redirect_uris: [] }],
    ['a script as redirect URI', { redirect_uris: ['javascript:alert(1)'] }],
    ['http on another host', { redirect_uris: ['http://client.test/callback'] }],
    ['a grant we do not have', { grant_types: ['client_credentials'] }],
    ['an array', []],
  ])('with %s is refused', async (_, metadata) => {
    const world = await createWorld()
    const body = JSON.stringify(Array.isArray(metadata) ? metadata : { client_name: 'x', ...metadata })
    const response = await world.fetch('/oauth/register', { method: 'POST', body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_client_metadata' })
  })

  it('too often from one address is told to wait (attack case 67)', async () => {
    const world = await createWorld()
    const headers = { 'cf-connecting-ip': '198.51.100.9' }
    const body = JSON.stringify({ redirect_uris: ['https://client.test/callback'], token_endpoint_auth_method: 'none' })
    const ask = async () => (await world.fetch('/oauth/register', { method: 'POST', headers, body })).status
    const statuses = new Set<number>()
    for (let i = 0; i < 100; i++) statuses.add(await ask())
    expect([...statuses]).toEqual([201])
    const limited = await world.fetch('/oauth/register', { method: 'POST', headers, body })
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('with more than 64 KB is refused, whatever length it declares', async () => {
    const world = await createWorld()
    const body = new Blob([JSON.stringify({ client_name: 'x'.repeat(70_000) })]).stream()
    const response = await world.fetch('/oauth/register', { method: 'POST', body })
    expect(response.status).toBe(413)
  })
})

describe("a gateway's own host on a laptop", () => {
  it('is a resource like any other, although it is neither https nor localhost', async () => {
    const world = await createWorld()
    const resource = `http://${world.tools.slug}.localhost:8787/mcp`
    world.tools.resources = [...world.tools.resources, resource]
    world.tools.resource = resource
    const client = await register(world)
    const back = await allow(world, createBrowser(world), client, world.tools)
    const form = { ...redeemForm(client, back.searchParams.get('code') ?? ''), resource }
    const { body } = await askToken(world, form)
    expect((await identifyCaller(calling(body.access_token), world.tools, world.deps)).ok).toBe(true)
    const again = { ...refreshForm(client, body.refresh_token), resource }
    expect((await askToken(world, again)).status).toBe(200)
    forgetCallers()
    const elsewhere = { ...world.tools, resources: ['http://elsewhere.localhost:8787/mcp'] }
    expect((await identifyCaller(calling(body.access_token), elsewhere, world.deps)).ok).toBe(false)
  })
})

describe('a client that falls back to the root', () => {
  it('is sent from /authorize to the page, and may use /token and /register there', async () => {
    const world = await createWorld()
    const registered = await world.fetch('/register', {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: ['https://client.test/callback'], token_endpoint_auth_method: 'none' }),
    })
    const { client_id: id } = (await registered.json()) as { client_id: string }
    const client = { id, redirectUri: 'https://client.test/callback' }
    const url = (await authorizeUrl(client, world.tools)).replace('/oauth/authorize', '/authorize')
    expect(destination(await world.fetch(url))).toBe(`${origin}/oauth${url}`)

    const back = await allow(world, createBrowser(world), client, world.tools)
    const form = redeemForm(client, back.searchParams.get('code') ?? '')
    expect((await askToken(world, form, '/token')).status).toBe(200)
  })

  it("is told on a gateway's own host that this gateway is meant", async () => {
    const world = await createWorld()
    const client = await register(world)
    const host = `https://${world.tools.slug}.gw.behalf.test`
    const path = (await authorizeUrl(client, world.tools, { resource: null })).replace('/oauth', '')
    const target = new URL(destination(await world.fetch(`${host}${path}`)))
    expect(target.origin + target.pathname).toBe(`${origin}/oauth/authorize`)
    expect(target.searchParams.get('resource')).toBe(`${host}/mcp`)
  })
})
