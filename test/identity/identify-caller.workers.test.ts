import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { agents, keys, users } from '../../src/db/schema.ts'
import type { Admin } from '../../src/identity/identity.ts'
import { challengeFor, createKey, identifyCaller, revokeKey, verifyAdmin } from '../../src/identity/identity.ts'
import type { AuditEvent } from '../../src/audit/audit.ts'
import { forgetCallers } from '../../src/identity/identify-caller.ts'
import { recordKeyUse } from '../../src/identity/key-used.ts'
import { testAdminToken } from '../support/test-vars.ts'
import type { World } from './support/world.ts'
import { bent } from '../support/bent.ts'
import {
  accepted,
  allow,
  askToken,
  calling,
  connected,
  createBrowser,
  createWorld,
  redeemForm,
  register,
  rejected,
  start,
} from './support/world.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const owner = (world: World): Admin => ({ project: world.project, role: 'owner', keyId: null, name: 'owner' })

async function appKey(
  world: World,
  actsFor: string | null,
  agent = 'helpdesk',
): Promise<{ token: string; id: string }> {
  const wanted = { kind: 'app', name: 'key', agent, actsFor, expiresAt: null } as const
  const { token, key } = accepted(await createKey(owner(world), wanted, world.deps))
  return { token, id: key.id }
}

