import { runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditEvent } from '../../src/audit/audit.ts'
import { ledgerOf, recordEvents } from '../../src/audit/audit.ts'
import { uuidv7 } from '../../src/core/ids.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { providers } from '../../src/db/schema.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { clientSecretContext, makeAccountLink } from '../../src/vault/vault.ts'
import type { Setup } from '../vault/vault-harness.ts'
import {
  alice,
  config,
  finish,
  leaseRequest,
  linkOf,
  mallory,
  mustBe,
  setUp,
  startLink,
} from '../vault/vault-harness.ts'
import { backAt, Browser, callbackOf, connected, formOf, leaving, toProvider } from './browser.ts'
import { bent } from '../support/bent.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

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
    const result = await connected(browser, back)
    expect(await result.text()).toContain('Connected as <strong>alice-dev</strong>')

    const lease = mustBe(await setup.vault.lease(leaseRequest(setup)))
    expect(setup.fixture.isLive(lease.secret)).toBe(true)
    for (const response of browser.seen) {
      const all = `${JSON.stringify([...response.headers])}${await response.text()}`
      expect(all).not.toContain('CANARY')
    }
  })

  it('says that an administrator asks, where no agent is behind it', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup, { why: { ...leaseRequest(setup).why, listsOf: 'crm' } })
    const text = (await (await browser.get(`/connect/${link}`)).text()).replaceAll(/\s+/g, ' ')
    expect(text).toContain('An administrator wants to see what <strong>crm</strong> offers')
    for (const unsaid of ['Vouched for by', 'in your name', 'asked this agent']) expect(text).not.toContain(unsaid)
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
    await connected(browser, setup.fixture.consent(await toProvider(browser, first.link), alice))
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

