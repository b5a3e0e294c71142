import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { fromUtf8 } from '../../src/core/bytes.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { providers } from '../../src/db/schema.ts'
import { clientSecretContext } from '../../src/vault/vault.ts'
import { createPerson } from '../e2e/support/person.ts'
import { lives, never } from './instances.ts'
import type { Setup } from './vault-harness.ts'
import { config, leaseRequest, mustBe, setUp, start } from './vault-harness.ts'

/**
 * A certified authorization server that rotates refresh tokens and ends the grant when a used one comes back, in a process of its
 * own. Only our clock is moved: what the server thinks of a token is its own business.
 */
const server = inject('oauthServer')
const realFetch = globalThis.fetch
const sent: { grant: string | null; refreshToken: string | null }[] = []
/** What happens to a refresh instead of its answer arriving. The server has acted by then. */
let instead: ((answer: Response) => Promise<Response>) | null = null

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  sent.length = 0
  instead = null
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms)

/** A vault whose project has the real server. */
async function configured(): Promise<Setup> {
  const setup = await setUp()
  const at = (path: string): string => `https://real.test${path}`
  await openDb(env.DB)
    .insert(providers)
    .values({
      project: setup.project,
      id: 'real',
      spec: {
        id: 'real',
        name: 'Real',
        scopes: { always: ['openid', 'offline_access'] },
        authorize: { url: at('/auth'), params: { prompt: 'consent' } },
        conforming: true,
        issuer: server,
        issuerRequired: true,
        token: { url: at('/token') },
        refresh: { rotation: 'rotates' },
        revoke: { url: at('/token/revocation'), params: { token: '{refresh_token}' }, what: 'refresh_token' },
        account: {
          request: { url: at('/me'), method: 'GET', auth: 'bearer' },
          id: '{account.sub}',
          label: '{account.sub}',
        },
        api: { base: at(''), origins: [at('')] },
      },
      clientId: 'behalf',
      sealedSecret: await sealSecret(config, clientSecretContext(setup.project, 'real'), 'CANARY-at-the-oauth-server'),
      settings: { origins: { 'https://real.test': server } },
      updatedAt: 0,
    })
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const request = new Request(input, init)
    const params =
      request.url === `${server}/token` ? new URLSearchParams(fromUtf8(await request.clone().bytes())) : null
    const answer = await realFetch(request)
    if (params === null) return answer
    sent.push({ grant: params.get('grant_type'), refreshToken: params.get('refresh_token') })
    return instead && params.get('grant_type') === 'refresh_token' ? instead(answer) : answer
  })
  return { ...setup, provider: 'real' }
}

async function connected(): Promise<Setup> {
  const setup = await configured()
  await consent(setup)
  return setup
}

/** What the server sends the person's browser back with. */
async function comesBack(setup: Setup): Promise<{ stateNonce: string; query: URLSearchParams }> {
  const { authorizeUrl, stateNonce } = await start(setup, { scopes: [] })
  const person = createPerson((url) => url.startsWith(config.publicUrl), realFetch)
  let page = await person.open(authorizeUrl.replace('https://real.test', server))
  page = await person.submit(page, { login: 'alice', password: 'any' })
  page = await person.submit(page, {})
  return { stateNonce, query: new URL(page.url).searchParams }
}

const finishWith = (setup: Setup, stateNonce: string, query: URLSearchParams) =>
  setup.vault.finishConnect({ stateNonce, provider: 'real', query: `?${query.toString()}`, visitor: setup.visitor })

async function consent(setup: Setup): Promise<void> {
  const { stateNonce, query } = await comesBack(setup)
  const end = mustBe(await finishWith(setup, stateNonce, query))
  const kept = end.kind === 'confirm' ? mustBe(await setup.vault.confirmConnect(end.held, setup.visitor, true)) : end
  expect(kept).toMatchObject({ kind: 'connected', account: 'alice' })
}

