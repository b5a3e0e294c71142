import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { groups, memberships, upstreams, users } from '../../src/db/schema.ts'
import { browserSession, saveIdentityProvider, startSignIn } from '../../src/identity/identity.ts'
import type { BrowserSession } from '../../src/identity/identity.ts'
import { signInLimit } from '../../src/identity/rate-limit.ts'
import type { Browser, World } from './support/world.ts'
import { createBrowser, createWorld, destination, hiddenFields, start } from './support/world.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** The browser is at the company's sign-in page: its URL. */
async function begin(world: World, browser: Browser, returnTo = '/connect/abc?x=1'): Promise<string> {
  const request = new Request('https://behalf.test/connect/abc')
  const response = await startSignIn(request, { project: world.project, provider: null, returnTo }, world.deps)
  for (const line of response.headers.getSetCookie()) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
    browser.cookies.set(name, value)
  }
  return destination(response)
}

async function signIn(world: World, browser: Browser): Promise<Response> {
  return browser.get(world.idp.signIn(await begin(world, browser)))
}

async function session(world: World, browser: Browser): Promise<BrowserSession | null> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const found = await browserSession(new Request('https://behalf.test/', { headers: { cookie } }), world.deps)
  return found.ok ? found.value : null
}

const codesSent = (world: World): number => world.idp.requests.filter((one) => one.url.endsWith('/token')).length

async function refused(world: World, browser: Browser, response: Response, reason?: string): Promise<void> {
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(destination(response)).toBe('')
  expect(await session(world, browser)).toBeNull()
  if (reason === undefined) return
  expect(world.events.at(-1)).toMatchObject({ type: 'identity.sign_in_failed', attributes: { reason } })
}

describe('signing in at the company', () => {
  it('makes a browser session for the person, and goes back to where it was wanted', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    const response = await signIn(world, browser)
    expect([response.status, destination(response)]).toEqual([303, '/connect/abc?x=1'])
    expect(await session(world, browser)).toMatchObject({
      project: world.project,
      provider: 'company',
      signedInAt: start,
      user: { issuer: world.idp.issuer, subject: 'alice', groups: ['engineering'] },
    })
    expect([...browser.cookies.keys()]).toEqual(['__Host-behalf-session'])
    expect(world.events).toMatchObject([
      { type: 'directory.changed', attributes: { what: 'added', source: 'sign_in', joined: ['engineering'] } },
      {
        type: 'identity.signed_in',
        attributes: { provider: 'company' },
        payload: { user: { issuer: world.idp.issuer, subject: 'alice' } },
      },
    ])
    await signIn(world, createBrowser(world))
    expect(world.events.map(({ type }) => type).slice(2)).toEqual(['identity.signed_in'])
  })

  it('sends the secret, the verifier and nothing else of ours to the company, and never follows it elsewhere', async () => {
    const world = await createWorld()
    await signIn(world, createBrowser(world))
    const token = world.idp.requests.find((one) => one.url.endsWith('/token'))
    expect(token?.headers?.['authorization']).toBe(`Basic ${btoa('behalf:company-secret')}`)
    for (const one of world.idp.requests) {
      expect(one.url.startsWith(world.idp.issuer)).toBe(true)
      expect(one.redirect).toBe('refuse')
    }
  })

  it('replaces the groups that sign-ins claimed, and leaves the others', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    await signIn(world, browser)
    const first = await session(world, browser)
    const { id } = first?.user ?? { id: '' as never }
    await addGroup(world, id, 'finance', 'scim')
    world.idp.claims = { ...world.idp.claims, groups: ['support', 'o\'brien"; DROP TABLE users'] }
    await signIn(world, browser)
    expect((await session(world, browser))?.user.groups).toEqual(['finance', 'o\'brien"; DROP TABLE users', 'support'])
  })

  it('tells live sessions when it says something new of a person, and only then', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    await signIn(world, browser)
    await signIn(world, browser)
    expect(world.changed).toEqual([])
    world.idp.claims = { ...world.idp.claims, groups: ['support'] }
    await signIn(world, browser)
    const user = (await session(world, browser))?.user.id
    expect(world.changed).toEqual([{ user }])
  })

  it('takes 1,000 groups at once', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    world.idp.claims = { ...world.idp.claims, groups: Array.from({ length: 1_000 }, (_, i) => `group ${i}`) }
    await signIn(world, browser)
    expect((await session(world, browser))?.user.groups).toHaveLength(1_000)
  })

  it('asks UserInfo for what the ID token leaves out, and believes the signed token first', async () => {
    const world = await createWorld()
    world.idp.claims = { sub: 'alice', name: 'Alice' }
    world.idp.userInfo = { name: 'Mallory', groups: ['from userinfo'] }
    const browser = createBrowser(world)
    await signIn(world, browser)
    expect(await session(world, browser)).toMatchObject({ user: { name: 'Alice', groups: ['from userinfo'] } })
  })

  it('believes no UserInfo about another subject', async () => {
    const world = await createWorld()
    world.idp.userInfo = { sub: 'mallory', groups: ['admins'] }
    const browser = createBrowser(world)
    const response = await signIn(world, browser)
    expect(response.status).toBe(400)
    await refused(world, browser, response)
  })

  it('keeps people of the same address apart (attack case 18)', async () => {
    const world = await createWorld()
    const [alice, mallory] = [createBrowser(world), createBrowser(world)]
    await signIn(world, alice)
    world.idp.claims = { sub: 'mallory', email: 'alice@acme.test', groups: [] }
    await signIn(world, mallory)
    const [a, m] = [await session(world, alice), await session(world, mallory)]
    expect(a?.user.email).toBe(m?.user.email)
    expect(a?.user.id).not.toBe(m?.user.id)
  })

  it('lets nobody in who has left, and never brings them back', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    await signIn(world, browser)
    await world.deps.db.update(users).set({ active: false })
    expect(await session(world, browser)).toBeNull()
    await refused(world, browser, await signIn(world, browser), 'user_inactive')
  })

  it('says so when there is no identity provider, or it is not to be reached', async () => {
    const world = await createWorld()
    const other = { ...world, project: 'no-such-project' as never }
    const browser = createBrowser(world)
    expect(await begin(other, browser)).toBe('')
    world.deps.egress = { fetch: async () => ({ ok: false, error: { code: 'egress/timeout' } }) }
    expect(await begin(world, browser)).toBe('')
  })

  it('does not choose between two identity providers', async () => {
    const world = await createWorld()
    const second = { id: 'second', issuer: world.idp.issuer, clientId: 'x', clientSecret: null }
    await saveIdentityProvider(world.deps.db, world.config, world.project, second, start)
    expect(await begin(world, createBrowser(world))).toBe('')
  })
})

