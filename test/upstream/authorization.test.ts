import { describe, expect, it } from 'vitest'
import { createEgress } from '../../src/egress/egress.ts'
import { discoverAuthorization, registerClient } from '../../src/upstream/upstream.ts'

type Pages = Record<string, unknown>

/** Serves JSON by URL, and remembers what was asked. Everything else is 404. */
function web(pages: Pages) {
  const asked: string[] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push(url)
    const page = pages[url]
    if (page instanceof Response) return page.clone() as unknown as Response
    if (typeof page === 'function') return (page as (init: RequestInit) => Response)(init)
    return page === undefined ? new Response('none', { status: 404 }) : Response.json(page)
  }
  return { egress: createEgress(config, { fetch }), asked }
}

const mcp = 'https://mcp.example/team/mcp'
const issuer = 'https://login.example/tenant'
const prm = { resource: mcp, authorization_servers: [issuer], scopes_supported: ['files.read'] }
const as = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
}
const { code_challenge_methods_supported: _, ...withoutPkce } = as
const prmUrl = 'https://mcp.example/.well-known/oauth-protected-resource/team/mcp'
const asUrl = 'https://login.example/.well-known/oauth-authorization-server/tenant'
const good: Pages = { [prmUrl]: prm, [asUrl]: as }

const config = { development: false, egressAllow: [] }
const discover = (pages: Pages, challenge = {}) =>
  discoverAuthorization(mcp, challenge, { egress: web(pages).egress, config })
const faultOf = async (pages: Pages, challenge = {}): Promise<unknown> => {
  const found = await discover(pages, challenge)
  return found.ok ? null : (found.error.evidence?.['fault'] ?? found.error.code)
}

