import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { randomBytes } from '../../src/core/bytes.ts'
import { sealedUnder } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { settle } from '../../src/vault/settling.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { restoreVaults, rotateSecrets, rotateVaults } from '../../src/vault/vault.ts'
import { lives } from './instances.ts'
import type { Setup } from './vault-harness.ts'
import { alice, config, connect, leaseRequest, mustBe, setUp } from './vault-harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const old = config.keks.get('1') ?? new Uint8Array()
const next = randomBytes(32)
/** Both keys, the new one seals; then the new one alone. */
const during: Partial<Config> = {
  keks: new Map([
    ['1', old],
    ['2', next],
  ]),
  activeKek: '2',
}
const after: Partial<Config> = { keks: new Map([['2', next]]), activeKek: '2' }

const wrappedUnder = (setup: Setup) =>
  runInDurableObject(
    setup.stub,
    (_, state) =>
      state.storage.sql.exec<{ key: string }>('SELECT wrapped_key AS key FROM owner').one().key.split('.')[1],
  )
const keyCopies = async (setup: Setup) =>
  (await env.KV.list({ prefix: `v1/${setup.project}/${setup.user}/key/` })).keys.map((key) =>
    key.name.split('/').at(-1),
  )

describe('rotating the key-encryption key', () => {
  it('rewraps the user key and nothing else, while tokens are lent, and the old key can go', async () => {
    const setup = await setUp()
    await connect(setup)
    await runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
    expect(await keyCopies(setup)).toEqual(['1'])
    const sealed = () =>
      runInDurableObject(setup.stub, (_, state) =>
        state.storage.sql.exec('SELECT access, refresh FROM connections').one(),
      )
    const before = await sealed()
    await lives(setup, async (newLife) => {
      const life = newLife(during)
      const [lease, rewrapped] = await Promise.all([life.lease(), life.use.keys.rewrap()])
      expect(rewrapped.ok).toBe(true)
      mustBe(lease)
      await settle(life.use)
    })
    expect(await wrappedUnder(setup)).toBe('2')
    expect(await sealed()).toEqual(before)
    expect(await keyCopies(setup)).toEqual(['2'])
    await lives(setup, async (newLife) => {
      mustBe(await newLife(after).lease())
      expect((await newLife().lease()).ok).toBe(false)
    })
  })

  it('happens by itself when a vault is used', async () => {
    const setup = await setUp()
    await connect(setup)
    await lives(setup, async (newLife) => void mustBe(await newLife(during).lease()))
    expect(await wrappedUnder(setup)).toBe('2')
  })

  it('destroys nothing when the key was taken away too early: it is said, and all is well when it is back', async () => {
    const setup = await setUp()
    await connect(setup)
    await lives(setup, async (newLife) => {
      const life = newLife(after)
      expect(await life.lease()).toMatchObject({ ok: false, error: { code: 'vault/unavailable' } })
      expect(life.events).toContainEqual(
        expect.objectContaining({
          type: 'vault.integrity',
          attributes: expect.objectContaining({ fault: 'unknown_key' }),
        }),
      )
      vi.setSystemTime(Date.now() + 3_590_000)
      expect(await life.lease()).toMatchObject({ ok: false, error: { code: 'vault/unavailable' } })
      vi.setSystemTime(Date.now() + 30_000)
      expect(mustBe(await newLife().lease()).generation).toBe(2)
    })
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
  })

  it('does not lock out a vault that slept through it with nothing sealed', async () => {
    const setup = await setUp()
    await connect(setup)
    const [connection] = await setup.vault.connections()
    await setup.vault.disconnect(connection?.id ?? '', { kind: 'user', id: 'alice' })
    await lives(setup, async (newLife) => {
      const { use } = newLife(after)
      const sealed = await use.keys.seal({ id: 'c', provider: 'p' }, 'access', 1, 'x')
      expect(await use.keys.open({ id: 'c', provider: 'p', generation: 1 }, 'access', sealed)).toEqual({
        ok: true,
        value: 'x',
      })
    })
  })

  it('reaches every vault and every sealed column of the project, and counts what is left', async () => {
    const setup = await setUp()
    await connect(setup)
    await runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
    const use = { env, db: openDb(env.DB), config, project: setup.project }
    expect(await rotateVaults(use, '', 10)).toEqual({ counts: { current: 1 }, next: null })
    expect(await rotateVaults(use, '', 1)).toEqual({ counts: { current: 1 }, next: setup.user })
    expect(await rotateVaults(use, setup.user, 1)).toEqual({ counts: {}, next: null })

    expect(await rotateSecrets({ ...use, config: { ...config, ...during } }, 10)).toEqual({
      rewrapped: 1,
      failed: 0,
      left: 0,
    })
    const sealed = await env.DB.prepare('SELECT sealed_secret FROM providers WHERE project = ?')
      .bind(setup.project)
      .first<string>('sealed_secret')
    expect(sealedUnder(sealed ?? '')).toBe('2')
    // Back, as if 2 were the old one: its key is gone, so it cannot be, and that is counted.
    expect(await rotateSecrets(use, 10)).toEqual({ rewrapped: 0, failed: 1, left: 1 })
  })
})

