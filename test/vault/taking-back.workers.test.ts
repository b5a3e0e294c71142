import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { providers } from '../../src/db/schema.ts'
import { Session } from '../../src/session/session.ts'
import type { By, Vault } from '../../src/vault/vault.ts'
import { lives, never } from './instances.ts'
import { takeBack } from '../../src/vault/taking-back.ts'
import type { Setup } from './vault-harness.ts'
import {
  alice,
  connect,
  finish,
  fixtureSpec,
  leaseRequest,
  linkOf,
  mallory,
  mustBe,
  setUp,
  startLink,
} from './vault-harness.ts'

const recalled = vi.fn<(connections: string[] | null) => void>()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
  vi.spyOn(Session.prototype, 'recallLeases').mockImplementation(async (connections) => recalled(connections))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  recalled.mockReset()
})

const byUser: By = { kind: 'user', id: 'alice' }
const later = (ms: number): void => void vi.setSystemTime(Date.now() + ms)
const alarm = (setup: Setup) => runInDurableObject(setup.stub, (vault: Vault) => vault.alarm())
const lease = (setup: Setup, more = {}) => setup.vault.lease(leaseRequest(setup, more))
const only = async (setup: Setup): Promise<string> => (await setup.vault.connections())[0]?.id ?? ''

async function outside(setup: Setup): Promise<number> {
  const rows = await env.DB.prepare('SELECT id FROM connections WHERE project = ?').bind(setup.project).all()
  const { keys } = await env.KV.list({ prefix: `v1/${setup.project}/` })
  return rows.results.length + keys.filter((key) => !key.name.includes('/key/')).length
}

const events = (setup: Setup) =>
  runInDurableObject(setup.stub, (_, state) =>
    state.storage.sql
      .exec<{ head: string }>('SELECT head FROM audit_outbox ORDER BY row')
      .toArray()
      .map(({ head }) => JSON.parse(head) as { type: string; attributes: Record<string, unknown> })
      .map(({ type, attributes }) => ({ type, ...attributes })),
  )

describe('a disconnect', () => {
  it('revokes at the provider, calls every lease back, removes blob and index, and records it', async () => {
    const setup = await setUp()
    await connect(setup)
    const { secret } = mustBe(await lease(setup, { session: 's1' }))
    mustBe(await lease(setup, { session: 's2' }))
    await alarm(setup)
    expect(await outside(setup)).toBe(2)

    const id = await only(setup)
    const taken = await setup.vault.disconnect(id, byUser)
    expect(taken).toMatchObject({ provider: 'fixture', label: 'alice-dev', revocation: 'revoked' })
    expect(setup.fixture.isLive(secret)).toBe(false)
    expect((await lease(setup)).ok).toBe(false)
    await alarm(setup)
    expect(recalled.mock.calls).toEqual([[[id]], [[id]]])
    expect(await outside(setup)).toBe(0)
    expect(await setup.vault.disconnect(id, byUser)).toBeNull()
  })

  it('says when the provider has no way to revoke', async () => {
    const setup = await setUp({}, { revoke: null })
    await connect(setup)
    expect(await setup.vault.disconnect(await only(setup), byUser)).toMatchObject({ revocation: 'not_possible' })
    expect(await setup.vault.connections()).toEqual([])
  })

  it('is done at once for us, and tried four times at a provider that does not answer', async () => {
    const setup = await setUp()
    await connect(setup)
    const { secret } = mustBe(await lease(setup))
    setup.fixture.intercept = (request) => (request.path === '/revoke' ? new Response('', { status: 503 }) : null)
    expect(await setup.vault.disconnect(await only(setup), byUser)).toMatchObject({ revocation: 'failed' })
    expect(await setup.vault.connections()).toEqual([])
    expect((await lease(setup)).ok).toBe(false)
    await alarm(setup)
    expect(await outside(setup)).toBe(0)

    later(10_000)
    await alarm(setup)
    setup.fixture.intercept = null
    expect(setup.fixture.isLive(secret)).toBe(true)
    later(40_000)
    await alarm(setup)
    expect(setup.fixture.isLive(secret)).toBe(false)
    expect(setup.fixture.seen.filter((one) => one.path === '/revoke')).toHaveLength(3)
    expect(await sealedRows(setup)).toBe(0)
  })

  it('forgets the tokens when the provider never answers, and records that', async () => {
    const setup = await setUp()
    await connect(setup)
    setup.fixture.intercept = () => new Response('', { status: 503 })
    await setup.vault.disconnect(await only(setup), byUser)
    for (const pause of [10_000, 40_000, 160_000]) {
      later(pause)
      await alarm(setup)
    }
    expect(await sealedRows(setup)).toBe(0)
    expect(setup.fixture.seen.filter((one) => one.path === '/revoke')).toHaveLength(4)
  })

  it('goes on after a crash', async () => {
    const setup = await setUp()
    await connect(setup)
    const { secret } = mustBe(await lease(setup))
    await lives(setup, async (newLife) => {
      const { use } = newLife()
      setup.fixture.intercept = () => never
      void takeBack(use, use.store.all(), byUser)
      await Promise.resolve()
    })
    setup.fixture.intercept = null
    expect(await setup.vault.connections()).toEqual([])
    later(10_000)
    await alarm(setup)
    expect(setup.fixture.isLive(secret)).toBe(false)
    expect(await sealedRows(setup)).toBe(0)
  })

  it('tells a session that could not be reached again, until its lease has run out', async () => {
    const setup = await setUp()
    await connect(setup)
    mustBe(await lease(setup))
    recalled.mockImplementationOnce(() => {
      throw new Error('unreachable')
    })
    await setup.vault.disconnect(await only(setup), byUser)
    await alarm(setup)
    expect(recalled).toHaveBeenCalledTimes(2)
    await alarm(setup)
    expect(recalled).toHaveBeenCalledTimes(2)
  })

  it('does not end a new grant of the same account', async () => {
    const setup = await setUp()
    await connect(setup)
    setup.fixture.intercept = (request) => (request.path === '/revoke' ? new Response('', { status: 503 }) : null)
    await setup.vault.disconnect(await only(setup), byUser)
    await connect(setup, alice, { why: { ...leaseRequest(setup).why, callId: 'call-2' } })
    setup.fixture.intercept = null
    later(10_000)
    await alarm(setup)
    expect(setup.fixture.isLive(mustBe(await lease(setup)).secret)).toBe(true)
    expect(await sealedRows(setup)).toBe(1)
  })
})

