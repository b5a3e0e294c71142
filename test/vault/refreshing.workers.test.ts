import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Refusal, Result } from '../../src/core/result.ts'
import { takeBack } from '../../src/vault/taking-back.ts'
import type { Lease, Vault } from '../../src/vault/vault.ts'
import type { SeenRequest } from '../support/providers/oauth-fixture.ts'
import { oauthError } from '../support/providers/oauth-fixture.ts'
import type { Life } from './instances.ts'
import { lives, never } from './instances.ts'
import type { Setup } from './vault-harness.ts'
import { alice, connect, leaseRequest, mallory, mustBe, setUp } from './vault-harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms)
const ask = (setup: Setup, more = {}): Promise<Result<Lease>> => setup.vault.lease(leaseRequest(setup, more))
const refusalOf = (result: Result<Lease>): Refusal => {
  if (result.ok) throw new Error('not refused')
  return result.error
}
const isRefresh = (request: SeenRequest): boolean => request.params.get('grant_type') === 'refresh_token'

/** Connected, and so near the end that the next lease refreshes. The old token still works for 5 s. */
async function stale(
  options: Parameters<typeof setUp>[0] = {},
  spec: Parameters<typeof setUp>[1] = {},
): Promise<Setup> {
  const setup = await setUp({ rotation: 'rotates', ...options }, spec)
  await connect(setup)
  later(3_595_000)
  return setup
}

function answerRefresh(setup: Setup, answer: () => Response | Promise<Response>): void {
  setup.fixture.intercept = (request) => (isRefresh(request) ? answer() : null)
}

const events = (setup: Setup): Promise<Record<string, unknown>[]> =>
  runInDurableObject(setup.stub, (_, state) =>
    state.storage.sql
      .exec<{ head: string }>('SELECT head FROM audit_outbox ORDER BY row')
      .toArray()
      .map(({ head }) => JSON.parse(head) as { type: string; attributes: Record<string, unknown> })
      .map(({ type, attributes }) => ({ type, ...attributes })),
  )

