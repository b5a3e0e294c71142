import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ledgerName } from '../../src/audit/audit.ts'
import type { Vault } from '../../src/vault/vault.ts'
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