describe('a caller with a token', () => {
  it('is the person, their groups and the agent, as the directory knows them', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const request = calling(tokens.access_token, { 'cf-connecting-ip': '203.0.113.7' })
    const caller = await identifyCaller(request, world.tools, world.deps)
    expect(caller).toMatchObject({
      ok: true,
      value: {
        project: world.project,
        gateway: world.tools.gateway,
        user: {
          kind: 'person',
          issuer: world.idp.issuer,
          subject: 'alice',
          name: 'Alice',
          email: 'alice@acme.test',
          groups: ['engineering'],
        },
        agent: { kind: 'dcr', clientId: client.id, name: 'Client', trust: 'unknown' },
        readAt: start,
        authenticatedAt: start,
        expiresAt: start + 3_600_000,
        clientAddress: '203.0.113.7',
      },
    })
  })

  it('is known at every URL of the gateway, whichever the token was asked for', async () => {
    const world = await createWorld()
    const route = { ...world.tools, resource: world.tools.resources[1] ?? '' }
    const { tokens } = await connected(world, {}, route)
    expect(tokens.resource).toBe(route.resource)
    expect((await identifyCaller(calling(tokens.access_token), world.tools, world.deps)).ok).toBe(true)
  })

  it('is nobody else because of a header: only a key that may can name a person', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const headers = { 'behalf-user': `${world.idp.issuer}|bob`, 'x-user': 'bob', 'x-forwarded-user': 'bob' }
    const caller = accepted(await identifyCaller(calling(tokens.access_token, headers), world.tools, world.deps))
    expect(caller.user.subject).toBe('alice')
  })

  it('warm, reads no D1, no KV and no object', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    await identifyCaller(calling(tokens.access_token), world.tools, world.deps)
    const nothing = new Proxy({}, { get: () => expect.fail('a warm call read something') }) as never
    const deps = { ...world.deps, db: nothing, clients: nothing, grants: nothing, egress: nothing }
    vi.setSystemTime(start + 29_999)
    expect((await identifyCaller(calling(tokens.access_token), world.tools, deps)).ok).toBe(true)
  })

  it('is asked about again after 30 s', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    await identifyCaller(calling(tokens.access_token), world.tools, world.deps)
    await world.deps.db.update(users).set({ active: false })
    vi.setSystemTime(start + 29_999)
    expect((await identifyCaller(calling(tokens.access_token), world.tools, world.deps)).ok).toBe(true)
    vi.setSystemTime(start + 30_000)
    expect((await identifyCaller(calling(tokens.access_token), world.tools, world.deps)).ok).toBe(false)
  })

  it('is not remembered beyond the life of the token', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    vi.setSystemTime(start + 3_600_000 - 1_000)
    expect((await identifyCaller(calling(tokens.access_token), world.tools, world.deps)).ok).toBe(true)
    vi.setSystemTime(start + 3_600_000)
    expect((await identifyCaller(calling(tokens.access_token), world.tools, world.deps)).ok).toBe(false)
  })

  it('is refused in the same way for every token that does not do (attack cases 13 to 15, 20)', async () => {
    const world = await createWorld()
    const elsewhere = await createWorld()
    const [here, there] = [await connected(world), await connected(elsewhere)]
    const other = await connected(world, {}, world.other)
    const good = here.tokens.access_token
    const tokens = {
      another_gateway: other.tokens.access_token,
      another_project: there.tokens.access_token,
      github: 'gho_16C7e42F292c6912E7710c838347Ae178B4a',
      company_access_token: await world.idp.sign({ iss: world.idp.issuer, aud: 'api://other', sub: 'alice' }),
      company_id_token: await world.idp.sign({ iss: world.idp.issuer, aud: world.idp.clientId, sub: 'alice' }),
      refresh_token: here.tokens.refresh_token,
      code: here.code,
      bent: bent(good),
      cut: good.slice(0, -1),
      other_case: good.toUpperCase(),
      admin: testAdminToken,
      empty: '',
    }
    const seen = new Set<string>()
    for (const token of Object.values(tokens)) {
      const error = rejected(await identifyCaller(calling(token), world.tools, world.deps))
      seen.add(`${error.code} ${challengeFor(world.tools, error)}`)
    }
    expect(seen.size).toBe(1)
    expect([...seen][0]).toMatch(/^identity\/unauthenticated Bearer .*error="invalid_token"/)
    expect((await identifyCaller(calling(good), world.tools, world.deps)).ok).toBe(true)
  })

  it('is refused at a gateway that took over the slug of the one the token was for', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const successor = { ...world.tools, gateway: 'gateway-new' as never }
    expect((await identifyCaller(calling(tokens.access_token), successor, world.deps)).ok).toBe(false)
  })

  it('is refused when the gateway takes app keys only', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const keysOnly = { ...world.tools, signIn: { ...world.tools.signIn, modes: ['app_key'] as const } }
    expect((await identifyCaller(calling(tokens.access_token), keysOnly, world.deps)).ok).toBe(false)
  })

  it('is refused once an administrator has switched the agent off', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    await world.deps.db.update(agents).set({ disabled: true })
    expect((await identifyCaller(calling(tokens.access_token), world.tools, world.deps)).ok).toBe(false)
  })

  it('fails closed when the database is away', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const away = { batch: () => Promise.reject(new Error('D1 is away')) }
    const db = Object.assign(Object.create(world.deps.db), away) as never
    await expect(identifyCaller(calling(tokens.access_token), world.tools, { ...world.deps, db })).rejects.toThrow(
      'D1 is away',
    )
  })

  it('needs more scope when the token was narrowed to nothing of use', async () => {
    const world = await createWorld()
    const client = await register(world)
    const back = await allow(world, createBrowser(world), client, world.tools, { scope: 'mcp offline_access' })
    const form = { ...redeemForm(client, back.searchParams.get('code') ?? ''), scope: 'offline_access' }
    const { body } = await askToken(world, form)
    const refused = await identifyCaller(calling(body.access_token), world.tools, world.deps)
    expect(refused).toMatchObject({ ok: false, error: { code: 'identity/insufficient_scope' } })
  })
})