describe('the way back from the company', () => {
  it('is refused without state, with another state, from another browser, late or again (attack case 27)', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    const back = world.idp.signIn(await begin(world, browser))
    const sent = codesSent(world)

    const without = new URL(back)
    without.searchParams.delete('state')
    await refused(world, browser, await browser.get(without))
    const other = new URL(back)
    other.searchParams.set('state', 'x'.repeat(43))
    await refused(world, browser, await browser.get(other))
    const stranger = createBrowser(world)
    await refused(world, stranger, await stranger.get(back))
    vi.setSystemTime(start + 600_000)
    await refused(world, browser, await browser.get(back))
    expect(codesSent(world)).toBe(sent)

    vi.setSystemTime(start + 599_000)
    expect((await browser.get(back)).status).toBe(303)
    browser.cookies.clear()
    await refused(world, browser, await browser.get(back))
    expect(codesSent(world)).toBe(sent + 1)
  })

  it('is refused when it names another issuer, before the code leaves (attack case 28)', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    const back = world.idp.signIn(await begin(world, browser))
    for (const iss of ['https://evil.test', `${world.idp.issuer}/`]) {
      back.searchParams.set('iss', iss)
      const attempt = createBrowser(world)
      for (const [name, value] of browser.cookies) attempt.cookies.set(name, value)
      await refused(world, attempt, await attempt.get(back), 'OAUTH_INVALID_RESPONSE')
    }
    back.searchParams.delete('iss')
    await refused(world, browser, await browser.get(back), 'OAUTH_INVALID_RESPONSE')
    expect(codesSent(world)).toBe(0)
  })

  it('is a page when the person or the company said no, without the words of the company', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    const back = new URL(world.idp.signIn(await begin(world, browser)))
    back.searchParams.delete('code')
    back.searchParams.set('error', 'access_denied')
    back.searchParams.set('error_description', '<script>alert("SECRET-WORDS")</script>')
    const response = await browser.get(back)
    expect(await response.clone().text()).not.toContain('SECRET-WORDS')
    await refused(world, browser, response, 'provider_error:access_denied')
    expect(JSON.stringify(world.events)).not.toContain('SECRET-WORDS')
  })

  it('does not use an attempt for another one: each has its own state and cookie', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    const [first, second] = [await begin(world, browser, '/first'), await begin(world, browser, '/second')]
    expect(destination(await browser.get(world.idp.signIn(second)))).toBe('/second')
    expect(destination(await browser.get(world.idp.signIn(first)))).toBe('/first')
  })

  it.each(['https://evil.test/', '//evil.test', '/\\evil.test', 'javascript:alert(1)'])(
    'never goes on to %s',
    async (returnTo) => {
      const world = await createWorld()
      expect(await begin(world, createBrowser(world), returnTo)).toBe('')
    },
  )
})

