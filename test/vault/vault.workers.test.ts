import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ledgerName } from '../../src/audit/audit.ts'
import type { Vault } from '../../src/vault/vault.ts'
import type { By, ServiceCredential } from '../../src/vault/vault.ts'
import type { SeenRequest } from '../support/providers/oauth-fixture.ts'
import { oauthError } from '../support/providers/oauth-fixture.ts'
import { alice, connect, leaseRequest, mustBe, setUp } from './vault-harness.ts'

const start = Date.UTC(2026, 10, 22, 9)
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms)

describe('a lease', () => {
  it('is refused with our own link until the person has connected, then lends the token', async () => {
    const setup = await setUp()
    const refused = await setup.vault.lease(leaseRequest(setup))
    expect(refused).toMatchObject({ ok: false, error: { code: 'vault/authorization_needed' } })
    expect(!refused.ok && refused.error.help?.url).toMatch(/^https:\/\/behalf\.test\/connect\/[\w-]+$/)

    expect(await connect(setup)).toMatchObject({ kind: 'connected', account: 'alice-dev', missing: [], remaining: 1 })
    const lease = mustBe(await setup.vault.lease(leaseRequest(setup)))
    expect(setup.fixture.isLive(lease.secret)).toBe(true)
    expect(lease).toMatchObject({
      generation: 1,
      account: '1001',
      accountLabel: 'alice-dev',
      scopes: ['repo'],
      apiBase: 'https://api.provider.test/v1',
      allowedOrigins: ['https://api.provider.test'],
      expiresAt: start + 300_000,
    })
  })

  it('makes one POST for 100 calls of 10 sessions at expiry, at a provider that punishes reuse', async () => {
    const setup = await setUp({ rotation: 'single_use' })
    await connect(setup)
    later(3_590_000)
    const calls = Array.from({ length: 100 }, (_, n) =>
      setup.vault.lease(leaseRequest(setup, { session: `session-${n % 10}` })),
    )
    const leases = (await Promise.all(calls)).map(mustBe)
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    expect(new Set(leases.map((lease) => lease.secret)).size).toBe(1)
    expect(leases.every((lease) => setup.fixture.isLive(lease.secret) && lease.generation === 2)).toBe(true)
  })

  it('refreshes once when 50 calls of 2 sessions come back with a 401 for the same generation', async () => {
    const setup = await setUp()
    await connect(setup)
    const first = mustBe(await setup.vault.lease(leaseRequest(setup)))
    later(120_000)
    const calls = Array.from({ length: 50 }, (_, n) =>
      setup.vault.lease(leaseRequest(setup, { session: `session-${n % 2}`, seenGeneration: first.generation })),
    )
    const leases = (await Promise.all(calls)).map(mustBe)
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    expect(leases.every((lease) => lease.generation === 2)).toBe(true)
  })
})

describe('what is stored', () => {
  it('contains no token, in D1, in KV, or in the SQLite of any object', async () => {
    const setup = await setUp()
    await connect(setup)
    later(3_590_000)
    mustBe(await setup.vault.lease(leaseRequest(setup)))
    await runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
    const dump = await dumpAll(setup)
    expect(dump).toContain('vault.refreshed')
    expect(dump).toContain(alice.id)
    expect(dump).not.toContain('CANARY')
  })
})