describe('the account, before anything is kept', () => {
  const heldRows = (setup: Setup) =>
    runInDurableObject(setup.stub, (_, state) => state.storage.sql.exec('SELECT * FROM held').toArray())
  const isConnected = async (setup: Setup) => (await setup.vault.lease(leaseRequest(setup))).ok

  async function shown(settings: Record<string, unknown> = {}, account = mallory) {
    const setup = await setUp({}, {}, settings)
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const back = setup.fixture.consent(await toProvider(browser, link), account)
    return { setup, browser, ...(await backAt(browser, back)) }
  }

  it('is shown, held sealed, and lent to nobody until the person has said yes', async () => {
    const { setup, browser, path, page } = await shown()
    const text = await page.clone().text()
    for (const said of ['mallory', '6666', 'mallory@evil.test', '@acme.test', 'Fixture']) expect(text).toContain(said)
    expect(text).not.toContain('<script')
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(await isConnected(setup)).toBe(false)
    const held = await heldRows(setup)
    expect(held).toHaveLength(1)
    expect(JSON.stringify(held)).not.toMatch(/CANARY|mallory/)

    const form = await formOf(page)
    expect((await browser.post(path, form)).status).toBe(303)
    expect(await isConnected(setup)).toBe(true)
    expect(await heldRows(setup)).toEqual([])
    // Answered once: neither again nor otherwise.
    expect((await browser.post(path, { ...form, account: 'refuse' })).status).toBe(400)
    expect(await isConnected(setup)).toBe(true)
  })

  it.each([
    ['two times yes', [true, true], true],
    ['yes and no', [true, false], true],
    ['no and yes', [false, true], false],
  ])('is decided by the first of two answers in the same turn: %s', async (_, answers, kept) => {
    const setup = await setUp()
    const { link } = await linkOf(setup)
    const { authorizeUrl, stateNonce } = await startLink(setup, `/connect/${link}`)
    const query = setup.fixture.consent(authorizeUrl, mallory).search
    const { provider, visitor } = setup
    const end = mustBe(await setup.vault.finishConnect({ stateNonce, provider, query, visitor }))
    if (end.kind !== 'confirm') throw new Error(end.kind)
    const [first, second] = await runInDurableObject(setup.stub, (vault: Vault) =>
      Promise.all(answers.map((answer) => vault.confirmConnect(end.held, visitor, answer))),
    )
    expect(first).toMatchObject({ ok: true, value: { kind: kept ? 'connected' : 'not_mine' } })
    expect(second).toMatchObject({ ok: false, error: { code: 'connect/invalid' } })
    expect(setup.fixture.seen.filter(({ path }) => path === '/revoke')).toHaveLength(kept ? 0 : 1)
    expect(await isConnected(setup)).toBe(kept)
    expect(await heldRows(setup)).toEqual([])
  })

  it('is given back to the provider when the person says that it is not theirs', async () => {
    const { setup, browser, path, page } = await shown()
    const refused = await browser.post(path, await formOf(page, 1))
    const result = await browser.get(refused.headers.get('location') ?? '')
    expect(await result.text()).toContain('not yours')
    expect(setup.fixture.seen.at(-1)?.path).toBe('/revoke')
    expect(await heldRows(setup)).toEqual([])
    expect(await isConnected(setup)).toBe(false)
    expect(await eventsOf(setup)).toContain('connect.failed not_mine')
  })

  it('is answered by the browser that came back, on its own form, and by no other', async () => {
    const { setup, browser, path, page } = await shown()
    const form = await formOf(page)
    const { csrf: _, ...without } = form
    expect((await browser.post(path, without)).status).toBe(403)
    expect((await browser.post(path, form, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await browser.post(path, { ...form, account: 'maybe' })).status).toBe(400)
    const bob = await Browser.of(setup.project, `bob-${setup.project}`)
    expect((await bob.get(path)).status).toBe(400)
    expect((await bob.post(path, form)).status).toBe(400)
    expect(await heldRows(setup)).toHaveLength(1)

    const other = await Browser.of(setup.project, setup.user)
    const elsewhere = await other.post(path, await formOf(await other.get(path)))
    expect(await elsewhere.text()).toContain('started in another browser')
    expect(setup.fixture.seen.at(-1)?.path).toBe('/revoke')
    expect((await browser.post(path, form)).status).toBe(400)
    expect(await isConnected(setup)).toBe(false)
  })

  it('goes back to the provider when nobody answers for five minutes, and when the person is offboarded', async () => {
    for (const how of ['silence', 'offboarding']) {
      const { setup, browser, path, page } = await shown()
      const form = await formOf(page)
      if (how === 'silence') vi.setSystemTime(Date.now() + 300_000)
      else await setup.vault.offboard(setup.visitor, { kind: 'directory', id: 'scim' })
      await runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
      expect(setup.fixture.seen.at(-1)?.path).toBe('/revoke')
      expect(await heldRows(setup)).toEqual([])
      expect((await browser.post(path, form)).status).toBe(how === 'silence' ? 400 : 403)
    }
  })

  it('need not be asked about when it has the address of the person, or was theirs already; the administrator decides', async () => {
    const own = { id: '1', login: 'me', email: 'USER@acme.test' }
    expect(await (await shown({}, own)).page.text()).toContain('Connected as')
    expect(await (await shown({ confirmAccount: 'always' }, own)).page.text()).toContain('Is this your account')
    expect(await (await shown({ confirmAccount: 'never' })).page.text()).toContain('Connected as')
  })

  it('of nobody is in no company, also where the person has no address', async () => {
    const setup = await setUp({}, {}, { emailDomains: ['@user'] })
    const { link } = await linkOf(setup)
    const started = await startLink(setup, `/connect/${link}`)
    expect(await finish(setup, started, { id: '7', login: 'nobody', email: '' })).toMatchObject({
      kind: 'wrong_domain',
    })
  })
})

describe('a connect link', () => {
  it('does not work when altered, made up, ten minutes old or used', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    for (const bad of [bent(link), 'made-up', 'A'.repeat(5_000), '%00']) {
      expect((await browser.get(`/connect/${bad}`)).status).toBe(400)
    }
    await connected(browser, setup.fixture.consent(await toProvider(browser, link), alice))
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
    const result = await connected(browser, setup.fixture.consent(leaving(left), alice))
    expect(await result.text()).toContain('waits for one more account')

    const again = await browser.get(`/connect/${first.link}`)
    expect(await again.clone().text()).toContain('Fixture: connected.')
    const leftAgain = await browser.post(`/connect/${first.link}`, await formOf(again, 0))
    await connected(browser, setup.fixture.consent(leaving(leftAgain), alice))
    expect((await setup.vault.lease(leaseRequest(setup, { provider: 'second' }))).ok).toBe(true)
    expect(await (await browser.get(`/connect/${first.link}`)).text()).toContain('connected already')
  })
})

/** What an agent shows the person who may want to change something about an account of theirs. */
async function pathTo(setup: Setup, wants: 'disconnect' | 'default', label: string): Promise<string> {
  const connection = (await setup.vault.connections()).find((one) => one.label === label)
  if (!connection) throw new Error(`${label} is not connected`)
  const { project, user } = setup
  const agent = { name: '<b>Agent</b>', host: null }
  const made = await makeAccountLink(
    config,
    { wants, project, user, connection: connection.id, label, agent },
    Date.now(),
  )
  return made.slice(config.publicUrl.length)
}

describe('the link to use an account from now on', () => {
  it('changes the default when that person says so, for nobody else, and is no link for anything else', async () => {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    for (const account of [alice, mallory]) {
      const url = mustBe(await setup.vault.connectLink(setup.visitor, { provider: setup.provider, scopes: ['repo'] }))
      await finish(setup, await startLink(setup, url), account)
    }
    const used = async () => mustBe(await setup.vault.lease(leaseRequest(setup))).accountLabel
    expect(await used()).toBe('alice-dev')
    const path = await pathTo(setup, 'default', 'mallory')
    const page = await browser.get(path)
    const text = await page.clone().text()
    for (const said of [
      'Use mallory from now on?',
      'alice-dev',
      '&lt;b&gt;Agent&lt;/b&gt;',
      'its name is its own claim',
    ]) {
      expect(text).toContain(said)
    }
    const form = await formOf(page)
    const bob = await Browser.of(setup.project, `bob-${setup.project}`)
    expect((await bob.get(path)).status).toBe(403)
    expect((await bob.post(path, form)).status).toBe(403)
    expect((await browser.post(path, { ...form, csrf: 'x' })).status).toBe(403)
    expect((await browser.post(path, { ...form, decision: 'disconnect' })).status).toBe(400)
    const other = path.replace('/connect/default/', '/disconnect/')
    expect([(await browser.get(other)).status, (await browser.post(other, form)).status]).toEqual([400, 400])
    expect(await used()).toBe('alice-dev')

    expect(await (await browser.post(path, form)).text()).toContain('mallory is used from now on')
    expect(await used()).toBe('mallory')
    expect(await (await browser.get(path)).text()).toContain('mallory is used from now on')
    expect(await setup.vault.connections()).toHaveLength(2)
    await setup.vault.disconnectAll({ kind: 'user', id: setup.user })
    expect(await (await browser.get(path)).text()).toContain('nothing to change')
  })
})