describe('an ID token', () => {
  const seconds = Math.floor(start / 1000)
  const bad: [string, (world: World, claims: Record<string, unknown>) => Promise<string>][] = [
    ['signed by nobody', async (_, claims) => `${b64({ alg: 'none' })}.${b64(claims)}.`],
    [
      'signed with HMAC and the public key',
      async ({ idp }, claims) => {
        const key = await exportSPKI((await importJWK(idp.publicJwk, 'RS256', { extractable: true })) as CryptoKey)
        return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(new TextEncoder().encode(key))
      },
    ],
    [
      'signed with a key it brings along',
      async ({ idp }, claims) => {
        const { privateKey } = await generateKeyPair('RS256')
        const header = {
          alg: 'RS256',
          kid: 'k1',
          jwk: idp.publicJwk,
          jku: 'https://evil.test/jwks',
          x5u: 'https://evil.test',
        }
        return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
      },
    ],
    [
      'signed with an unknown key',
      async ({ idp }, claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k9' }).sign(idp.privateKey),
    ],
    ['of another issuer', ({ idp }, claims) => idp.sign({ ...claims, iss: 'https://evil.test' })],
    ['for another client', ({ idp }, claims) => idp.sign({ ...claims, aud: 'other' })],
    [
      'for us and another, meant for the other',
      ({ idp }, claims) => idp.sign({ ...claims, aud: ['behalf', 'x'], azp: 'x' }),
    ],
    ['of another sign-in', ({ idp }, claims) => idp.sign({ ...claims, nonce: 'another' })],
    ['without a nonce', ({ idp }, claims) => idp.sign(without(claims, 'nonce'))],
    ['without an end', ({ idp }, claims) => idp.sign(without(claims, 'exp'))],
    ['that has ended', ({ idp }, claims) => idp.sign({ ...claims, exp: seconds - 61 })],
    ['from the future', ({ idp }, claims) => idp.sign({ ...claims, iat: seconds + 3_600 })],
    ['made long ago', ({ idp }, claims) => idp.sign({ ...claims, iat: seconds - 3_600 })],
    ['that lives ten years', ({ idp }, claims) => idp.sign({ ...claims, exp: seconds + 315_360_000 })],
    ['without a subject', ({ idp }, claims) => idp.sign(without(claims, 'sub'))],
    ['that is no token', async () => 'x'],
  ]

  it.each(bad)('%s is refused (attack cases 15 to 17)', async (_, sign) => {
    const world = await createWorld()
    const honest = { ...world, idp: { ...world.idp } }
    world.idp.sign = (claims) => sign(honest, claims)
    const browser = createBrowser(world)
    await refused(world, browser, await signIn(world, browser))
    expect(world.events.at(-1)?.type).toBe('identity.sign_in_failed')
    expect(world.idp.requests.filter((one) => !one.url.startsWith(world.idp.issuer))).toEqual([])
  })

  it('with unknown keys, ten times, fetches the keys once (attack case 16)', async () => {
    const world = await createWorld()
    world.idp.sign = (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: crypto.randomUUID() }).sign(world.idp.privateKey)
    for (let round = 0; round < 10; round++) {
      const browser = createBrowser(world)
      await refused(world, browser, await signIn(world, browser))
    }
    expect(world.idp.requests.filter((one) => one.url.endsWith('/jwks'))).toHaveLength(1)
  })
})

describe("the company's metadata", () => {
  it.each([
    ['another issuer', { issuer: 'https://evil.test' }],
    ['the issuer with a slash more', { issuer: null }],
    ['no authorization endpoint', { authorization_endpoint: undefined }],
  ])('with %s is not used (attack case 4)', async (what, change) => {
    const world = await createWorld()
    world.idp.metadata = what.includes('slash') ? { issuer: `${world.idp.issuer}/` } : change
    expect(await begin(world, createBrowser(world))).toBe('')
  })
})

