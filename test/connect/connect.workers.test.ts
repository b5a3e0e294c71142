import { runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProjectId, UserId } from '../../src/core/ids.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { providers, users } from '../../src/db/schema.ts'
import { sessionCookie } from '../../src/identity/browser-session.ts'
import { clientSecretContext } from '../../src/vault/vault.ts'
import type { Setup } from '../vault/vault-harness.ts'
import { alice, config, leaseRequest, linkOf, mallory, mustBe, setUp } from '../vault/vault-harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A person's browser: cookies kept, redirects not followed. */
class Browser {
  readonly #jar = new Map<string, string>()
  readonly seen: Response[] = []

  static async of(project: string, user: string): Promise<Browser> {
    const browser = new Browser()
    await openDb(env.DB)
      .insert(users)
      .values({
        project,
        id: user,
        kind: 'person',
        issuer: 'https://idp.test',
        subject: user,
        name: `Person ${user.slice(0, 4)}`,
        email: `${user.slice(0, 4)}@acme.test`,
        createdAt: 0,
        updatedAt: 0,
      })
      .onConflictDoNothing()
    browser.#keep(
      await sessionCookie(config, {
        project: project as ProjectId,
        user: user as UserId,
        provider: 'idp',
        signedInAt: Date.now(),
      }),
    )
    return browser
  }

  async get(path: string): Promise<Response> {
    return this.#send(new Request(new URL(path, config.publicUrl), { headers: this.#headers(), redirect: 'manual' }))
  }

  async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const init = { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' as const }
    return this.#send(
      new Request(new URL(path, config.publicUrl), { ...init, headers: { ...this.#headers(), ...headers } }),
    )
  }

  dropStateCookies(): void {
    for (const name of this.#jar.keys()) if (name.includes('connect')) this.#jar.delete(name)
  }

  /** The same browser, signed in as somebody else. */
  async signInAs(project: string, user: string): Promise<void> {
    const other = await Browser.of(project, user)
    for (const [name, value] of other.#jar) this.#jar.set(name, value)
  }

  async #send(request: Request): Promise<Response> {
    const response = await exports.default.fetch(request)
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie)
    this.seen.push(response.clone())
    return response
  }

  #keep(cookie: string): void {
    const [pair = ''] = cookie.split(';')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (value === '') this.#jar.delete(name)
    else this.#jar.set(name, value)
  }

  #headers(): Record<string, string> {
    return { cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ') }
  }
}

/** The form on a page, as a browser without JavaScript would send it. */
async function formOf(response: Response, button = 0): Promise<Record<string, string>> {
  const text = await response.text()
  const fields: Record<string, string> = {}
  for (const [, name, value] of text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
    if (name && value) fields[name] = value
  }
  const pressed = [...text.matchAll(/<button name="([^"]*)" value="([^"]*)"/g)][button]
  if (pressed?.[1] && pressed[2]) fields[pressed[1]] = pressed[2]
  return fields
}

const leaving = (response: Response): string => /^0; url=(.+)$/.exec(response.headers.get('refresh') ?? '')?.[1] ?? ''

/** Up to the provider's consent page, as this person. */
async function toProvider(browser: Browser, link: string): Promise<string> {
  const page = await browser.get(`/connect/${link}`)
  expect(page.status).toBe(200)
  const left = await browser.post(`/connect/${link}`, await formOf(page))
  expect(left.status).toBe(200)
  return leaving(left)
}

const callbackOf = (back: URL): string => back.pathname + back.search

async function eventsOf(setup: Setup): Promise<string[]> {
  const rows = await runInDurableObject(setup.stub, (_, state) =>
    state.storage.sql.exec<{ head: string }>('SELECT head FROM audit_outbox ORDER BY row').toArray(),
  )
  return rows.map(({ head }) => {
    const { type, attributes } = JSON.parse(head) as { type: string; attributes: Record<string, string> }
    return `${type} ${attributes['mismatch'] ?? attributes['reason'] ?? ''}`.trim()
  })
}

