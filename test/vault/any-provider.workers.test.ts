import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { alice, connect, leaseRequest, mustBe, setUp, start } from './vault-harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a service that renews at another address in other words, and tells expiry and scopes by introspection, is configuration', async () => {
  const setup = await setUp(
    {
      auth: 'basic',
      authorizeParams: { had: '' },
      tokenBody: ({ accessToken, refreshToken }) => Response.json({ token: accessToken, renewal: refreshToken }),
      further: {
        'https://provider.test/introspect': () => Response.json({ active: true, ttl: 3600, granted: ['repo'] }),
      },
    },
    {
      client: 'basic',
      authorize: { url: 'https://provider.test/authorize', params: { had: '{existing_scopes}' } },
      answer: { accessToken: 'token', refreshToken: 'renewal' },
      introspect: {
        url: 'https://provider.test/introspect',
        params: { token: '{access_token}' },
        expiresIn: 'ttl',
        scope: 'granted',
      },
      refresh: {
        url: 'https://provider.test/renew',
        method: 'PUT',
        auth: 'none',
        format: 'json',
        headers: { 'x-renew': 'yes' },
        params: { had: '{existing_scopes}' },
        answer: { accessToken: 'data.token', refreshToken: 'data.renewal', expiresIn: 'data.ttl' },
      },
    },
  )
  const renewals: unknown[] = []
  setup.fixture.intercept = ({ path, method, headers, params }) => {
    if (path === '/me' && headers.get('authorization') === 'Bearer CANARY-renewed') return Response.json(alice)
    if (path !== '/renew') return null
    const said = ['content-type', 'x-renew', 'authorization'].map((name) => headers.get(name))
    renewals.push([method, ...said, params.get('grant_type'), params.get('had')])
    return Response.json({ data: { token: 'CANARY-renewed', renewal: 'CANARY-renewal-2', ttl: '600' } })
  }

  // What was granted is the introspection's to say: less than was asked.
  expect(await connect(setup, alice, { scopes: ['repo', 'extra'] })).toMatchObject({ missing: ['extra'] })
  const first = mustBe(await setup.vault.lease(leaseRequest(setup)))
  expect(first).toMatchObject({ generation: 1, scopes: ['repo'] })
  const wider = await start(setup, { scopes: ['repo', 'extra'] })
  expect(new URL(wider.authorizeUrl).searchParams.get('had')).toBe('repo')

  vi.setSystemTime(Date.now() + 3_595_000)
  expect(mustBe(await setup.vault.lease(leaseRequest(setup)))).toMatchObject({
    generation: 2,
    secret: 'CANARY-renewed',
    scopes: ['repo'],
    expiresAt: Date.now() + 300_000,
  })
  expect(renewals).toEqual([['PUT', 'application/json', 'yes', null, 'refresh_token', 'repo']])
  vi.setSystemTime(Date.now() + 480_000)
  expect(mustBe(await setup.vault.lease(leaseRequest(setup))).generation).toBe(3)
})
