import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { builtinSpecs } from '../../src/vault/builtin.ts'
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