describe('the link to disconnect', () => {
  async function connectedAccount() {
    const setup = await setUp()
    const browser = await Browser.of(setup.project, setup.user)
    const { link } = await linkOf(setup)
    const back = setup.fixture.consent(await toProvider(browser, link), alice)
    await connected(browser, back)
    return { setup, browser, path: await pathTo(setup, 'disconnect', 'alice-dev') }
  }

  it('shows which account and who asked, and takes it back when the person says so', async () => {
    const { setup, browser, path } = await connectedAccount()
    const page = await browser.get(path)
    const text = await page.clone().text()
    for (const said of ['alice-dev', '&lt;b&gt;Agent&lt;/b&gt;', 'its name is its own claim'])
      expect(text).toContain(said)
    expect(await setup.vault.connections()).toHaveLength(1)
    const done = await browser.post(path, await formOf(page))
    expect(await done.text()).toContain('alice-dev is disconnected')
    expect(await setup.vault.connections()).toEqual([])
    expect(await (await browser.get(path)).text()).toContain('nothing to change')
  })

  it('does nothing for another person, another site, without a click, or when it is old or altered', async () => {
    const { setup, browser, path } = await connectedAccount()
    const bob = await Browser.of(setup.project, `bob-${setup.project}`)
    const seen = await bob.get(path)
    expect(seen.status).toBe(403)
    expect(await seen.text()).not.toMatch(/alice-dev|Agent/)
    expect(await (await new Browser().get(path)).text()).not.toMatch(/alice-dev|Agent/)
    const form = await formOf(await browser.get(path))
    expect((await bob.post(path, form)).status).toBe(403)
    expect((await browser.post(path, { ...form, csrf: 'x' })).status).toBe(403)
    expect((await browser.post(path, form, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await browser.post(path, { ...form, decision: 'other' })).status).toBe(400)
    expect((await browser.get(bent(path))).status).toBe(400)
    vi.setSystemTime(Date.now() + 11 * 60_000)
    expect((await browser.post(path, form)).status).toBe(400)
    expect(await setup.vault.connections()).toHaveLength(1)
  })
})

describe("what was done in a person's name", () => {
  const past = async (project: string, user: string, more: Partial<AuditEvent> = {}) => {
    const id = uuidv7(Date.now())
    await recordEvents(env, [
      {
        id,
        type: 'tool.refused',
        at: Date.now(),
        project,
        user,
        tool: 'T_<script>alert(1)</script>',
        outcome: 'refused',
        call: `call-${id}`,
        attributes: { 'behalf.policy.rules': ['secret-rule'], 'error.type': 'policy/denied' },
        payload: { arguments: { title: `words of ${user}` }, evidence: { rules: ['secret-rule'] } },
        ...more,
      },
    ])
    await ledgerOf(env, project).settle()
    return id
  }

  it("is shown to that person and to nobody else, without what is the administrators'", async () => {
    const setup = await setUp()
    const bob = `bob-${setup.project}`
    const browser = await Browser.of(setup.project, setup.user)
    const id = await past(setup.project, setup.user)
    await past(setup.project, bob)
    const text = await (await browser.get('/me/activity')).text()
    expect(text).toContain(`words of ${setup.user}`)
    expect(text).toContain('T_&lt;script&gt;')
    expect(text).not.toContain(`words of ${bob}`)
    expect(text).not.toMatch(/secret-rule|policy\/denied|<script/)
    // Another's call, by its id, is none of theirs.
    const other = await Browser.of(setup.project, bob)
    expect(await (await other.get(`/me/activity?call=call-${id}`)).text()).toContain('Nothing is on record')
    expect(await (await other.get('/me/activity?user=x')).text()).not.toContain(`words of ${setup.user}`)
    expect((await browser.get('/me/activity?after=nonsense')).status).toBe(400)
  })

  it('is nothing to somebody who is not signed in', async () => {
    const setup = await setUp()
    await past(setup.project, setup.user)
    const answer = await new Browser().get('/me/activity')
    expect(await answer.text()).not.toContain('words of')
    const json = await exports.default.fetch(`${config.publicUrl}/me/activity`, {
      headers: { accept: 'application/json' },
    })
    expect([json.status, await json.json()]).toEqual([401, { code: 'identity/unauthenticated' }])
  })
})