const sealedRows = (setup: Setup) =>
  runInDurableObject(setup.stub, (_, state) =>
    Number(state.storage.sql.exec('SELECT count(*) AS n FROM connections').one()['n']),
  )

describe('several accounts', () => {
  /** The second as the person's own page does it. */
  async function two(): Promise<Setup> {
    const setup = await setUp()
    await connect(setup, alice)
    const owner = { project: setup.project, user: setup.user }
    const url = mustBe(await setup.vault.connectLink(owner, { provider: setup.provider, scopes: ['repo'] }))
    expect(await finish(setup, await startLink(setup, url), mallory)).toMatchObject({
      kind: 'connected',
      account: 'mallory',
    })
    return setup
  }

  it('lends the default, or the one that is named', async () => {
    const setup = await two()
    expect(mustBe(await lease(setup)).accountLabel).toBe('alice-dev')
    expect(mustBe(await lease(setup, { account: 'Mallory' })).account).toBe(mallory.id)
    expect(mustBe(await lease(setup, { account: mallory.id })).accountLabel).toBe('mallory')
    const second = (await setup.vault.connections()).find((one) => one.label === 'mallory')
    const first = (await setup.vault.connections()).find((one) => one.label === 'alice-dev')
    expect(await setup.vault.makeDefault(second?.id ?? '', byUser)).toBe(true)
    expect(mustBe(await lease(setup)).accountLabel).toBe('mallory')
    // A session that holds the other one under "the default" gives it back.
    await alarm(setup)
    expect(recalled).toHaveBeenCalledWith([first?.id])
    expect(await setup.vault.makeDefault('no-such', byUser)).toBe(false)
  })

  it('names the choices when the name fits none', async () => {
    const setup = await two()
    const refused = await lease(setup, { account: 'bob' })
    expect(refused).toMatchObject({ ok: false, error: { code: 'vault/account_ambiguous' } })
    expect(!refused.ok && refused.error.help?.text).toContain('Say which account: alice-dev, mallory.')
  })

  it('makes the last one the default', async () => {
    const setup = await two()
    const first = (await setup.vault.connections()).find((one) => one.isDefault)
    await setup.vault.disconnect(first?.id ?? '', byUser)
    expect(mustBe(await lease(setup)).accountLabel).toBe('mallory')
  })
})