describe('what a provider can answer to a refresh', () => {
  it('invalid_grant: the old token is lent to its end, then the person is asked, and the provider is asked once', async () => {
    const setup = await stale()
    answerRefresh(setup, () => oauthError('invalid_grant'))
    for (let n = 0; n < 5; n++) expect(mustBe(await ask(setup)).generation).toBe(1)
    later(5_001)
    for (let n = 0; n < 5; n++) expect(refusalOf(await ask(setup)).code).toBe('vault/authorization_needed')
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    expect(await events(setup)).toContainEqual(
      expect.objectContaining({ type: 'vault.refresh_failed', status: 'needs_sign_in', reason: 'refresh_refused' }),
    )
    // A new consent puts everything right, in the same connection.
    setup.fixture.intercept = null
    await connect(setup)
    expect(mustBe(await ask(setup)).generation).toBe(2)
  })

  it.each<[string, () => Response]>([
    ['HTML with 200', () => new Response('<html>Sign in</html>', { headers: { 'content-type': 'text/html' } })],
    ['200 with neither token nor error', () => Response.json({ ok: true })],
    ['a token that is no token', () => Response.json({ access_token: 'has spaces and \n' })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.test/' } })],
    ['5 MB', () => new Response(`{"access_token":"${'x'.repeat(5_000_000)}"}`)],
    ['503', () => new Response('down', { status: 503 })],
    ['200 with an error that asks to wait', () => Response.json({ error: 'temporarily_unavailable' })],
    [
      'nothing',
      () => {
        throw new TypeError('connection lost')
      },
    ],
  ])(
    '%s: the old token is lent to its end, then it is said that it is our trouble; tried again after 30 s',
    async (_, answer) => {
      const setup = await stale()
      answerRefresh(setup, answer)
      expect(mustBe(await ask(setup)).generation).toBe(1)
      later(5_001)
      for (let n = 0; n < 5; n++) {
        const refusal = refusalOf(await ask(setup))
        expect(refusal).toMatchObject({ code: 'vault/unavailable', retryAfterMs: 24_999 })
      }
      expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
      setup.fixture.intercept = null
      later(25_000)
      expect(mustBe(await ask(setup)).generation).toBe(2)
    },
  )

  it('429 with Retry-After: not asked again before', async () => {
    const setup = await stale()
    answerRefresh(setup, () => new Response('slow down', { status: 429, headers: { 'retry-after': '600' } }))
    expect(mustBe(await ask(setup)).generation).toBe(1)
    setup.fixture.intercept = null
    later(599_999)
    expect(refusalOf(await ask(setup))).toMatchObject({ code: 'vault/unavailable', retryAfterMs: 1 })
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    later(1)
    expect(mustBe(await ask(setup)).generation).toBe(2)
  })

  it('200 without a refresh token: the old one stays', async () => {
    const setup = await stale({ rotation: 'none' })
    expect(mustBe(await ask(setup)).generation).toBe(2)
    later(3_595_000)
    expect(mustBe(await ask(setup)).generation).toBe(3)
  })

  it('fewer scopes: what is there now counts, and the person is asked for the rest', async () => {
    const setup = await setUp({ rotation: 'rotates' })
    await connect(setup, alice, { scopes: ['repo', 'workflow'] })
    later(3_595_000)
    setup.fixture.beforeAnswer = (request) =>
      isRefresh(request)
        ? Response.json({ access_token: 'CANARY-narrow', token_type: 'bearer', scope: 'repo', expires_in: 3600 })
        : Response.json({ id: alice.id })
    expect(mustBe(await ask(setup)).scopes).toEqual(['repo'])
    const refusal = refusalOf(await ask(setup, { scopes: ['repo', 'workflow'] }))
    expect(refusal).toMatchObject({ code: 'vault/authorization_needed', evidence: { reason: 'scopes_missing' } })
  })

  it("another person's account: nothing of it is lent, it is given back, and it is said", async () => {
    const setup = await stale()
    setup.fixture.beforeAnswer = (request) => (request.path === '/me' ? Response.json({ id: mallory.id }) : null)
    expect(refusalOf(await ask(setup)).code).toBe('vault/authorization_needed')
    expect(setup.fixture.seen.map((one) => one.path)).toContain('/revoke')
    expect(await setup.vault.connections()).toMatchObject([{ status: 'suspended', reason: 'account_changed' }])
  })

  it('a refresh that comes back after a disconnect: its tokens are given back at once', async () => {
    const setup = await stale()
    await lives(setup, async (newLife) => {
      const life = newLife()
      const { use } = life
      setup.fixture.beforeAnswer = async (request) => {
        if (isRefresh(request)) await takeBack(use, use.store.all(), { kind: 'user', id: setup.user })
        return null
      }
      expect(refusalOf(await life.lease()).code).toBe('vault/authorization_needed')
      expect(use.store.all()).toEqual([])
    })
    expect(setup.fixture.seen.filter((one) => one.path === '/revoke')).toHaveLength(2)
  })
})

describe('a 401 from the API', () => {
  it('asks the provider before it troubles the person, where nothing can be refreshed', async () => {
    const setup = await setUp({ lifetimeS: null })
    await connect(setup)
    const lease = mustBe(await ask(setup))
    later(120_000)
    // The provider says that the token is good: the API refused for another reason.
    expect(mustBe(await ask(setup, { seenGeneration: 1 })).secret).toBe(lease.secret)
    setup.fixture.withdraw(alice.id)
    expect(refusalOf(await ask(setup, { seenGeneration: 1 })).code).toBe('vault/authorization_needed')
    expect(await setup.vault.connections()).toMatchObject([{ status: 'needs_sign_in', reason: 'refused_by_provider' }])
  })

  it('does not refresh a token of this minute again and again', async () => {
    const setup = await setUp()
    await connect(setup)
    for (let n = 0; n < 10; n++) mustBe(await ask(setup, { seenGeneration: 1 }))
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(0)
  })
})

describe('a crash during a refresh', () => {
  /** A life that dies while a request is at the provider, before or after it acted. */
  async function dies(
    setup: Setup,
    life: Life,
    when: 'intercept' | 'beforeAnswer',
    which: (request: SeenRequest) => boolean,
  ): Promise<void> {
    const reached = Promise.withResolvers<void>()
    setup.fixture[when] = (request) => {
      if (!which(request)) return null
      setup.fixture[when] = null
      reached.resolve()
      return never
    }
    void life.lease()
    await reached.promise
  }

  it('before the request left: repeated, after it could not be under way any more', async () => {
    const setup = await stale()
    await lives(setup, async (newLife) => {
      const first = newLife()
      first.use.storage = { sync: () => never } as unknown as DurableObjectStorage
      void first.lease()
      await Promise.resolve()
      const second = newLife()
      expect(mustBe(await second.lease()).generation).toBe(1)
      later(15_000)
      expect(mustBe(await second.lease()).generation).toBe(2)
    })
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
  })

  it('before the provider acted: repeated once', async () => {
    const setup = await stale()
    await lives(setup, async (newLife) => {
      await dies(setup, newLife(), 'intercept', isRefresh)
      const second = newLife()
      // The old token has 5 s left.
      expect(mustBe(await second.lease()).generation).toBe(1)
      later(15_000)
      expect(mustBe(await second.lease()).generation).toBe(2)
    })
  })

  it('after the provider acted, with leeway there: repeated once, and nothing is lost', async () => {
    const setup = await stale({ leewayMs: 30_000 })
    await lives(setup, async (newLife) => {
      await dies(setup, newLife(), 'beforeAnswer', isRefresh)
      later(15_000)
      const second = newLife()
      expect(mustBe(await second.lease()).generation).toBe(2)
      expect(second.events).toContainEqual(
        expect.objectContaining({ type: 'vault.refreshed', attributes: expect.objectContaining({ recovered: true }) }),
      )
    })
  })

  it('after the provider acted, without leeway: the person is asked, with the true reason', async () => {
    const setup = await stale()
    await lives(setup, async (newLife) => {
      await dies(setup, newLife(), 'beforeAnswer', isRefresh)
      later(15_000)
      expect(refusalOf(await newLife().lease()).evidence).toMatchObject({ reason: 'refresh_lost' })
    })
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(2)
  })

  it('while the new tokens are being sealed: as if the answer had been lost', async () => {
    const setup = await stale({ leewayMs: 30_000 })
    await lives(setup, async (newLife) => {
      const first = newLife()
      const sealing = Promise.withResolvers<void>()
      first.use.keys.seal = () => {
        sealing.resolve()
        return never
      }
      void first.lease()
      await sealing.promise
      later(15_000)
      expect(mustBe(await newLife().lease()).generation).toBe(2)
    })
  })

  it('twice in a row: not a third time', async () => {
    const setup = await stale({ leewayMs: 3_600_000 })
    await lives(setup, async (newLife) => {
      for (let n = 0; n < 2; n++) {
        await dies(setup, newLife(), 'beforeAnswer', isRefresh)
        later(15_000)
      }
      expect(refusalOf(await newLife().lease()).evidence).toMatchObject({ reason: 'refresh_lost' })
    })
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(2)
  })

  it('after the new tokens are stored, before their account was asked: asked then, no second refresh', async () => {
    const setup = await stale()
    await lives(setup, async (newLife) => {
      await dies(setup, newLife(), 'intercept', (request) => request.path === '/me')
      const asked = setup.fixture.seen.length
      expect(mustBe(await newLife().lease()).generation).toBe(2)
      expect(setup.fixture.seen.slice(asked).map((one) => one.path)).toEqual(['/me'])
    })
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
  })

  it('before D1 and KV were told: the next life tells them', async () => {
    const setup = await stale()
    await lives(setup, async (newLife) => void mustBe(await newLife().lease()))
    const index = () =>
      env.DB.prepare('SELECT generation FROM connections WHERE project = ?').bind(setup.project).first('generation')
    expect(await index()).toBe(1)
    await runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
    expect(await index()).toBe(2)
    const { keys } = await env.KV.list({ prefix: `v1/${setup.project}/` })
    const tokens = keys.filter((key) => !key.name.includes('/key/'))
    expect(tokens.map((key) => key.name.split('/').at(-1))).toEqual(['2'])
  })

  it('a lost answer without a crash is repeated while the provider takes the same token again', async () => {
    const setup = await stale({ leewayMs: 20_000 }, { refresh: { leewayMs: 20_000 } })
    setup.fixture.beforeAnswer = (request) => {
      if (isRefresh(request)) throw new TypeError('connection reset')
      return null
    }
    expect(mustBe(await ask(setup)).generation).toBe(1)
    setup.fixture.beforeAnswer = null
    later(10_000)
    expect(mustBe(await ask(setup)).generation).toBe(2)
  })

  it('a lost answer without a crash counts the same', async () => {
    const setup = await stale()
    setup.fixture.beforeAnswer = (request) => {
      if (isRefresh(request)) throw new TypeError('connection reset')
      return null
    }
    expect(mustBe(await ask(setup)).generation).toBe(1)
    setup.fixture.beforeAnswer = null
    later(30_000)
    expect(refusalOf(await ask(setup)).evidence).toMatchObject({ reason: 'refresh_lost' })
  })
})