describe('the browser leg', () => {
  it('connects the person the call was for, and the next call just works', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const page = await browser.get(`/connect/${link}`)
    const text = await page.clone().text()
    for (const said of ['Fixture', 'Agent', 'engineering', 'List issues', 'repo', '@acme.test'])
      expect(text).toContain(said)
    expect(text).not.toContain('<script')
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')

    const left = await browser.post(`/connect/${link}`, await formOf(page))
    const back = setup.fixture.consent(leaving(left), alice)
    const returned = await browser.get(callbackOf(back))
    expect(returned.status).toBe(303)
    const result = await browser.get(returned.headers.get('location') ?? '')
    expect(await result.text()).toContain('Connected as <strong>alice-dev</strong>')

    const lease = mustBe(await setup.vault.lease(leaseRequest(setup)))
    expect(setup.fixture.isLive(lease.secret)).toBe(true)
    for (const response of browser.seen) {
      const all = `${JSON.stringify([...response.headers])}${await response.text()}`
      expect(all).not.toContain('CANARY')
    }
  })

  it('sends whoever is not signed in to the sign-in first, and says nothing before', async () => {
    const setup = await setUp()
    const { link } = await linkOf(setup)
    const response = await new Browser().get(`/connect/${link}`)
    expect(await response.text()).not.toContain('Fixture')
    expect(setup.fixture.seen).toEqual([])
  })

  it('stops another person before the redirect, burns the link and records it', async () => {
    const setup = await setUp()
    const bob = await Browser.of(setup.project, `bob-${setup.project}`)
    const { link } = await linkOf(setup)
    const page = await bob.get(`/connect/${link}`)
    expect(page.status).toBe(403)
    const text = await page.text()
    expect(text).toContain('This link is for somebody else')
    for (const secret of ['Fixture', 'engineering', 'List issues']) expect(text).not.toContain(secret)
    expect(setup.fixture.seen).toEqual([])
    expect(await eventsOf(setup)).toContain('connect.user_mismatch other_person')

    const rightful = await Browser.of(setup.project, setup.user)
    expect((await rightful.get(`/connect/${link}`)).status).toBe(400)
  })

  it('stops another person at the callback, before the code is exchanged', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const back = setup.fixture.consent(await toProvider(browser, link), mallory)
    // The same browser, so the state's cookie is there, but somebody else has signed in meanwhile.
    await browser.signInAs(setup.project, `bob-${setup.project}`)
    const page = await browser.get(callbackOf(back))
    expect(page.status).toBe(403)
    expect(await page.text()).toContain('This link is for somebody else')
    expect(setup.fixture.tokenPosts('authorization_code')).toBe(0)
    expect(await eventsOf(setup)).toContain('connect.user_mismatch other_person')
  })
})

describe('the mismatches', () => {
  it('refuses the callback in a browser that did not start it', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const back = setup.fixture.consent(await toProvider(browser, link), mallory)
    const other = await Browser.of(setup.project, setup.user)
    const page = await other.get(callbackOf(back))
    expect(page.status).toBe(400)
    expect(await page.text()).toContain('This was started in another browser')
    expect(setup.fixture.tokenPosts('authorization_code')).toBe(0)
    expect(await eventsOf(setup)).toContain('connect.failed other_browser')
    // Not for its own browser any more either: the code has been in other hands.
    expect((await browser.get(callbackOf(back))).status).toBe(400)
    expect(setup.fixture.tokenPosts('authorization_code')).toBe(0)
  })

  it('refuses a person of another tenant', async () => {
    const setup = await setUp()
    const { link } = await linkOf(setup)
    const stranger = await Browser.of(`other-${setup.project}`, setup.user)
    const page = await stranger.get(`/connect/${link}`)
    expect(page.status).toBe(403)
    expect(await page.text()).toContain('This link belongs to another organization')
    expect(await eventsOf(setup)).toContain('connect.user_mismatch other_tenant')
  })

  it('refuses another account than the one that is renewed, and gives its token back', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const first = await linkOf(setup)
    await browser.get(callbackOf(setup.fixture.consent(await toProvider(browser, first.link), alice)))
    const wider = await linkOf(setup, { scopes: ['repo', 'workflow'] })
    const back = setup.fixture.consent(await toProvider(browser, wider.link), mallory)
    const returned = await browser.get(callbackOf(back))
    const page = await browser.get(returned.headers.get('location') ?? '')
    expect(page.status).toBe(409)
    expect(await page.text()).toContain('That was another account')
    expect(setup.fixture.seen.at(-1)?.path).toBe('/revoke')
    expect(await eventsOf(setup)).toContain('connect.failed swapped_account')
    expect(mustBe(await setup.vault.lease(leaseRequest(setup))).accountLabel).toBe('alice-dev')
  })

  it('refuses an account outside the company, and gives its token back', async () => {
    const setup = await setUp({}, {}, { emailDomains: ['acme.test'] })
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const back = setup.fixture.consent(await toProvider(browser, link), mallory)
    const returned = await browser.get(callbackOf(back))
    const page = await browser.get(returned.headers.get('location') ?? '')
    expect(page.status).toBe(403)
    expect(await page.text()).toContain('may not be connected here')
    expect(setup.fixture.seen.at(-1)?.path).toBe('/revoke')
    expect((await setup.vault.lease(leaseRequest(setup))).ok).toBe(false)
  })
})