describe('what an MCP server says about signing in', () => {
  it('is read from the resource and from its authorization server', async () => {
    expect(await discover(good)).toEqual({
      ok: true,
      value: {
        resource: mcp,
        issuer,
        authorizationEndpoint: `${issuer}/authorize`,
        tokenEndpoint: `${issuer}/token`,
        revocationEndpoint: null,
        registrationEndpoint: `${issuer}/register`,
        scopes: ['files.read'],
        scopesSupported: [],
        clientIdMetadataDocument: false,
        tokenEndpointAuthMethods: ['none', 'client_secret_basic'],
        grantTypes: ['authorization_code'],
        issParameter: false,
        assumed: false,
      },
    })
  })

  it.each([
    'https://login.example/.well-known/openid-configuration/tenant',
    'https://login.example/tenant/.well-known/openid-configuration',
  ])('is found at %s too', async (place) => {
    expect(await discover({ [prmUrl]: prm, [place]: as })).toMatchObject({ ok: true, value: { issuer } })
  })

  it('is found at the root of the resource, and of an issuer without a path', async () => {
    const root = 'https://login.example'
    const pages = {
      'https://mcp.example/.well-known/oauth-protected-resource': {
        resource: 'https://mcp.example',
        authorization_servers: [root],
      },
      [`${root}/.well-known/oauth-authorization-server`]: { ...as, issuer: root },
    }
    expect(await discover(pages)).toMatchObject({ ok: true, value: { resource: 'https://mcp.example', issuer: root } })
  })

  it("is taken from the place the challenge names, and its scope before the resource's", async () => {
    const elsewhere = 'https://meta.example/prm'
    const challenge = { resourceMetadata: elsewhere, scope: 'files.write admin' }
    expect(await discover({ [elsewhere]: prm, [asUrl]: as }, challenge)).toMatchObject({
      value: { scopes: ['files.write', 'admin'] },
    })
  })

  it('asks for offline access where a refresh token can be had', async () => {
    const offline = { ...as, scopes_supported: ['files.read', 'offline_access'] }
    expect(await discover({ ...good, [asUrl]: offline })).toMatchObject({
      value: { scopes: ['files.read', 'offline_access'] },
    })
    const without = { ...offline, grant_types_supported: ['authorization_code'] }
    expect(await discover({ ...good, [asUrl]: without })).toMatchObject({ value: { scopes: ['files.read'] } })
  })

  it('falls back to the server itself, as in 2025-03-26', async () => {
    expect(await discover({})).toMatchObject({
      ok: true,
      value: {
        issuer: 'https://mcp.example',
        tokenEndpoint: 'https://mcp.example/token',
        resource: mcp,
        assumed: true,
      },
    })
  })

  it("of an older server is its own origin's, and no other issuer's", async () => {
    const place = 'https://mcp.example/.well-known/oauth-authorization-server'
    const own = { ...as, issuer: 'https://mcp.example', token_endpoint: 'https://mcp.example/t' }
    expect(await discover({ [place]: own })).toMatchObject({ value: { issuer: own.issuer } })
    const slashed = { ...own, issuer: `${own.issuer}/` }
    expect(await discover({ [place]: slashed })).toMatchObject({ value: { issuer: slashed.issuer } })
    // SEP-2352: what that issuer gave would be sent to this server's token endpoint.
    expect(await faultOf({ [place]: { ...own, issuer } })).toBe('issuer_mismatch')
    const { authorization_servers: _named, ...nobody } = prm
    expect(await faultOf({ [prmUrl]: nobody, [place]: { ...own, issuer } })).toBe('issuer_mismatch')
  })

  it.each([
    [
      'metadata of another resource',
      { ...good, [prmUrl]: { ...prm, resource: 'https://other.example/mcp' } },
      'resource_mismatch',
    ],
    [
      'metadata of a sibling path',
      { ...good, [prmUrl]: { ...prm, resource: 'https://mcp.example/team/mcp2' } },
      'resource_mismatch',
    ],
    [
      'metadata that begins like the path',
      { ...good, [prmUrl]: { ...prm, resource: 'https://mcp.example/te' } },
      'resource_mismatch',
    ],
    ['another issuer', { ...good, [asUrl]: { ...as, issuer: 'https://login.example/other' } }, 'issuer_mismatch'],
    ['an issuer with a slash more', { ...good, [asUrl]: { ...as, issuer: `${issuer}/` } }, 'issuer_mismatch'],
    ['a server without PKCE', { ...good, [asUrl]: { ...as, code_challenge_methods_supported: ['plain'] } }, 'no_pkce'],
    ['a server that does not say it has PKCE', { ...good, [asUrl]: withoutPkce }, 'no_pkce'],
    [
      'a token endpoint without https',
      { ...good, [asUrl]: { ...as, token_endpoint: 'http://login.example/token' } },
      'endpoint_address',
    ],
    ...['http://login.example/a', 'https://10.0.0.1/a', 'https://[::ffff:a00:1]/a', 'https://login.internal/a'].flatMap(
      (address) =>
        ['authorization', 'token', 'registration', 'revocation'].map((one): [string, Pages, string] => [
          `a server whose ${one} endpoint is ${address}`,
          { ...good, [asUrl]: { ...as, [`${one}_endpoint`]: address } },
          'endpoint_address',
        ]),
    ),
    [
      'an endpoint that is no address',
      { ...good, [asUrl]: { ...as, authorization_endpoint: 'javascript:alert(1)' } },
      'bad_metadata',
    ],
    ['an authorization server without metadata', { [prmUrl]: prm }, 'no_metadata'],
    [
      'an authorization server inside',
      { [prmUrl]: { ...prm, authorization_servers: ['https://10.0.0.1'] } },
      'private_address',
    ],
    [
      'an authorization server by plain http',
      { [prmUrl]: { ...prm, authorization_servers: ['http://login.example'] } },
      'scheme',
    ],
    [
      'metadata that moves to another host',
      { ...good, [asUrl]: Response.redirect('https://evil.example/as', 302) },
      'origin_not_allowed',
    ],
    ['metadata of 1 MB', { ...good, [asUrl]: { ...as, pad: 'x'.repeat(1_000_000) } }, 'egress/too_large'],
  ] as [string, Pages, string][])('refuses %s', async (_name, pages, fault) => {
    expect(await faultOf(pages)).toBe(fault)
  })

  it('names the endpoint that may not be called, and takes one that an operator allows', async () => {
    const inside = { ...good, [asUrl]: { ...as, token_endpoint: 'https://10.0.0.1/token' } }
    expect(await discover(inside)).toMatchObject({ error: { message: expect.stringContaining('token_endpoint') } })
    const { egress } = web(inside)
    const config = { development: false, egressAllow: ['10.0.0.1'] }
    expect(await discoverAuthorization(mcp, {}, { egress, config })).toMatchObject({ ok: true })
  })

  it('keeps to https where it came by https, also in development', async () => {
    const { egress } = web({ ...good, [asUrl]: { ...as, token_endpoint: 'http://login.example/token' } })
    const config = { development: true, egressAllow: [] }
    expect(await discoverAuthorization(mcp, {}, { egress, config })).toMatchObject({
      error: { evidence: { fault: 'endpoint_address' } },
    })
  })

  it.each([
    'http://127.0.0.1/prm',
    'https://169.254.169.254/prm',
    'https://metadata.google.internal/',
    'file:///etc/passwd',
  ])("does not fetch a challenge's %s", async (resourceMetadata) => {
    const { egress, asked } = web(good)
    expect(await discoverAuthorization(mcp, { resourceMetadata }, { egress, config })).toMatchObject({
      ok: false,
      error: { code: 'egress/blocked' },
    })
    expect(asked).toEqual([])
  })
})