describe("a service account's own credential", () => {
  const byAdmin: By = { kind: 'admin', id: 'root' }
  const canary = 'CANARY-service-key-0123456789'
  const botSpec = {
    service: { jwtBearer: { audience: 'https://provider.test/token' }, clientCredentials: {} },
    revoke: { url: 'https://provider.test/revoke', params: { token: '{access_token}' } },
  }

  /** A provider that checks assertions, and how often it was asked for a token. */
  async function withBot() {
    const setup = await setUp({}, botSpec)
    const pair = await generateKeyPair('RS256', { extractable: true })
    const bot: ServiceCredential = {
      kind: 'jwt_bearer',
      issuer: 'bot@project.test',
      privateKey: await exportPKCS8(pair.privateKey),
    }
    let tokens = 0
    let refuse: (() => Response) | null = null
    setup.fixture.intercept = async (request: SeenRequest) => {
      if (request.params.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return null
      if (refuse) return refuse()
      const audience = 'https://provider.test/token'
      const read = await jwtVerify(request.params.get('assertion') ?? '', pair.publicKey, { audience }).catch(
        () => null,
      )
      if (!read) return oauthError('invalid_grant')
      return Response.json({ access_token: `CANARY-bot-${++tokens}`, token_type: 'bearer', expires_in: 3600 })
    }
    const owner = { project: setup.project, user: setup.user }
    const set = (credential: ServiceCredential, scopes = ['repo']) =>
      setup.vault.setCredential(owner, setup.provider, { credential, scopes }, byAdmin)
    const lease = (more = {}) => setup.vault.lease(leaseRequest(setup, { service: true, ...more }))
    return { setup, bot, set, lease, minted: () => tokens, refuse: (answer: typeof refuse) => (refuse = answer) }
  }

  it('is tried before it is kept, and what the provider refuses is not', async () => {
    const { set, bot, lease } = await withBot()
    expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/secret_missing' } })
    const stranger = await generateKeyPair('RS256', { extractable: true })
    const wrong = { ...bot, privateKey: await exportPKCS8(stranger.privateKey) } as ServiceCredential
    expect(await set(wrong)).toMatchObject({ ok: false, error: { code: 'core/bad_request' } })
    expect(await set({ kind: 'api_key', key: canary })).toMatchObject({
      ok: false,
      error: { code: 'core/bad_request' },
    })
    expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/secret_missing' } })
    expect(mustBe(await set(bot))).toMatchObject({ kind: 'jwt_bearer', label: 'bot@project.test', scopes: ['repo'] })
    expect(mustBe(await lease()).secret).toBe('CANARY-bot-1')
  })

  it('gets one new token at expiry for all who ask, and another after a 401', async () => {
    const { set, bot, lease, minted } = await withBot()
    mustBe(await set(bot))
    later(3_590_000)
    const leases = await Promise.all(Array.from({ length: 50 }, (_, n) => lease({ session: `session-${n % 5}` })))
    expect(new Set(leases.map((one) => mustBe(one).secret))).toEqual(new Set(['CANARY-bot-2']))
    later(120_000)
    expect(mustBe(await lease({ seenGeneration: 2 })).secret).toBe('CANARY-bot-3')
    expect(minted()).toBe(3)
  })

  it('is not dropped when the provider refuses it for a while, and the provider is not stormed', async () => {
    const { setup, set, bot, lease, refuse } = await withBot()
    mustBe(await set(bot))
    later(3_601_000)
    refuse(() => oauthError('invalid_grant'))
    const asked = setup.fixture.seen.length
    for (let n = 0; n < 10; n++) {
      expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/unavailable' } })
    }
    expect(setup.fixture.seen.length - asked).toBe(1)
    refuse(null)
    later(30_000)
    expect(mustBe(await lease()).secret).toBe('CANARY-bot-2')
  })

  it('is for the scopes it was set for and no others, and nobody is sent a link', async () => {
    const { set, bot, lease } = await withBot()
    mustBe(await set(bot, ['repo']))
    const wider = await lease({ scopes: ['admin'] })
    expect(wider).toMatchObject({ ok: false, error: { code: 'vault/secret_missing' } })
    expect(!wider.ok && wider.error.help).toBeUndefined()
  })

  it('replaces the one before it, is in no dump, and is gone when taken back', async () => {
    const { setup, set, bot, lease } = await withBot()
    mustBe(await set(bot))
    setup.fixture.options.accountBody = () => alice
    const intercept = setup.fixture.intercept
    setup.fixture.intercept = (request) => {
      const isKey = request.path === '/me' && request.headers.get('authorization') === `Bearer ${canary}`
      return isKey ? Response.json(alice) : (intercept?.(request) ?? null)
    }
    expect(mustBe(await set({ kind: 'api_key', key: canary }))).toMatchObject({ kind: 'api_key', label: 'alice-dev' })
    expect(mustBe(await lease())).toMatchObject({ secret: canary, header: { prefix: 'Bearer ' } })
    await runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
    const [only, ...others] = await setup.vault.connections()
    expect(others).toEqual([])
    const dump = await dumpAll(setup)
    expect(dump).toContain('connect.completed')
    for (const secret of ['CANARY', 'PRIVATE KEY']) expect(dump).not.toContain(secret)
    expect(
      (await env.KV.list({ prefix: `v1/${setup.project}/` })).keys.every(({ name }) => name.includes('/key/')),
    ).toBe(true)
    expect(await setup.vault.disconnect(only?.id ?? '', byAdmin)).toMatchObject({ revocation: 'not_possible' })
    expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/secret_missing' } })
  })

  it('of a client of its own is asked for and taken back as that client', async () => {
    const { setup, set, lease } = await withBot()
    const [clientId, clientSecret] = ['bot-client', 'CANARY-bot-client-secret']
    const asked: unknown[] = []
    setup.fixture.intercept = ({ path, params }) => {
      asked.push([path, params.get('client_id'), params.get('client_secret')])
      if (path === '/revoke') return new Response(null, { status: params.get('client_id') === clientId ? 200 : 400 })
      return Response.json({ access_token: 'CANARY-bot-1', token_type: 'bearer', expires_in: 3600 })
    }
    mustBe(await set({ kind: 'client_credentials', clientId, clientSecret }))
    const { connection } = mustBe(await lease())
    expect(await setup.vault.disconnect(connection, byAdmin)).toMatchObject({ revocation: 'revoked' })
    expect(asked).toEqual(['/token', '/revoke'].map((path) => [path, clientId, clientSecret]))
  })

  it('is set by nobody once the account is offboarded', async () => {
    const { setup, set, bot, lease } = await withBot()
    mustBe(await set(bot))
    await setup.vault.offboard({ project: setup.project, user: setup.user }, byAdmin)
    expect(await set(bot)).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
    expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
  })
})

describe('a refresh token that dies when nobody uses it', () => {
  const idle = { refresh: { rotation: 'single_use' as const, idleMs: 30 * 86_400_000 } }
  const alarmOf = (setup: Awaited<ReturnType<typeof setUp>>) =>
    runInDurableObject(setup.stub, (_, state) => state.storage.getAlarm())
  /** As the runtime does it: the alarm that rings is no longer set. */
  const ring = (setup: Awaited<ReturnType<typeof setUp>>) =>
    runInDurableObject(setup.stub, async (vault: Vault, state) => {
      await state.storage.deleteAlarm()
      await vault.alarm()
    })

  it('is used by the alarm in time, once, and the alarm is set for the next time', async () => {
    const setup = await setUp({ rotation: 'single_use' }, idle)
    await connect(setup)
    await ring(setup)
    later(25 * 86_400_000)
    await ring(setup)
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    await ring(setup)
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    const far = async () => expect((await alarmOf(setup)) ?? 0).toBeGreaterThan(Date.now() + 14 * 86_400_000)
    await vi.waitFor(far, { timeout: 10_000 })
    expect(mustBe(await setup.vault.lease(leaseRequest(setup))).generation).toBe(2)
  })

  it('is left alone by a vault that is frozen, and when the connection is suspended', async () => {
    const suspended = await setUp({}, idle)
    await connect(suspended)
    const [one] = await suspended.vault.connections()
    await suspended.vault.suspend(one?.id ?? '', { kind: 'admin', id: 'root' })
    const frozen = await setUp({}, idle)
    await connect(frozen)
    await runInDurableObject(
      frozen.stub,
      (_, state) => void state.storage.sql.exec("UPDATE owner SET status = 'frozen'"),
    )
    later(25 * 86_400_000)
    for (const setup of [suspended, frozen]) {
      await ring(setup)
      expect(setup.fixture.tokenPosts('refresh_token')).toBe(0)
    }
  })

  it('is not asked for again for six hours when the provider fails', async () => {
    const setup = await setUp({}, idle)
    await connect(setup)
    later(25 * 86_400_000)
    setup.fixture.intercept = () => new Response('', { status: 503 })
    for (let n = 0; n < 5; n++) {
      await ring(setup)
      later(3_600_000)
    }
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
    later(3_660_000)
    await ring(setup)
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(2)
  })
})

async function dumpAll(setup: Awaited<ReturnType<typeof setUp>>): Promise<string> {
  const parts: unknown[] = []
  const { results: tables } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{
    name: string
  }>()
  for (const { name } of tables) {
    if (!name.startsWith('_cf')) parts.push((await env.DB.prepare(`SELECT * FROM "${name}"`).all()).results)
  }
  for (const { name } of (await env.KV.list()).keys) parts.push(name, await env.KV.get(name))
  for (const stub of [setup.stub, env.LEDGER.getByName(ledgerName(setup.project))]) {
    parts.push(
      await runInDurableObject(stub, (_, state) =>
        state.storage.sql
          .exec<{ name: string }>(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
          )
          .toArray()
          .map(({ name }) => state.storage.sql.exec(`SELECT * FROM "${name}"`).toArray()),
      ),
    )
  }
  return JSON.stringify(parts, (_, value: unknown) =>
    value instanceof ArrayBuffer ? new TextDecoder().decode(value) : value,
  )
}