describe('a caller with an app key', () => {
  const header = (world: World, subject = 'bob') => ({ 'behalf-user': `${world.idp.issuer}|${subject}` })

  it('acts for the person it names, by the issuer it may act for', async () => {
    const world = await createWorld()
    const { token, id } = await appKey(world, world.idp.issuer)
    const caller = await identifyCaller(calling(token, header(world)), world.tools, world.deps)
    expect(caller).toMatchObject({
      ok: true,
      value: {
        user: { kind: 'person', issuer: world.idp.issuer, subject: 'bob' },
        agent: { kind: 'app_key', name: 'helpdesk', trust: 'known' },
        grant: `key:${id}`,
      },
    })
  })

  it('names the same person whom the sign-in makes', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const { token } = await appKey(world, world.idp.issuer)
    const signedIn = accepted(await identifyCaller(calling(tokens.access_token), world.tools, world.deps))
    const named = accepted(await identifyCaller(calling(token, header(world, 'alice')), world.tools, world.deps))
    expect(named.user).toEqual(signedIn.user)
  })

  it('is remembered for the person it named and no other', async () => {
    const world = await createWorld()
    const { token } = await appKey(world, world.idp.issuer)
    const subjects = []
    for (const subject of ['bob', 'carol', 'bob']) {
      const caller = await identifyCaller(calling(token, header(world, subject)), world.tools, world.deps)
      subjects.push(caller.ok && caller.value.user.subject)
    }
    expect(subjects).toEqual(['bob', 'carol', 'bob'])
    const nobody = await identifyCaller(calling(token), world.tools, world.deps)
    expect(nobody.ok).toBe(false)
  })

  it('acts as itself when it may act for nobody, and then names nobody', async () => {
    const world = await createWorld()
    const { token } = await appKey(world, null, 'nightly')
    const itself = await identifyCaller(calling(token), world.tools, world.deps)
    expect(itself).toMatchObject({ ok: true, value: { user: { kind: 'service_account', name: 'nightly' } } })
    expect((await identifyCaller(calling(token, header(world)), world.tools, world.deps)).ok).toBe(false)
  })

  it('is refused when it is wrong, of another project, over, revoked, or for a person who left', async () => {
    const world = await createWorld()
    const elsewhere = await createWorld()
    const foreign = await appKey(elsewhere, world.idp.issuer)
    const { token, id } = await appKey(world, world.idp.issuer)
    const ok = async (key: string, subject = 'bob') => {
      forgetCallers()
      return (await identifyCaller(calling(key, header(world, subject)), world.tools, world.deps)).ok
    }
    expect(await ok(token)).toBe(true)
    expect(await ok(`${token}x`)).toBe(false)
    expect(await ok(foreign.token)).toBe(false)
    const oauthOnly = { ...world.tools, signIn: { ...world.tools.signIn, modes: ['oauth'] as const } }
    expect((await identifyCaller(calling(token, header(world)), oauthOnly, world.deps)).ok).toBe(false)

    await world.deps.db.update(users).set({ active: false })
    expect(await ok(token)).toBe(false)
    await world.deps.db.update(users).set({ active: true })
    await world.deps.db.update(keys).set({ expiresAt: start })
    expect(await ok(token)).toBe(false)
    await world.deps.db.update(keys).set({ expiresAt: null })
    expect(await ok(token)).toBe(true)
    await revokeKey(owner(world), id, world.deps)
    expect(await ok(token)).toBe(false)
  })

  it('ends the sessions of its agent when it is revoked', async () => {
    const world = await createWorld()
    const { id } = await appKey(world, null)
    await revokeKey(owner(world), id, world.deps)
    expect(world.ended).toEqual([{ gateway: null, match: { agent: expect.any(String) }, reason: 'key_revoked' }])
    expect(world.events.map((one) => one.type)).toEqual(['identity.key_created', 'identity.key_revoked'])
    expect(await revokeKey(owner(world), id, world.deps)).toMatchObject({ error: { code: 'core/not_found' } })
  })

  it('is recorded when it is used: the first time on a day, under an id that every isolate makes the same', async () => {
    const world = await createWorld()
    const { id, token } = await appKey(world, null)
    const use = async () => {
      forgetCallers()
      return identifyCaller(calling(token), world.tools, world.deps)
    }
    expect((await use()).ok).toBe(true)
    expect((await use()).ok).toBe(true)
    const used = () => world.events.filter(({ type }) => type === 'identity.key_used')
    expect(used()).toMatchObject([{ agent: expect.any(String), attributes: { key: id, kind: 'app' } }])
    const sameDay: AuditEvent[] = []
    const other = { now: world.deps.now, record: async (events: AuditEvent[]) => void sameDay.push(...events) }
    const key = { id, kind: 'app', project: world.project, agent: null, prefix: '' } as const
    await recordKeyUse({ ...key, id: `${id}x` }, other)
    expect(sameDay[0]?.id).not.toBe(used()[0]?.id)
    expect(used()[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    await recordKeyUse(key, { ...other, now: () => world.deps.now() + 86_400_000 })
    expect(sameDay[1]?.id).not.toBe(used()[0]?.id)
  })

  it('is used although its use could not be recorded, and the next use tries again', async () => {
    const world = await createWorld()
    const { id } = await appKey(world, null)
    const key = { id, kind: 'app', project: world.project, agent: null, prefix: '' } as const
    await recordKeyUse(key, { now: world.deps.now, record: () => Promise.reject(new Error('away')) })
    const events: AuditEvent[] = []
    await recordKeyUse(key, { now: world.deps.now, record: async (more) => void events.push(...more) })
    expect(events).toMatchObject([{ type: 'identity.key_used' }])
  })

  it('is kept as a hash with its beginning, and in no event (attack case 36)', async () => {
    const world = await createWorld()
    const { token } = await appKey(world, null)
    const rows = await world.deps.db.select().from(keys)
    const mine = rows.find((row) => row.project === world.project)
    expect(mine?.prefix).toBe(token.slice(0, 12))
    expect(token).toMatch(/^bh_app_[\w-]{43}$/)
    expect(JSON.stringify([rows, world.events])).not.toContain(token.slice(12))
  })
})

describe('an administrator', () => {
  const asking = (token: string) =>
    new Request('https://behalf.test/admin', { headers: { authorization: `Bearer ${token}` } })
  const adminKey = async (world: World, role: 'admin' | 'editor' | 'auditor' | 'owner', by = owner(world)) =>
    createKey(by, { kind: 'admin', name: role, role, expiresAt: null }, world.deps)

  it('is the owner with the token of the deployment, and with a key what the key says', async () => {
    const world = await createWorld()
    expect(await verifyAdmin(asking(testAdminToken), world.deps)).toMatchObject({
      ok: true,
      value: { role: 'owner', keyId: null },
    })
    const { token, key } = accepted(await adminKey(world, 'auditor'))
    expect(token).toMatch(/^bh_adm_/)
    expect(await verifyAdmin(asking(token), world.deps)).toEqual({
      ok: true,
      value: { project: world.project, role: 'auditor', keyId: key.id, name: 'auditor' },
    })
  })

  it.each(['', 'wrong', 'bh_adm_', `x${testAdminToken}`])('is not %j', async (token) => {
    const world = await createWorld()
    expect(await verifyAdmin(asking(token), world.deps)).toMatchObject({ error: { code: 'identity/unauthenticated' } })
  })

  it('is not the holder of an app key, nor a caller the holder of an admin token', async () => {
    const world = await createWorld()
    const { token } = await appKey(world, null)
    expect((await verifyAdmin(asking(token), world.deps)).ok).toBe(false)
    const made = await adminKey(world, 'owner')
    expect(made.ok && (await identifyCaller(calling(made.value.token), world.tools, world.deps)).ok).toBe(false)
  })

  it('hands out no role above their own, and no key without being one of admin or owner (attack case 35)', async () => {
    const world = await createWorld()
    for (const role of ['editor', 'auditor'] as const) {
      const weak: Admin = { ...owner(world), role }
      expect(await adminKey(world, 'auditor', weak)).toMatchObject({ error: { code: 'identity/forbidden' } })
      const app = { kind: 'app', name: 'x', agent: 'x', actsFor: null, expiresAt: null } as const
      expect(await createKey(weak, app, world.deps)).toMatchObject({ error: { code: 'identity/forbidden' } })
      expect(await revokeKey(weak, 'any', world.deps)).toMatchObject({ error: { code: 'identity/forbidden' } })
    }
    const admin: Admin = { ...owner(world), role: 'admin' }
    expect((await adminKey(world, 'admin', admin)).ok).toBe(true)
    expect(await adminKey(world, 'owner', admin)).toMatchObject({ error: { code: 'identity/forbidden' } })
  })

  it('cannot revoke a key of another project (attack case 34)', async () => {
    const world = await createWorld()
    const { id } = await appKey(world, null)
    const stranger = await createWorld()
    expect(await revokeKey(owner(stranger), id, stranger.deps)).toMatchObject({ error: { code: 'core/not_found' } })
  })

  it('makes no key that could name service accounts', async () => {
    const world = await createWorld()
    for (const actsFor of ['urn:behalf:service-account', '', 'a|b']) {
      const wanted = { kind: 'app', name: 'x', agent: 'x', actsFor, expiresAt: null } as const
      expect(await createKey(owner(world), wanted, world.deps)).toMatchObject({ error: { code: 'core/bad_request' } })
    }
  })
})

it('keeps the platform flag that guards the document of a client (attack case 5)', () => {
  const flags = (globalThis as { Cloudflare?: { compatibilityFlags: Record<string, boolean> } }).Cloudflare
  expect(flags?.compatibilityFlags['global_fetch_strictly_public']).toBe(true)
  expect(env.GRANT).toBeDefined()
})
