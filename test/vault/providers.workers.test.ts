import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { providers } from '../../src/db/schema.ts'
import { builtinSpecs } from '../../src/vault/builtin.ts'
import type { ProviderSpec } from '../../src/vault/provider-spec.ts'
import type { ProviderFixture } from '../support/providers/fixtures.ts'
import { fixtures } from '../support/providers/fixtures.ts'
import { alice, connect, leaseRequest, mustBe, setUp } from './vault-harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('each provider, against a strict server of its kind', () => {
  it('is covered', () => {
    expect(fixtures.map((one) => one.spec).toSorted()).toEqual([...builtinSpecs.keys()].toSorted())
  })

  it.each(fixtures.map((fixture) => [fixture.spec, fixture] as const))('%s', async (name, fixture) => {
    const { scopes, expected } = fixture
    const setup = await setUp(fixture.options, name, fixture.settings)
    const end = await connect(setup, alice, { scopes })
    expect(end).toMatchObject({ kind: 'connected', account: expected.label, missing: [] })
    const first = mustBe(await setup.vault.lease(leaseRequest(setup, { scopes })))
    expect(first).toMatchObject({ account: expected.account, apiBase: expected.apiBase, generation: 1 })
    expect(first.scopes).toEqual(expect.arrayContaining([...(expected.scopes ?? scopes)]))
    expect(setup.fixture.isLive(first.secret)).toBe(true)

    // At its end each token is refreshed once, twice in a row, and the account is still the same.
    const { lifetimeS } = setup.fixture.options
    const rounds = lifetimeS === null ? [] : [2, 3]
    for (const generation of rounds) {
      vi.setSystemTime(Date.now() + (lifetimeS ?? 0) * 1000 - 5_000)
      const next = mustBe(await setup.vault.lease(leaseRequest(setup, { scopes })))
      expect(next).toMatchObject({ generation, account: expected.account, apiBase: expected.apiBase })
      expect(setup.fixture.isLive(next.secret)).toBe(true)
    }
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(rounds.length)

    const [connection] = await setup.vault.connections()
    const taken = await setup.vault.disconnect(connection?.id ?? '', { kind: 'user', id: setup.user })
    expect(taken?.revocation).toBe(builtinSpecs.get(name)?.revoke === null ? 'not_possible' : 'revoked')
    expect(await setup.vault.connections()).toEqual([])
  })
})

type Without = (spec: ProviderSpec) => ProviderSpec

/** A spec that lacks one of its quirks, and the providers to which that has to matter. */
const everywhere: readonly (readonly [string, Without, (fixture: ProviderFixture, spec: ProviderSpec) => boolean])[] = [
  [
    'its way of client authentication',
    (spec) => ({ ...spec, client: spec.client === 'basic' ? 'body' : 'basic' }),
    everyone,
  ],
  ['PKCE, or its absence', (spec) => ({ ...spec, pkce: !spec.pkce }), everyone],
  [
    'the format of its token requests',
    (spec) => ({ ...spec, token: { ...spec.token, format: other(spec) } }),
    everyone,
  ],
  [
    'its scope separator',
    (spec) => ({ ...spec, scopes: { ...spec.scopes, separator: spec.scopes.separator === ',' ? ' ' : ',' } }),
    ({ scopes }, spec) => scopes.length + spec.scopes.always.length > 1,
  ],
  [
    'its extra parameters',
    (spec) => ({ ...spec, authorize: { ...spec.authorize, params: {} } }),
    ({ options }) => Object.keys(options.authorizeParams ?? {}).length > 0,
  ],
]

const particular: readonly (readonly [provider: string, quirk: string, Without])[] = [
  [
    'slack',
    'the parameter for scopes of a user',
    (spec) => ({ ...spec, scopes: { ...spec.scopes, parameter: 'scope' } }),
  ],
  ['slack', 'the place of the token of a user', (spec) => answer(spec, { accessToken: 'access_token' })],
  ['notion', 'the version of its API', (spec) => ({ ...spec, token: { ...spec.token, headers: {} } })],
  [
    'zendesk',
    'the lifetimes, which it wants to be told',
    (spec) => ({ ...spec, token: { ...spec.token, params: {} } }),
  ],
  ['zendesk', 'the id of a token to revoke it by', (spec) => revoke(spec, { url: spec.revoke?.find?.url ?? '' })],
  ['salesforce', 'introspection, since it names no expiry', (spec) => ({ ...spec, introspect: undefined })],
  ['salesforce', "the instance's own address", (spec) => ({ ...spec, api: { ...spec.api, base: 'https://{+host}' } })],
  ['gong', "the customer's own address", (spec) => ({ ...spec, api: { ...spec.api, base: 'https://api.gong.io' } })],
  [
    'hubspot',
    'introspection, which says whose it is',
    (spec) => ({ ...spec, account: { ...spec.account, id: '{token.hub_id}' } }),
  ],
  [
    'microsoft',
    'the prefix of scopes in answers',
    (spec) => ({ ...spec, scopes: { ...spec.scopes, strip: undefined } }),
  ],
  ['microsoft', 'the scope for refresh tokens', (spec) => asking(spec, ['User.Read'])],
  ['atlassian', 'the scope for the account', (spec) => asking(spec, ['offline_access'])],
  ['atlassian', 'the scope for refresh tokens', (spec) => asking(spec, ['read:me'])],
  ['salesforce', 'the scope for refresh tokens', (spec) => asking(spec, ['openid'])],
  ['dropbox', 'the scope for the account', (spec) => asking(spec, [])],
  ['dropbox', 'calls without a body and its type', (spec) => revoke(spec, { format: 'form' })],
  ['stripe', 'the platform that revokes, not the token', (spec) => revoke(spec, { auth: 'bearer', headers: {} })],
  ['github', 'revocation by the client', (spec) => revoke(spec, { auth: 'bearer' })],
  ['github', 'the method of revocation', (spec) => revoke(spec, { method: 'POST' })],
  ['asana', 'the place of the account', (spec) => ({ ...spec, account: { ...spec.account, id: '{account.id}' } })],
]

