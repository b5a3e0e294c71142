import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { agents } from '../../src/db/schema.ts'
import { createRegisteredClient } from '../../src/identity/identity.ts'
import { bent } from '../support/bent.ts'
import type { Client, World } from './support/world.ts'
import {
  accepted,
  allow,
  askToken,
  authorizeUrl,
  connected,
  createBrowser,
  createWorld,
  destination,
  hiddenFields,
  origin,
  redeemForm,
  register,
  signInAt,
  start,
  webCallback,
} from './support/world.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A signed-in browser. */
async function signedIn(world: World) {
  const { browser } = await connected(world)
  return browser
}

async function consentPage(world: World, browser: ReturnType<typeof createBrowser>, client: Client, change = {}) {
  const page = await browser.get(await authorizeUrl(client, world.tools, change))
  const html = await page.text()
  return { page, html, fields: hiddenFields(html) }
}

describe('an authorization request', () => {
  it.each([
    'https://client.test/callback/',
    'https://client.test/other',
    'https://client.test/callback?extra=1',
    'https://client.test/Callback',
    'https://user@client.test/callback',
    'https://client.test.evil.test/callback',
    'https://evil.client.test/callback',
    'http://client.test/callback',
    'javascript:alert(1)',
    'https://client.test/callback#x',
    '',
  ])('to return to %j is answered on a page and sent nowhere (attack case 21)', async (redirect_uri) => {
    const world = await createWorld()
    const client = await register(world)
    const response = await world.fetch(await authorizeUrl(client, world.tools, { redirect_uri }))
    expect(response.status).toBe(400)
    expect(destination(response)).toBe('')
    expect(await response.text()).toContain('This application cannot sign you in')
  })

  it('of a client nobody knows is answered on a page', async () => {
    const world = await createWorld()
    const url = await authorizeUrl({ id: 'unknown', redirectUri: webCallback }, world.tools)
    expect(destination(await world.fetch(url))).toBe('')
  })

  it.each([
    ['no challenge', { code_challenge: null, code_challenge_method: null }, 'invalid_request'],
    ['the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method, which means plain', { code_challenge_method: null }, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no gateway', { resource: null }, 'invalid_target'],
    ['a gateway that is not there', { resource: 'https://behalf.test/nowhere/mcp' }, 'invalid_target'],
    ['another host', { resource: 'https://evil.test/mcp' }, 'invalid_target'],
  ])('with %s goes back to the client as an error, with state and iss (attack case 23)', async (_, change, error) => {
    const world = await createWorld()
    const client = await register(world)
    const back = new URL(destination(await world.fetch(await authorizeUrl(client, world.tools, change))))
    expect(back.origin + back.pathname).toBe(webCallback)
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error, state: 'client-state', iss: origin })
    expect(back.searchParams.has('code')).toBe(false)
  })

  it('without a challenge is refused also from a client with a secret', async () => {
    const world = await createWorld()
    const client = await register(world, { token_endpoint_auth_method: 'client_secret_basic' })
    const change = { code_challenge: null, code_challenge_method: null }
    const back = destination(await world.fetch(await authorizeUrl(client, world.tools, change)))
    expect(back).toContain('error=invalid_request')
  })

  it('for a gateway that is switched off, or takes app keys only, finds none', async () => {
    const world = await createWorld()
    const client = await register(world)
    const url = await authorizeUrl(client, world.tools)
    world.tools.enabled = false
    expect(destination(await world.fetch(url))).toContain('error=invalid_target')
    world.tools.enabled = true
    world.tools.signIn = { ...world.tools.signIn, modes: ['app_key'] }
    expect(destination(await world.fetch(url))).toContain('error=invalid_target')
  })

  it('with a parameter twice, or too long, is answered on a page', async () => {
    const world = await createWorld()
    const client = await register(world)
    const url = await authorizeUrl(client, world.tools)
    for (const bad of [
      `${url}&client_id=other`,
      `${url}&redirect_uri=https://evil.test`,
      `${url}&x=${'x'.repeat(3_000)}`,
    ]) {
      const response = await world.fetch(bad)
      expect([response.status, destination(response)]).toEqual([400, ''])
    }
  })

  it('of an agent that an administrator switched off is answered on a page', async () => {
    const world = await createWorld()
    const { client } = await connected(world)
    await world.deps.db.update(agents).set({ disabled: true })
    const response = await world.fetch(await authorizeUrl(client, world.tools))
    expect(await response.text()).toContain('switched this application off')
  })

  it('sends a person who is not signed in to the company, and nothing to the client', async () => {
    const world = await createWorld()
    const client = await register(world)
    const response = await world.fetch(await authorizeUrl(client, world.tools))
    const target = new URL(destination(response))
    expect(target.origin).toBe(world.idp.issuer)
    expect(Object.fromEntries(target.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'behalf',
      redirect_uri: `${origin}/sign-in/callback`,
      code_challenge_method: 'S256',
      scope: 'openid profile email',
    })
  })

  it.each([{ prompt: 'login' }, { prompt: 'consent login' }, { max_age: '0' }])(
    'with %j makes a signed-in person show their password once more, and only once',
    async (change) => {
      const world = await createWorld()
      const browser = await signedIn(world)
      const client = await register(world)
      vi.setSystemTime(start + 1_000)
      const again = await browser.get(await authorizeUrl(client, world.tools, change))
      expect(new URL(destination(again)).searchParams.get('prompt')).toBe('login')
      const back = await browser.get(world.idp.signIn(destination(again)))
      vi.setSystemTime(start + 2_000)
      const page = await browser.get(destination(back))
      expect(await page.text()).toContain('Let Client act for you?')
    },
  )

  it('of a gateway with another identity provider makes the person sign in there', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const client = await register(world)
    world.tools.signIn = { ...world.tools.signIn, identityProvider: 'partners' }
    const response = await browser.get(await authorizeUrl(client, world.tools))
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('You are not signed in')
  })
})

