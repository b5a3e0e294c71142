import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Setup } from './vault-harness.ts'
import { alice, connect, leaseRequest, mustBe, setUp, start } from './vault-harness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 22, 9) })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const asked = async (setup: Setup, more = {}): Promise<string[]> => {
  const { authorizeUrl } = await start(setup, more)
  return (new URL(authorizeUrl).searchParams.get('scope') ?? '').split(' ')
}
const hierarchy = { scopes: { always: ['openid'], implies: { repo: ['public_repo'], admin: ['repo'] } } }

describe('what is asked for', () => {
  it('is what the tool needs and no more', async () => {
    const setup = await setUp({}, hierarchy)
    expect(await asked(setup, { scopes: ['public_repo'] })).toEqual(['openid', 'public_repo'])
  })

  it('is for a later tool the difference, together with what was granted: a consent may replace the last one', async () => {
    const setup = await setUp({}, hierarchy)
    await connect(setup, alice, { scopes: ['read:user'] })
    expect(mustBe(await setup.vault.lease(leaseRequest(setup, { scopes: ['read:user'] }))).generation).toBe(1)
    const { authorizeUrl, nonce } = await start(setup, {
      scopes: ['repo'],
      why: { ...leaseRequest(setup).why, callId: 'c2' },
    })
    expect(new URL(authorizeUrl).searchParams.get('scope')).toBe('openid read:user repo')
    const [pending] = mustBe(await setup.vault.viewConnect(nonce, setup.visitor))
    expect(pending).toMatchObject({ granted: ['openid', 'read:user'], account: 'alice-dev' })
  })

  it('leaves out what a broader scope covers, but never what the tool needs', async () => {
    const setup = await setUp({}, hierarchy)
    await connect(setup, alice, { scopes: ['public_repo'] })
    expect(await asked(setup, { scopes: ['repo'] })).toEqual(['openid', 'repo'])
    expect(await asked(setup, { scopes: ['workflow'], askScopes: ['admin', 'repo'] })).toEqual([
      'openid',
      'workflow',
      'admin',
    ])
  })

  it('needs no new consent for a scope that a granted one covers', async () => {
    const setup = await setUp({}, hierarchy)
    await connect(setup, alice, { scopes: ['admin'] })
    const lease = mustBe(await setup.vault.lease(leaseRequest(setup, { scopes: ['public_repo'] })))
    expect(lease.scopes).toEqual(['openid', 'admin', 'repo', 'public_repo'])
  })

  it('never goes beyond the cap of the gateway or of the provider', async () => {
    const setup = await setUp({}, hierarchy, { scopeCap: ['repo', 'read:user'] })
    const refused = await setup.vault.lease(leaseRequest(setup, { scopes: ['admin'] }))
    expect(refused).toMatchObject({ ok: false, error: { code: 'vault/not_allowed', evidence: { scopes: ['admin'] } } })
    const capped = { scopes: ['read:user'], allowedScopes: ['read:user'] }
    expect(await asked(setup, { ...capped, askScopes: ['repo', 'admin'] })).toEqual(['openid', 'read:user'])
    const beyond = await setup.vault.lease(leaseRequest(setup, { scopes: ['repo'], allowedScopes: ['read:user'] }))
    expect(beyond).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
  })

  it('does not carry what was granted before beyond a cap that is new', async () => {
    const setup = await setUp({}, hierarchy)
    await connect(setup, alice, { scopes: ['admin'] })
    expect(await asked(setup, { scopes: ['workflow'], allowedScopes: ['workflow'] })).toEqual(['openid', 'workflow'])
  })
})

describe('what is granted', () => {
  it('is compared with what was asked, and the shortfall is named', async () => {
    const setup = await setUp({}, hierarchy)
    const end = await connect(setup, alice, { scopes: ['repo', 'workflow'] }, ['openid', 'repo'])
    expect(end).toMatchObject({ kind: 'connected', missing: ['workflow'] })
    expect((await setup.vault.lease(leaseRequest(setup, { scopes: ['repo'] }))).ok).toBe(true)
    const refused = await setup.vault.lease(leaseRequest(setup, { scopes: ['workflow'] }))
    expect(refused).toMatchObject({ ok: false, error: { code: 'vault/authorization_needed' } })
  })

  it('counts as asked when the provider does not say', async () => {
    const setup = await setUp({ tokenBody: ({ accessToken }) => Response.json({ access_token: accessToken }) })
    await connect(setup, alice, { scopes: ['repo'] })
    expect(mustBe(await setup.vault.lease(leaseRequest(setup))).scopes).toEqual(['repo'])
  })
})