describe('a sign-in at Entra whose groups did not fit', () => {
  it('is refused, the reason is recorded, and the URL in the token is not called (attack case 19)', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    world.idp.claims = {
      sub: 'alice',
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: 'https://evil.test/groups' } },
    }
    await refused(world, browser, await signIn(world, browser), 'groups_unresolved')
    expect(world.idp.requests.some((one) => one.url.includes('evil.test'))).toBe(false)
  })
})

describe('too many sign-ins from one address', () => {
  it('are told to wait, before anything is asked of the company (attack case 67)', async () => {
    const world = await createWorld()
    const headers = { 'cf-connecting-ip': '198.51.100.77' }
    for (let i = 0; i < 600; i++) signInLimit('198.51.100.77', start)
    const wanted = { project: world.project, provider: null, returnTo: '/' }
    const response = await startSignIn(new Request('https://behalf.test/', { headers }), wanted, world.deps)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '600'])
    expect((await world.fetch('/sign-in/callback?state=x', { headers })).status).toBe(429)
    expect(world.idp.requests).toEqual([])
  })
})

describe('a browser session', () => {
  it('is over after twelve hours', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    await signIn(world, browser)
    vi.setSystemTime(start + 12 * 3_600_000 - 1)
    expect(await session(world, browser)).not.toBeNull()
    vi.setSystemTime(start + 12 * 3_600_000)
    expect(await session(world, browser)).toBeNull()
  })

  it('is a new one after each sign-in (session fixation)', async () => {
    const world = await createWorld()
    const browser = createBrowser(world)
    await signIn(world, browser)
    const first = (await session(world, browser))?.sessionId
    await signIn(world, browser)
    expect((await session(world, browser))?.sessionId).not.toBe(first)
  })

  it('ends in all browsers when the person signs out, by a form only', async () => {
    const world = await createWorld()
    const [here, there] = [createBrowser(world), createBrowser(world)]
    await signIn(world, here)
    await signIn(world, there)
    const page = await here.get('/sign-out')
    const fields = hiddenFields(await page.text())
    expect((await here.post('/sign-out', {})).status).toBe(403)
    expect(await session(world, there)).not.toBeNull()
    vi.setSystemTime(start + 1)
    expect((await here.post('/sign-out', fields)).status).toBe(200)
    expect(world.events.filter(({ type }) => type === 'identity.signed_out')).toMatchObject([
      { user: expect.any(String) },
    ])
    expect(await session(world, here)).toBeNull()
    expect(await session(world, there)).toBeNull()
    vi.setSystemTime(start + 2)
    await signIn(world, there)
    expect(await session(world, there)).not.toBeNull()
  })
})

async function addGroup(world: World, user: string, name: string, source: string): Promise<void> {
  const { db } = world.deps
  await db.insert(groups).values({ project: world.project, id: `${source}-${name}`, name, source })
  await db.insert(memberships).values({ project: world.project, user, group: `${source}-${name}`, source })
}

const without = (claims: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(claims).filter(([one]) => one !== name))

const b64 = (value: unknown): string =>
  btoa(JSON.stringify(value)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')

describe('what a sign-in gives beside the person', () => {
  const upstream = (world: World, provider: string) =>
    world.deps.db.insert(upstreams).values({
      project: world.project,
      id: provider.replace(':', '-'),
      url: 'https://shop.test/mcp',
      settings: { credentials: { kind: 'exchange', provider } },
      updatedAt: 0,
    })

  it('is dropped where no server is called with it', async () => {
    const world = await createWorld()
    await upstream(world, 'sign-in:another')
    await signIn(world, createBrowser(world))
    expect(world.kept).toEqual([])
  })

  it('goes into the person’s vault where one is, and out of it when they sign out', async () => {
    const world = await createWorld()
    await upstream(world, 'sign-in:company')
    const browser = createBrowser(world)
    await signIn(world, browser)
    const who = await session(world, browser)
    expect(world.kept).toMatchObject([
      [world.project, who?.user.id, { identityProvider: 'company', subject: 'alice', refreshToken: null }],
    ])
    expect(world.kept[0]?.[2].expiresAt).toBe(start + 300_000)
    const page = await (await browser.get('/sign-out')).text()
    await browser.post('/sign-out', { ...hiddenFields(page), decision: 'sign_out' })
    expect(world.forgotten).toEqual([who?.user.id])
  })

  it('does not stop the sign-in when it cannot be kept', async () => {
    const world = await createWorld()
    await upstream(world, 'sign-in:company')
    world.deps.keepSignIn = () => Promise.reject(new Error('no vault'))
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await signIn(world, createBrowser(world))).status).toBe(303)
    expect(said).toHaveBeenCalled()
    said.mockRestore()
  })
})
