import { env } from 'cloudflare:workers'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { identityProviderSecret } from '../../src/db/identity-provider-secret.ts'
import { identityProviders } from '../../src/db/schema.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { Session } from '../../src/session/session.ts'
import { vaultOf } from '../../src/vault/vault.ts'
import { config, mustBe } from './vault-harness.ts'

const start = Date.UTC(2026, 10, 22, 9)
const hour = 3_600_000
const recalled = vi.fn<(connections: string[] | null) => void>()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
  vi.spyOn(Session.prototype, 'recallLeases').mockImplementation(async (connections) => recalled(connections))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  recalled.mockReset()
})

let count = 0

/** A project whose company is a stand-in behind every request that leaves. */
async function setUp() {
  const project = `signed-in-${++count}-${crypto.randomUUID().slice(0, 8)}`
  const issuer = `https://${project}.idp.test`
  const sealedSecret = await sealSecret(config, identityProviderSecret(project, 'company'), 'company-secret')
  const row = { project, id: 'company', issuer, clientId: 'behalf', sealedSecret, settings: {}, createdAt: 0 }
  await openDb(env.DB).insert(identityProviders).values(row)
  const asked: { path: string; form: URLSearchParams; authorization: string | null }[] = []
  const idToken = (claims: object = {}): Promise<string> => {
    const seconds = Math.floor(Date.now() / 1_000)
    const standard = { iss: issuer, aud: 'behalf', sub: 'alice', iat: seconds, exp: seconds + 3_600 }
    return new SignJWT({ ...standard, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new Uint8Array(32))
  }
  const company = {
    claims: {} as object,
    answer: async (): Promise<Response> =>
      Response.json({
        access_token: 'not-kept',
        token_type: 'Bearer',
        refresh_token: 'next-refresh-token',
        id_token: await idToken(company.claims),
      }),
  }
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const request = new Request(input, init)
    const { origin, pathname: path } = new URL(request.url)
    if (origin !== issuer) throw new TypeError(`no route to ${request.url}`)
    if (path === '/.well-known/openid-configuration') {
      const ends = { token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` }
      return Response.json({ issuer, ...ends })
    }
    const form = new URLSearchParams(await request.text())
    asked.push({ path, form, authorization: request.headers.get('authorization') })
    return path === '/token' ? company.answer() : new Response(null)
  })
  const owner = { project, user: `user-${project}` }
  const vault = vaultOf(env, owner.user)
  return {
    project,
    issuer,
    asked,
    company,
    owner,
    vault,
    idToken,
    keep: async (more: object = {}) => {
      const token = await idToken()
      const credential = {
        identityProvider: 'company',
        subject: 'alice',
        label: 'alice@acme.test',
        idToken: token,
        refreshToken: null as string | null,
        expiresAt: Date.now() + hour,
        ...more,
      }
      return { token, kept: await vault.keepSignIn(owner, credential) }
    },
    lease: () =>
      vault.lease({
        ...owner,
        session: `session-${project}`,
        provider: 'sign-in:company',
        scopes: [],
        why: { callId: 'call-1', gateway: 'eng', agentId: 'agent', agentName: 'Agent', tool: 'Tool' },
      }),
  }
}

const link = { ok: false, error: { code: 'vault/authorization_needed' } }

describe('what a company’s sign-in gave', () => {
  it('is lent as the ID token, for the company’s token endpoint alone, and lies nowhere else', async () => {
    const { keep, lease, issuer, owner, vault } = await setUp()
    const { token } = await keep()
    expect(mustBe(await lease())).toMatchObject({
      secret: token,
      account: 'alice',
      allowedOrigins: [issuer],
      exchangeOrigins: [issuer],
    })
    expect(await vault.connections()).toMatchObject([{ provider: 'sign-in:company', label: 'alice@acme.test' }])
    expect(JSON.stringify(await vault.connections())).not.toContain(token)
    const copies = await env.KV.list({ prefix: `v1/${encodeURIComponent(owner.project)}/` })
    expect(copies.keys.filter(({ name }) => !name.includes('/key/'))).toEqual([])
  })

  it('is asked for again when it has ended, by our link, and a new sign-in replaces it at once', async () => {
    const { keep, lease } = await setUp()
    expect(await lease()).toMatchObject(link)
    const { token: first } = await keep()
    expect(mustBe(await lease()).secret).toBe(first)
    vi.setSystemTime(start + hour + 1)
    const refused = await lease()
    expect(refused).toMatchObject(link)
    expect(JSON.stringify(refused)).not.toContain(first)
    const { token: second } = await keep()
    expect(mustBe(await lease()).secret).toBe(second)
  })

  it('is refreshed once however many ask, where the company gave a refresh token', async () => {
    const { keep, lease, asked } = await setUp()
    const { token } = await keep({ refreshToken: 'first-refresh-token' })
    vi.setSystemTime(start + hour - 60_000)
    const leases = await Promise.all(Array.from({ length: 20 }, () => lease()))
    const secrets = new Set(leases.map((one) => mustBe(one).secret))
    expect(secrets.size).toBe(1)
    expect(secrets.has(token)).toBe(false)
    expect(asked.map(({ path, form }) => [path, form.get('grant_type'), form.get('refresh_token')])).toEqual([
      ['/token', 'refresh_token', 'first-refresh-token'],
    ])
    expect(asked[0]?.authorization).toBe(`Basic ${btoa('behalf:company-secret')}`)
  })

  it.each([
    ['another person', { sub: 'mallory' }],
    ['another client', { aud: 'somebody-else' }],
    ['us and somebody else', { aud: ['behalf', 'somebody-else'] }],
    ['another issuer', { iss: 'https://evil.test' }],
    ['the past', { exp: 1 }],
  ])('is not replaced by a token for %s: nothing is lent, and the person is asked', async (_whose, claims) => {
    const { keep, lease, company } = await setUp()
    await keep({ refreshToken: 'first-refresh-token' })
    company.claims = claims
    vi.setSystemTime(start + hour + 1)
    expect(await lease()).toMatchObject(link)
  })

  it('is revoked where it came from, and called back, when the person signs out', async () => {
    const { keep, lease, vault, owner, asked } = await setUp()
    await keep({ refreshToken: 'first-refresh-token' })
    mustBe(await lease())
    await vault.forgetSignIn({ kind: 'user', id: owner.user, reason: 'signed_out' })
    expect(await lease()).toMatchObject(link)
    expect(asked.map(({ path, form }) => `${path} ${form.get('token')}`)).toEqual(['/revoke first-refresh-token'])
    await expect.poll(() => recalled.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(0)
  })

  it('cannot come back into a vault that was closed, nor past an administrator who suspended it', async () => {
    const { keep, lease, vault, owner } = await setUp()
    await keep()
    const [connection] = await vault.connections()
    const by = { kind: 'admin', id: 'test' } as const
    await vault.suspend(connection?.id ?? '', by)
    expect((await keep()).kept).toBe(false)
    expect(await lease()).toMatchObject({ ok: false, error: { code: 'vault/not_allowed' } })
    await vault.offboard(owner, by)
    expect((await keep()).kept).toBe(false)
    expect(await vault.connections()).toEqual([])
  })
})