describe('who we are at the authorization server', () => {
  const us = {
    name: 'Behalf',
    redirectUri: 'https://behalf.example/connect/callback/x',
    metadataUrl: 'https://behalf.example/client.json',
  }
  const found = async (more: object) => {
    const result = await discover({ ...good, [asUrl]: { ...as, ...more } })
    if (!result.ok) throw new Error('not found')
    return result.value
  }

  it('is our metadata document where it takes one', async () => {
    const { egress, asked } = web({})
    expect(await registerClient(await found({ client_id_metadata_document_supported: true }), us, egress)).toEqual({
      ok: true,
      value: { clientId: us.metadataUrl, clientSecret: null, auth: 'none' },
    })
    expect(asked).toEqual([])
  })

  it('is a registration otherwise, public where that is allowed', async () => {
    let sent: Record<string, unknown> = {}
    const register = (init: RequestInit): Response => {
      sent = JSON.parse(init.body as string) as Record<string, unknown>
      return Response.json(
        { client_id: 'c1', client_secret: 's', token_endpoint_auth_method: 'client_secret_post' },
        { status: 201 },
      )
    }
    const { egress } = web({ [`${issuer}/register`]: register })
    expect(await registerClient(await found({}), us, egress)).toMatchObject({
      value: { clientId: 'c1', clientSecret: 's', auth: 'body' },
    })
    expect(sent).toMatchObject({
      redirect_uris: [us.redirectUri],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
    })
  })

  it('is a registration without scopes where the server does not know those of the resource', async () => {
    const sent: Record<string, unknown>[] = []
    const register = (init: RequestInit): Response => {
      sent.push(JSON.parse(init.body as string) as Record<string, unknown>)
      const isKnown = sent.at(-1)?.['scope'] === undefined
      return isKnown
        ? Response.json({ client_id: 'c1' })
        : Response.json({ error: 'invalid_client_metadata' }, { status: 400 })
    }
    const { egress } = web({ [`${issuer}/register`]: register })
    expect(await registerClient(await found({}), us, egress)).toMatchObject({ value: { clientId: 'c1', auth: 'none' } })
    expect(sent.map((one) => one['scope'])).toEqual(['files.read', undefined])
  })

  it('is nobody where registration is refused or impossible', async () => {
    const { egress } = web({ [`${issuer}/register`]: Response.json({ error: 'no' }, { status: 400 }) })
    expect(await registerClient(await found({}), us, egress)).toMatchObject({
      error: { evidence: { fault: 'registration_refused' } },
    })
    const without = await found({ registration_endpoint: undefined })
    expect(await registerClient(without, us, egress)).toMatchObject({
      error: { evidence: { fault: 'no_registration' } },
    })
  })
})