/** The others are also held against what somebody else wrote: test/e2e/consent.test.ts and journey.test.ts. */
const withoutStandIn = 'salesforce zendesk gong atlassian notion hubspot zoom asana dropbox stripe'.split(' ')

function everyone(): boolean {
  return true
}
const asking = (spec: ProviderSpec, always: string[]): ProviderSpec => ({ ...spec, scopes: { ...spec.scopes, always } })
const other = (spec: ProviderSpec): 'form' | 'json' => (spec.token.format === 'json' ? 'form' : 'json')
const answer = (spec: ProviderSpec, more: Partial<ProviderSpec['answer']>): ProviderSpec => ({
  ...spec,
  answer: { ...spec.answer, ...more },
})
const revoke = (spec: ProviderSpec, more: Partial<NonNullable<ProviderSpec['revoke']>>): ProviderSpec => ({
  ...spec,
  revoke: spec.revoke && { ...spec.revoke, ...more },
})

/** The whole life of a connection, at the strict server. */
async function works(fixture: ProviderFixture, change: Without): Promise<boolean> {
  const { spec: name, scopes, expected } = fixture
  const spec = builtinSpecs.get(name)
  if (!spec) throw new Error(`no spec ${name}`)
  const setup = await setUp(fixture.options, name, fixture.settings)
  const changed = JSON.parse(JSON.stringify(change(spec))) as ProviderSpec
  await openDb(env.DB).update(providers).set({ spec: changed }).where(eq(providers.project, setup.project))
  try {
    const end = await connect(setup, alice, { scopes })
    if (end.kind !== 'connected' || end.missing.length > 0) return false
    const first = mustBe(await setup.vault.lease(leaseRequest(setup, { scopes })))
    if (first.account !== expected.account || first.apiBase !== expected.apiBase) return false
    const { lifetimeS } = setup.fixture.options
    if (lifetimeS !== null) {
      vi.setSystemTime(Date.now() + lifetimeS * 1000 - 5_000)
      const next = mustBe(await setup.vault.lease(leaseRequest(setup, { scopes })))
      if (next.generation !== 2 || !setup.fixture.isLive(next.secret)) return false
    }
    const [connection] = await setup.vault.connections()
    const taken = await setup.vault.disconnect(connection?.id ?? '', { kind: 'user', id: setup.user })
    return taken?.revocation === (spec.revoke === null ? 'not_possible' : 'revoked')
  } catch {
    return false
  }
}

const byName = (name: string): ProviderFixture => {
  const found = fixtures.find((one) => one.spec === name)
  if (!found) throw new Error(`no fixture ${name}`)
  return found
}

describe('the strict servers', () => {
  it.each(withoutStandIn)('of %s take no spec that lacks what the provider has of its own', async (name) => {
    const [fixture, spec] = [byName(name), builtinSpecs.get(name)]
    const mattering = everywhere.filter(([, , matters]) => spec && matters(fixture, spec))
    expect(mattering.length).toBeGreaterThan(2)
    for (const [quirk, without] of mattering) {
      expect([quirk, await works(fixture, without)]).toEqual([quirk, false])
    }
  })

  it.each(particular)('of %s insists on %s', async (name, _, without) => {
    expect(await works(byName(name), without)).toBe(false)
  })

  it.each(['https://gong.io.evil.example', 'https://evil.example', 'http://us.api.gong.io', 'https://gong.io'])(
    'a base address that the answer names and that is not of the provider is not called: %s',
    async (base) => {
      const fixture = byName('gong')
      const tokenBody: typeof fixture.options.tokenBody = ({ accessToken, refreshToken }) =>
        Response.json({
          access_token: accessToken,
          refresh_token: refreshToken,
          expires_in: 86_400,
          api_base_url_for_customer: base,
        })
      const setup = await setUp({ ...fixture.options, tokenBody }, 'gong')
      await connect(setup, alice, { scopes: fixture.scopes })
      expect((await setup.vault.lease(leaseRequest(setup, { scopes: fixture.scopes }))).ok).toBe(false)
    },
  )
})