describe('the consent page', () => {
  it('names the client, who vouches for it, where it returns, the gateway and the person', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const client = await register(world, { client_name: 'Invoice <b>Bot</b>' })
    const { html, page } = await consentPage(world, browser, client, { scope: 'mcp offline_access other' })
    for (const text of [
      'Let Invoice &lt;b&gt;Bot&lt;/b&gt; act for you?',
      'nobody: it registered itself, and its name is not verified',
      'client.test',
      world.tools.title,
      world.tools.resource,
      'call tools, stay signed in without asking again',
      'Alice (alice@acme.test)',
    ]) {
      expect(html).toContain(text)
    }
    expect(html).not.toContain('other<')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('shows no logo and no link of the client (attack case 32)', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const evil = {
      client_name: '"><img src=x onerror=alert(1)>',
      logo_uri: 'https://evil.test/logo.png',
      client_uri: 'https://evil.test/',
      policy_uri: 'https://evil.test/policy',
    }
    const { html } = await consentPage(world, browser, await register(world, evil))
    expect(html).not.toMatch(/<img|<script|evil\.test/)
  })

  it('warns when the code goes to a program on this computer (attack case 22)', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const client = await register(world, { redirect_uris: ['http://127.0.0.1:3000/callback'] })
    const { html } = await consentPage(world, browser, client, { redirect_uri: 'http://127.0.0.1:51234/callback' })
    expect(html).toContain('This gives access to a program on this computer.')
  })

  it('sets no cookie, and is shown whatever cookie the company has (attack case 31)', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const evil = await register(world, { redirect_uris: ['https://evil.test/callback'] })
    const { page, html } = await consentPage(world, browser, evil)
    expect(page.headers.getSetCookie()).toEqual([])
    expect(html).toContain('Let Client act for you?')
    expect(html).toContain('evil.test')
  })

  it('when allowed, gives the client a code with state and iss, and records it first', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const client = await register(world)
    const { fields } = await consentPage(world, browser, client)
    world.events.length = 0
    const decided = await browser.post('/oauth/authorize', { ...fields, decision: 'allow' }, { origin: 'null' })
    const back = new URL(destination(decided))
    expect(decided.status).toBe(200)
    expect(back.origin + back.pathname).toBe(webCallback)
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ state: 'client-state', iss: origin })
    expect(world.events).toMatchObject([
      {
        type: 'identity.consented',
        gatewayId: world.tools.gateway,
        attributes: { how: 'allowed', clientId: client.id, redirectHost: 'client.test', scopes: ['mcp'] },
      },
    ])
    expect(JSON.stringify(world.events)).not.toContain(back.searchParams.get('code'))
  })

  it('gives no code when it cannot be recorded', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    world.deps.record = () => Promise.reject(new Error('the ledger is away'))
    const decided = await browser.post('/oauth/authorize', { ...fields, decision: 'allow' })
    expect([decided.status, destination(decided)]).toEqual([500, ''])
  })

  it.each(['deny', '', 'Allow', 'anything'])(
    'when the decision is %j, tells the client so and records it',
    async (decision) => {
      const world = await createWorld()
      const browser = await signedIn(world)
      const { fields } = await consentPage(world, browser, await register(world))
      world.events.length = 0
      const decided = await browser.post('/oauth/authorize', { ...fields, decision })
      const back = new URL(destination(decided))
      expect(Object.fromEntries(back.searchParams)).toMatchObject({
        error: 'access_denied',
        state: 'client-state',
        iss: origin,
      })
      expect(back.searchParams.has('code')).toBe(false)
      expect(world.events.map((one) => one.type)).toEqual(['identity.consent_denied'])
    },
  )

  it('is not asked again for the same client, gateway and host, and asked for each new one', async () => {
    const world = await createWorld()
    const { browser, client } = await connected(world)
    const again = await browser.get(await authorizeUrl(client, world.tools))
    expect(again.status).toBe(302)
    expect(new URL(destination(again)).searchParams.get('code')).toBeTruthy()
    expect(world.events.at(-1)).toMatchObject({ type: 'identity.consented', attributes: { how: 'remembered' } })
    for (const url of [
      await authorizeUrl(client, world.other),
      await authorizeUrl(client, world.tools, { scope: 'mcp offline_access' }),
      await authorizeUrl(client, world.tools, { prompt: 'consent' }),
      await authorizeUrl(await register(world), world.tools),
    ]) {
      expect((await browser.get(url)).status).toBe(200)
    }
    world.idp.claims = { ...world.idp.claims, sub: 'bob' }
    const bob = createBrowser(world)
    const page = await signInAt(world.idp, bob, await bob.get(await authorizeUrl(client, world.tools)))
    expect(page.status).toBe(200)
  })

  it('is skipped for a client an administrator named for this gateway', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const client = await register(world)
    world.tools.signIn = { ...world.tools.signIn, trustedClients: [client.id] }
    const response = await browser.get(await authorizeUrl(client, world.tools, { prompt: 'consent' }))
    expect(new URL(destination(response)).searchParams.get('code')).toBeTruthy()
    expect(world.events.at(-1)).toMatchObject({ attributes: { how: 'trusted' } })
  })
})