describe('a suspended connection', () => {
  it('is lent to nobody, and a new consent does not undo it', async () => {
    const setup = await setUp()
    await connect(setup)
    const id = await only(setup)
    mustBe(await lease(setup))
    const { link } = await linkOf(setup, { scopes: ['repo', 'workflow'] })
    expect(link).not.toBe('')
    expect(await setup.vault.suspend(id, { kind: 'admin', id: 'root' })).toBe(true)
    expect(await lease(setup)).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
    await alarm(setup)
    expect(recalled).toHaveBeenCalledWith([id])
    const consented = await finish(setup, await startLink(setup, `/connect/${link}`), alice)
    expect(consented).toMatchObject({ kind: 'failed' })
    expect(await lease(setup)).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
    expect(await setup.vault.resume(id, { kind: 'admin', id: 'root' })).toBe(true)
    mustBe(await lease(setup))
  })
})

describe('a provider that an administrator has moved to other addresses', () => {
  it("gets nobody's tokens: they are not lent, refreshed or revoked there, and the person is asked anew", async () => {
    const setup = await setUp()
    await connect(setup)
    mustBe(await lease(setup))
    const evil = fixtureSpec({
      token: { url: 'https://evil.test/token' },
      api: { base: 'https://evil.test', origins: ['https://evil.test'] },
    })
    await openDb(env.DB).update(providers).set({ spec: evil }).where(eq(providers.project, setup.project))
    // Past what the vault remembers of a provider, and past the token.
    later(3_700_000)
    const asked = setup.fixture.seen.length
    const refused = await lease(setup)
    expect(refused).toMatchObject({
      error: { code: 'vault/authorization_needed', evidence: { reason: 'provider_moved' } },
    })
    expect(await setup.vault.disconnect(await only(setup), byUser)).toMatchObject({ revocation: 'not_possible' })
    expect(setup.fixture.seen).toHaveLength(asked)
  })
})

describe('a leaver', () => {
  const owner = (setup: Setup) => ({ project: setup.project, user: setup.user })
  const byDirectory: By = { kind: 'directory', id: 'scim', reason: 'inactive' }

  it('is cut off: everything taken back, nothing lent, nothing connected', async () => {
    const setup = await setUp()
    await connect(setup)
    const { secret } = mustBe(await lease(setup))
    const open = await linkOf(setup, { scopes: ['workflow'] })
    expect(await setup.vault.offboard(owner(setup), byDirectory)).toMatchObject([{ revocation: 'revoked' }])
    expect(setup.fixture.isLive(secret)).toBe(false)
    await alarm(setup)
    expect(recalled).toHaveBeenCalledTimes(1)
    expect(await lease(setup)).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
    expect((await setup.vault.viewConnect(open.nonce, setup.visitor)).ok).toBe(false)
    expect(await outside(setup)).toBe(0)

    expect(await setup.vault.reopen({ kind: 'admin', id: 'root' })).toBe(true)
    expect(await lease(setup)).toMatchObject({ ok: false, error: { code: 'vault/authorization_needed' } })
  })

  it('stays out also when there was no vault yet', async () => {
    const setup = await setUp()
    expect(await setup.vault.offboard(owner(setup), byDirectory)).toEqual([])
    expect(await lease(setup)).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
  })

  it('leaves noise behind when shredded, and a certificate in the record', async () => {
    const setup = await setUp()
    await connect(setup)
    const before = await wrappedKey(setup)
    const certificate = await setup.vault.shred(owner(setup), { kind: 'admin', id: 'root', reason: 'erasure request' })
    expect(certificate).toMatchObject({ connections: 1, revocations: { revoked: 1 } })
    expect(before).toContain(certificate?.key ?? '-')
    expect(await events(setup)).toContainEqual(
      expect.objectContaining({ type: 'vault.shredded', key: certificate?.key, connections: 1 }),
    )
    expect(await wrappedKey(setup)).toBeNull()
    expect(await sealedRows(setup)).toBe(0)
    await alarm(setup)
    expect(await outside(setup)).toBe(0)
    expect((await env.KV.list({ prefix: `v1/${setup.project}/` })).keys).toEqual([])
    expect((await lease(setup)).ok).toBe(false)
  })
})

const wrappedKey = (setup: Setup) =>
  runInDurableObject(
    setup.stub,
    (_, state) => state.storage.sql.exec('SELECT wrapped_key FROM owner').one()['wrapped_key'],
  )
