import { runInDurableObject } from 'cloudflare:test'
import { exportPKCS8, generateKeyPair } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { By, ServiceCredential, Vault } from '../../src/vault/vault.ts'
import { GithubAppApi } from '../support/providers/github-app-api.ts'
import { leaseRequest, mustBe, setUp } from './vault-harness.ts'

const start = Date.UTC(2026, 10, 22, 9)
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const byAdmin: By = { kind: 'admin', id: 'root' }
const keys = generateKeyPair('RS256', { extractable: true })

async function installed() {
  const setup = await setUp({}, 'github-app')
  const { publicKey, privateKey } = await keys
  const github = new GithubAppApi({
    clientId: 'Iv23-app',
    publicKey,
    installation: '12345678',
    repositories: ['web-shop', 'payroll'],
    permissions: { contents: 'write', issues: 'write' },
  })
  vi.stubGlobal('fetch', (input: RequestInfo, init?: RequestInit) => github.handle(new Request(input, init)))
  const app: Extract<ServiceCredential, { kind: 'jwt_bearer' }> = {
    kind: 'jwt_bearer',
    issuer: 'Iv23-app',
    subject: '12345678',
    privateKey: await exportPKCS8(privateKey),
  }
  const owner = { project: setup.project, user: setup.user }
  const set = (more: Partial<typeof app> = {}, scopes = ['contents:read', 'issues:write']) =>
    setup.vault.setCredential(owner, setup.provider, { credential: { ...app, ...more }, scopes }, byAdmin)
  const lease = (more = {}) => setup.vault.lease(leaseRequest(setup, { service: true, scopes: [], ...more }))
  return { setup, github, set, lease }
}

describe('a GitHub App as its installation', () => {
  it('gets a token for the repositories and permissions that were named, and no more', async () => {
    const { github, set, lease } = await installed()
    expect(mustBe(await set({ repositories: ['web-shop'] }))).toMatchObject({ kind: 'jwt_bearer' })
    const lent = mustBe(await lease())
    expect(lent).toMatchObject({ apiBase: 'https://api.github.com', header: { prefix: 'Bearer ' } })
    expect(github.minted.get(lent.secret)).toMatchObject({
      repositories: ['web-shop'],
      permissions: { contents: 'read', issues: 'write' },
    })
    expect(JSON.stringify(lent).replace(lent.secret, '')).not.toContain('CANARY')
  })

  it('may use all of the installation where nothing is named', async () => {
    const { github, set, lease } = await installed()
    mustBe(await set({}, []))
    expect(github.seen.at(-1)?.body).toBe('{}')
    expect(github.minted.get(mustBe(await lease()).secret)).toMatchObject({
      repositories: ['web-shop', 'payroll'],
      permissions: { contents: 'write', issues: 'write' },
    })
  })

  it('is refused before anything is kept when GitHub says no, or when what would narrow it is not understood', async () => {
    const { github, set, lease } = await installed()
    for (const [more, scopes] of [
      [{ issuer: 'another' }, undefined],
      [{ subject: '999' }, undefined],
      [{ subject: '..' }, undefined],
      [{ subject: undefined }, undefined],
      [{ repositories: ['not-installed'] }, undefined],
      [{}, ['administration:write']],
      [{}, ['contents:all']],
      [{}, ['repo']],
    ] as const) {
      const refused = await set(more as never, scopes && [...scopes])
      expect([more, scopes, refused]).toMatchObject([more, scopes, { ok: false, error: { code: 'core/bad_request' } }])
    }
    expect(github.minted.size).toBe(0)
    expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/secret_missing' } })
  })

  it('gets one new token for all who ask when its hour is over, and one after a 401, narrowed as before', async () => {
    const { github, set, lease } = await installed()
    mustBe(await set({ repositories: ['web-shop'] }))
    vi.setSystemTime(start + 3_590_000)
    const leases = await Promise.all(Array.from({ length: 30 }, (_, n) => lease({ session: `session-${n % 3}` })))
    const [second, ...others] = new Set(leases.map((one) => mustBe(one).secret))
    expect(others).toEqual([])
    vi.setSystemTime(start + 3_800_000)
    const third = mustBe(await lease({ seenGeneration: 2 })).secret
    expect(github.minted.size).toBe(3)
    for (const token of [second ?? '', third]) {
      expect(github.minted.get(token)?.repositories).toEqual(['web-shop'])
      expect(github.isLive(token)).toBe(true)
    }
  })

  it('is taken back at GitHub by its own token, and neither key nor token is in what is stored', async () => {
    const { setup, github, set, lease } = await installed()
    mustBe(await set())
    const { secret, connection } = mustBe(await lease())
    const stored = await runInDurableObject(setup.stub, (_: Vault, state) =>
      JSON.stringify(state.storage.sql.exec('SELECT * FROM connections').toArray()),
    )
    expect(stored).toContain('12345678')
    for (const hidden of ['CANARY', 'PRIVATE KEY', secret]) expect(stored).not.toContain(hidden)
    expect(await setup.vault.disconnect(connection, byAdmin)).toMatchObject({ revocation: 'revoked' })
    expect(github.isLive(secret)).toBe(false)
    expect(github.seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/installation/token' })
  })
})

describe('names of repositories', () => {
  it('are not left out in silence where the provider knows no such thing', async () => {
    const setup = await setUp({}, 'google')
    const { privateKey } = await keys
    const credential = {
      kind: 'jwt_bearer' as const,
      issuer: 'bot@project.test',
      privateKey: await exportPKCS8(privateKey),
      repositories: ['web-shop'],
    }
    const owner = { project: setup.project, user: setup.user }
    const set = await setup.vault.setCredential(owner, setup.provider, { credential, scopes: [] }, byAdmin)
    expect(set).toMatchObject({ ok: false, error: { code: 'core/bad_request' } })
    expect(setup.fixture.seen).toEqual([])
  })
})