describe('the form of the consent page', () => {
  it('is refused from another site (attack case 33)', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    for (const headers of [{ origin: 'https://evil.test' }, { 'sec-fetch-site': 'cross-site' }]) {
      const decided = await browser.post('/oauth/authorize', { ...fields, decision: 'allow' }, headers as never)
      expect([decided.status, destination(decided)]).toEqual([403, ''])
    }
  })

  it('is refused as anything but a form (attack case 33)', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    const body = new URLSearchParams({ ...fields, decision: 'allow' }).toString()
    const response = await browser.get('/oauth/authorize', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body,
    })
    expect([response.status, destination(response)]).toEqual([400, ''])
  })

  it("is refused in another person's browser, or without a sign-in", async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    world.idp.claims = { sub: 'mallory' }
    const mallory = await signedIn(world)
    for (const other of [mallory, createBrowser(world)]) {
      const decided = await other.post('/oauth/authorize', { ...fields, decision: 'allow' })
      expect(decided.status).toBeGreaterThanOrEqual(400)
      expect(destination(decided)).toBe('')
    }
  })

  it('of another sign-in of the same person is refused', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    const elsewhere = await signedIn(world)
    const own = (await consentPage(world, elsewhere, await register(world))).fields
    const mixed = { ...fields, csrf: own['csrf'] ?? '', decision: 'allow' }
    const decided = await elsewhere.post('/oauth/authorize', mixed)
    expect([decided.status, destination(decided)]).toEqual([400, ''])
  })

  it('is refused when changed, or older than ten minutes', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    const sealed = fields['request'] ?? ''
    const changed = await browser.post('/oauth/authorize', { ...fields, request: bent(sealed, 40), decision: 'allow' })
    expect([changed.status, destination(changed)]).toEqual([400, ''])
    vi.setSystemTime(start + 600_000)
    const late = await browser.post('/oauth/authorize', { ...fields, decision: 'allow' })
    expect([late.status, destination(late)]).toEqual([400, ''])
  })

  it('is checked again: a gateway switched off meanwhile gives no code', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    world.tools.enabled = false
    const decided = await browser.post('/oauth/authorize', { ...fields, decision: 'allow' })
    expect(destination(decided)).toContain('error=invalid_target')
  })

  it('is refused beyond 64 KB', async () => {
    const world = await createWorld()
    const browser = await signedIn(world)
    const { fields } = await consentPage(world, browser, await register(world))
    const big = await browser.post('/oauth/authorize', { ...fields, decision: 'allow', x: 'x'.repeat(70_000) })
    expect(big.status).toBe(413)
  })
})