describe('a connect link', () => {
  it('does not work when altered, made up, ten minutes old or used', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const altered = link.slice(0, -2) + (link.endsWith('AA') ? 'BB' : 'AA')
    for (const bad of [altered, 'made-up', 'A'.repeat(5_000), '%00']) {
      expect((await browser.get(`/connect/${bad}`)).status).toBe(400)
    }
    const back = setup.fixture.consent(await toProvider(browser, link), alice)
    await browser.get(callbackOf(back))
    expect(await (await browser.get(`/connect/${link}`)).text()).toContain('connected already')

    const late = await linkOf(setup, { scopes: ['workflow'], why: { ...leaseRequest(setup).why, callId: 'call-2' } })
    vi.setSystemTime(Date.now() + 600_001)
    expect((await browser.get(`/connect/${late.link}`)).status).toBe(400)
  })

  it('takes a state once, only for its provider, and only while the link lives', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const one = await linkOf(setup)
    const back = callbackOf(setup.fixture.consent(await toProvider(browser, one.link), alice))
    expect((await browser.get(back.replace('/callback/fixture', '/callback/other'))).status).toBe(400)
    expect((await browser.get(back)).status).toBe(400)
    expect(setup.fixture.tokenPosts('authorization_code')).toBe(0)

    const again = callbackOf(setup.fixture.consent(await toProvider(browser, one.link), alice))
    vi.setSystemTime(Date.now() + 600_001)
    expect((await browser.get(again)).status).toBe(400)
    expect(setup.fixture.tokenPosts('authorization_code')).toBe(0)
  })

  it('refuses a form that did not come from its own page', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const form = await formOf(await browser.get(`/connect/${link}`))
    const { csrf: _, ...without } = form
    for (const [fields, headers] of [
      [without, {}],
      [{ ...form, csrf: 'AAAA' }, {}],
      [form, { origin: 'https://evil.example' }],
      [form, { 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      const response = await browser.post(`/connect/${link}`, fields, headers)
      expect(response.status).toBe(403)
      expect(leaving(response)).toBe('')
    }
    const bytes = await browser.post(`/connect/${link}`, { ...form, padding: 'x'.repeat(100_000) })
    expect(bytes.status).toBe(413)
  })

  it('says so when the person declined, and the same link works again', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const url = new URL(await toProvider(browser, link))
    const callback = new URL(url.searchParams.get('redirect_uri') ?? '')
    callback.searchParams.set('state', url.searchParams.get('state') ?? '')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('error_description', '<script>prose</script>')
    const returned = await browser.get(callbackOf(callback))
    const page = await (await browser.get(returned.headers.get('location') ?? '')).text()
    expect(page).toContain('You did not allow it')
    expect(page).not.toContain('prose')
    expect((await browser.get(`/connect/${link}`)).status).toBe(200)
  })
})

describe('a call that needs two accounts', () => {
  it('shows both on one page, and each can be connected from it', async () => {
    const setup = await setUp()
    const [row] = await openDb(env.DB).select().from(providers).where(eq(providers.project, setup.project))
    if (!row) throw new Error('no provider')
    const secret = setup.fixture.options.clientSecret
    await openDb(env.DB)
      .insert(providers)
      .values({
        ...row,
        id: 'second',
        settings: { name: 'Second' },
        sealedSecret: await sealSecret(config, clientSecretContext(setup.project, 'second'), secret),
      })
    Object.assign(setup.fixture.options, {
      redirectUris: ['fixture', 'second'].map((id) => `${config.publicUrl}/connect/callback/${id}`),
    })
    const browser = await Browser.of(setup.project, setup.user)
    const first = await linkOf(setup)
    const other = await setup.vault.lease(leaseRequest(setup, { provider: 'second' }))
    expect(other.ok).toBe(false)

    const page = await browser.get(`/connect/${first.link}`)
    expect(await page.clone().text()).toMatch(/Connect Fixture[^]*Connect Second/)
    const left = await browser.post(`/connect/${first.link}`, await formOf(page, 0))
    const returned = await browser.get(callbackOf(setup.fixture.consent(leaving(left), alice)))
    const result = await browser.get(returned.headers.get('location') ?? '')
    expect(await result.text()).toContain('waits for one more account')

    const again = await browser.get(`/connect/${first.link}`)
    expect(await again.clone().text()).toContain('Fixture: connected.')
    const leftAgain = await browser.post(`/connect/${first.link}`, await formOf(again, 0))
    await browser.get(callbackOf(setup.fixture.consent(leaving(leftAgain), alice)))
    expect((await setup.vault.lease(leaseRequest(setup, { provider: 'second' }))).ok).toBe(true)
    expect(await (await browser.get(`/connect/${first.link}`)).text()).toContain('connected already')
  })
})