const ask = (setup: Setup, session = 'session-1') => setup.vault.lease(leaseRequest(setup, { scopes: [], session }))
const refreshes = () => sent.filter((one) => one.grant === 'refresh_token')
const accepts = async (token: string): Promise<boolean> => {
  const answer = await realFetch(`${server}/me`, { headers: { authorization: `Bearer ${token}` } })
  await answer.body?.cancel()
  return answer.status === 200
}

describe('a server that rotates and punishes reuse', () => {
  it('sees one refresh for 100 calls of 10 sessions at expiry, and all of them get a token it takes', async () => {
    const setup = await connected()
    const first = mustBe(await ask(setup))
    for (let round = 1; round <= 2; round++) {
      later(3_590_000)
      const calls = Array.from({ length: 100 }, (_, n) => ask(setup, `session-${n % 10}`))
      const leases = (await Promise.all(calls)).map(mustBe)
      expect(refreshes()).toHaveLength(round)
      expect(new Set(leases.map((lease) => lease.secret)).size).toBe(1)
      expect(leases[0]?.generation).toBe(round + 1)
      expect(await accepts(leases[0]?.secret ?? '')).toBe(true)
    }
    expect(first.secret).not.toBe('')
  })

  it('ends the grant when somebody replays a used refresh token, and the person is asked once more', async () => {
    const setup = await connected()
    later(3_590_000)
    const lease = mustBe(await ask(setup))
    const [used] = refreshes()
    const replay = await realFetch(`${server}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: used?.refreshToken ?? '',
        client_id: 'behalf',
        client_secret: 'CANARY-at-the-oauth-server',
      }).toString(),
    })
    expect(await replay.json()).toMatchObject({ error: 'invalid_grant' })
    expect(await accepts(lease.secret)).toBe(false)

    later(3_601_000)
    const refused = await Promise.all(Array.from({ length: 20 }, () => ask(setup)))
    for (const one of refused) expect(one).toMatchObject({ ok: false, error: { code: 'vault/authorization_needed' } })
    expect(refreshes()).toHaveLength(2)
    await consent(setup)
    expect(await accepts(mustBe(await ask(setup)).secret)).toBe(true)
  })

  it('takes an answer that was lost in a crash for theft: the person is asked, with the true reason', async () => {
    const setup = await connected()
    later(3_590_000)
    await lives(setup, async (newLife) => {
      const reached = Promise.withResolvers<void>()
      instead = () => {
        reached.resolve()
        return never
      }
      void newLife().lease({ scopes: [] })
      await reached.promise
      instead = null
      later(15_000)
      const refused = await newLife().lease({ scopes: [] })
      expect(refused).toMatchObject({ ok: false, error: { evidence: { reason: 'refresh_lost' } } })
    })
    expect(refreshes()).toHaveLength(2)
    expect(new Set(refreshes().map((one) => one.refreshToken)).size).toBe(1)
  })
})

describe('what the browser brings back from a server that says who it is', () => {
  it.each([
    ['of another issuer', (query: URLSearchParams) => query.set('iss', 'https://evil.example')],
    ['of the same issuer, written otherwise', (query: URLSearchParams) => query.set('iss', `${server}/`)],
    ['without the issuer it promised', (query: URLSearchParams) => query.delete('iss')],
    ['with a code of somebody else beside its own', (query: URLSearchParams) => query.append('code', 'theirs')],
    ['with an error as well', (query: URLSearchParams) => query.set('error', 'access_denied')],
  ] as const)('is refused before the code leaves: %s (attack case 28)', async (_, change) => {
    const setup = await configured()
    const { stateNonce, query } = await comesBack(setup)
    change(query)
    expect(mustBe(await finishWith(setup, stateNonce, query)).kind).toMatch(/^(failed|declined)$/)
    expect(sent).toEqual([])
    expect(await finishWith(setup, stateNonce, query)).toMatchObject({ ok: false, error: { code: 'connect/invalid' } })
  })
})