describe('a client an administrator registered', () => {
  const make = async (world: World, confidential: boolean) => {
    const admin = { project: world.project, role: 'admin', keyId: null, name: 'a' } as const
    const wanted = { name: 'Company portal', redirectUris: [webCallback], confidential }
    const { clientId, clientSecret } = accepted(await createRegisteredClient(admin, wanted, world.deps))
    return { id: clientId, secret: clientSecret ?? '', redirectUri: webCallback }
  }

  it('signs in with its secret and is known', async () => {
    const world = await createWorld()
    const client = await make(world, true)
    const back = await allow(world, createBrowser(world), client, world.tools)
    const form = redeemForm(client, back.searchParams.get('code') ?? '')
    expect((await askToken(world, form)).status).toBe(401)
    expect((await askToken(world, { ...form, client_secret: client.secret })).status).toBe(200)
    const [agent] = await world.deps.db.select().from(agents)
    expect(agent).toBeDefined()
  })

  it('is no client of another project', async () => {
    const world = await createWorld()
    const client = await make(world, false)
    const other = await createWorld()
    const response = await other.fetch(await authorizeUrl(client, other.tools))
    expect(await response.text()).toContain('not registered here')
  })

  it('is made by an admin, with redirect URIs that are fit', async () => {
    const world = await createWorld()
    const editor = { project: world.project, role: 'editor', keyId: null, name: 'e' } as const
    const wanted = { name: 'x', redirectUris: [webCallback], confidential: false }
    expect(await createRegisteredClient(editor, wanted, world.deps)).toMatchObject({
      error: { code: 'identity/forbidden' },
    })
    const admin = { ...editor, role: 'admin' } as const
    for (const redirectUris of [[], ['http://client.test/'], [webCallback, 'javascript:alert(1)']]) {
      const refused = await createRegisteredClient(admin, { ...wanted, redirectUris }, world.deps)
      expect(refused).toMatchObject({ error: { code: 'core/bad_request' } })
    }
  })
})