describe('a blob that is not where it belongs', () => {
  const swap = (setup: Setup, sql: string) =>
    runInDurableObject(setup.stub, (_, state) => void state.storage.sql.exec(sql))

  it.each([
    ['another field', 'UPDATE connections SET access = refresh'],
    ['an earlier generation', 'UPDATE connections SET generation = generation + 1'],
    ['another connection', "UPDATE connections SET id = 'other'"],
    ['another provider account, truncated', 'UPDATE connections SET access = substr(access, 1, length(access) - 9)'],
    ['nothing at all', "UPDATE connections SET access = 'b1.x.y.z'"],
  ])('is treated as absent: %s', async (_, sql) => {
    const setup = await setUp()
    await connect(setup)
    await swap(setup, sql)
    expect(await setup.vault.lease(leaseRequest(setup))).toMatchObject({
      ok: false,
      error: { code: 'vault/authorization_needed' },
    })
    expect(await setup.vault.connections()).toMatchObject([{ status: 'needs_sign_in', reason: 'integrity' }])
  })

  it("is treated as absent in another user's vault", async () => {
    const one = await setUp()
    await connect(one)
    const stolen = await runInDurableObject(
      one.stub,
      (_, state) => state.storage.sql.exec<{ access: string }>('SELECT access FROM connections').one().access,
    )
    const other = await setUp()
    await connect(other)
    await swap(other, `UPDATE connections SET access = '${stolen}'`)
    expect((await other.vault.lease(leaseRequest(other))).ok).toBe(false)
  })
})

describe('a vault that lost its storage', () => {
  const lose = (setup: Setup) =>
    runInDurableObject(setup.stub, (_, state) => {
      for (const table of ['connections', 'owner', 'holders', 'tickets', 'leftovers'])
        state.storage.sql.exec(`DELETE FROM ${table}`)
    })
  const use = (setup: Setup) => ({ env, db: openDb(env.DB), config, project: setup.project })
  const all = { after: '', limit: 50, recoveryKey: null }

  async function recoverable(more: Partial<Config> = {}): Promise<Setup> {
    const setup = await setUp()
    await connect(setup)
    await lives(setup, async (newLife) => {
      const life = newLife(more)
      await settle(life.use)
    })
    await runInDurableObject(
      setup.stub,
      (_, state) => void state.storage.sql.exec('UPDATE connections SET is_dirty = 1'),
    )
    await lives(setup, async (newLife) => void (await settle(newLife(more).use)))
    return setup
  }

  it('is rebuilt from the index and the copies: access tokens work to their end, then the person signs in', async () => {
    const setup = await recoverable()
    await lose(setup)
    expect((await restoreVaults(use(setup), all)).counts).toEqual({
      vaults: 1,
      notLost: 0,
      connections: 1,
      needSignIn: 0,
      withRefreshToken: 0,
    })
    const lease = mustBe(await setup.vault.lease(leaseRequest(setup)))
    expect(lease).toMatchObject({ generation: 1, accountLabel: alice.login })
    expect(setup.fixture.isLive(lease.secret)).toBe(true)
    vi.setSystemTime(Date.now() + 3_600_001)
    expect((await setup.vault.lease(leaseRequest(setup))).ok).toBe(false)
  })

  it('gets its refresh tokens back with the key that only the company has', async () => {
    const pair = (await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
      'deriveBits',
    ])) as CryptoKeyPair
    const raw = new Uint8Array((await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer)
    const pkcs8 = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
    const setup = await recoverable({ recoveryKey: raw })
    await lose(setup)
    vi.setSystemTime(Date.now() + 3_600_001)
    const recoveryKey = btoa(String.fromCharCode(...pkcs8))
    const restored = await restoreVaults(use(setup), { ...all, recoveryKey })
    expect(restored.counts).toMatchObject({ vaults: 1, withRefreshToken: 1 })
    const lease = mustBe(await setup.vault.lease(leaseRequest(setup)))
    expect(setup.fixture.isLive(lease.secret)).toBe(true)
    expect(setup.fixture.tokenPosts('refresh_token')).toBe(1)
  })

  it('is not rebuilt when it is not lost', async () => {
    const setup = await recoverable()
    expect((await restoreVaults(use(setup), all)).counts).toMatchObject({ vaults: 0, notLost: 1 })
  })

  it('takes no copy of another generation or of another place', async () => {
    const setup = await recoverable()
    await lose(setup)
    const { keys } = await env.KV.list({ prefix: `v1/${setup.project}/` })
    const token = keys.find((key) => key.name.endsWith('/1') && !key.name.includes('/key/'))?.name ?? ''
    const copy = JSON.parse((await env.KV.get(token)) ?? '{}') as Record<string, unknown>
    await env.KV.put(token, JSON.stringify({ ...copy, access: String(copy['access']).slice(0, -8) }))
    expect((await restoreVaults(use(setup), all)).counts).toMatchObject({ connections: 0, needSignIn: 1 })
    expect(await setup.vault.connections()).toMatchObject([{ status: 'needs_sign_in', reason: 'restored' }])
  })
})
