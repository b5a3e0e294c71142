import { OAuthAuthorizationServer } from '@cloudflare/workers-oauth-provider'
import { env, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { base64url, sha256 } from '../../src/core/bytes.ts'
import { users } from '../../src/db/schema.ts'
import type { Grant } from '../../src/identity/identity.ts'
import { identifyCaller, listGrants, revokeGrant, revokeUser } from '../../src/identity/identity.ts'
import { grantObjectName } from '../../src/identity/grant/name.ts'
import { forgetCallers } from '../../src/identity/identify-caller.ts'
import type { Client, World } from './support/world.ts'
import {
  allow,
  askToken,
  authorizeUrl,
  calling,
  connected,
  createBrowser,
  createWorld,
  grantOf,
  redeemForm,
  refreshForm,
  register,
  start,
  verifier,
} from './support/world.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const works = async (world: World, token: string): Promise<boolean> => {
  forgetCallers()
  return (await identifyCaller(calling(token), world.tools, world.deps)).ok
}

const object = (token: string): DurableObjectStub<Grant> =>
  (env.GRANT as unknown as DurableObjectNamespace<Grant>).getByName(grantObjectName(grantOf(token)))

/** A code that is not redeemed yet. */
async function withCode(world: World): Promise<{ client: Client; code: string }> {
  const client = await register(world)
  const back = await allow(world, createBrowser(world), client, world.tools)
  return { client, code: back.searchParams.get('code') ?? '' }
}

describe('the OAuth library on plain KV, which is why grants live in an object', () => {
  const issuer = 'https://plain.test'
  const server = new OAuthAuthorizationServer<{ OAUTH_KV: KVNamespace }>({
    issuer,
    resources: [`${issuer}/mcp`],
    onError: () => undefined,
  })
  const plain = { OAUTH_KV: env.KV }
  const send = async (form: Record<string, string>) => {
    const body = new URLSearchParams(form)
    const request = new Request(`${issuer}/oauth/token`, { method: 'POST', body })
    const response = await server.fetch(request, plain, {} as ExecutionContext)
    return { status: response.status, body: (await response.json()) as { access_token: string; refresh_token: string } }
  }
  const grantCode = async () => {
    const api = server.getOAuthApi(plain)
    const redirectUri = 'https://client.test/callback'
    const made = await api.createClient({ redirectUris: [redirectUri], tokenEndpointAuthMethod: 'none' })
    const client = { id: made.clientId, redirectUri }
    const challenge = base64url(await sha256(verifier))
    const query = `response_type=code&client_id=${client.id}&redirect_uri=${redirectUri}&code_challenge=${challenge}&code_challenge_method=S256`
    const request = await api.parseAuthRequest(new Request(`${issuer}/authorize?${query}`))
    const done = await api.completeAuthorization({ request, userId: 'alice', metadata: {}, scope: [], props: {} })
    return { client, code: new URL(done.redirectTo).searchParams.get('code') ?? '' }
  }

  it('redeems one code twice at once', async () => {
    const { client, code } = await grantCode()
    const answers = await Promise.all([send(redeemForm(client, code)), send(redeemForm(client, code))])
    expect(answers.map((one) => one.status)).toEqual([200, 200])
  })

  it('leaves clients with dead tokens when one refresh token is used three times at once', async () => {
    const { client, code } = await grantCode()
    const { body } = await send(redeemForm(client, code))
    const form = refreshForm(client, body.refresh_token)
    const answers = await Promise.all([send(form), send(form), send(form)])
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200])
    const next = []
    for (const one of answers) next.push((await send(refreshForm(client, one.body.refresh_token))).status)
    expect(next.filter((status) => status === 200)).toHaveLength(1)
  })
})

describe('a code', () => {
  it('is redeemed exactly once when it comes twice at once, and the grant is over (attack case 24)', async () => {
    const world = await createWorld()
    const { client, code } = await withCode(world)
    const form = redeemForm(client, code)
    const answers = await Promise.all([askToken(world, form), askToken(world, form)])
    expect(answers.map((one) => one.status).toSorted((a, b) => a - b)).toEqual([200, 400])
    const good = answers.find((one) => one.status === 200)
    expect(await works(world, good?.body.access_token ?? '')).toBe(false)
    expect(world.ended).toMatchObject([{ gateway: world.tools.gateway, reason: 'code_replayed' }])
    expect(world.events.map((one) => one.type)).toContain('identity.token_reused')
  })

  it('ends the grant when it comes again later (attack case 24)', async () => {
    const world = await createWorld()
    const { client, code, tokens } = await connected(world)
    expect(await works(world, tokens.access_token)).toBe(true)
    expect(await askToken(world, redeemForm(client, code))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect(await works(world, tokens.access_token)).toBe(false)
    expect((await askToken(world, refreshForm(client, tokens.refresh_token))).status).toBe(400)
  })

  it('is no use to another client, and stays good for its own (attack case 26)', async () => {
    const world = await createWorld()
    const { client, code } = await withCode(world)
    const thief = await register(world)
    expect(await askToken(world, redeemForm(thief, code))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect((await askToken(world, redeemForm(client, code))).status).toBe(200)
  })

  it.each([
    ['another verifier', { code_verifier: 'x'.repeat(50) }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect URI', { redirect_uri: 'https://client.test/callback/' }],
    ['another gateway', { resource: 'https://behalf.test/elsewhere/mcp' }],
  ])('is not redeemed with %s (attack case 23)', async (_, change) => {
    const world = await createWorld()
    const { client, code } = await withCode(world)
    const answer = await askToken(world, { ...redeemForm(client, code), ...change })
    expect(answer.status).toBe(400)
    expect(answer.body.access_token).toBeUndefined()
    expect((await askToken(world, redeemForm(client, code))).status).toBe(200)
  })

  it('is over after ten minutes', async () => {
    const world = await createWorld()
    const { client, code } = await withCode(world)
    vi.setSystemTime(start + 600_001)
    expect((await askToken(world, redeemForm(client, code))).status).toBe(400)
  })
})

describe('a refresh token', () => {
  it('gives five clients at once the same tokens, and they stay good (attack case 25)', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const form = refreshForm(client, tokens.refresh_token)
    const answers = await Promise.all(Array.from({ length: 5 }, () => askToken(world, form)))
    expect(answers.map((one) => one.status)).toEqual([200, 200, 200, 200, 200])
    expect(new Set(answers.map((one) => JSON.stringify(one.body))).size).toBe(1)
    const [next] = answers
    expect(await works(world, next?.body.access_token ?? '')).toBe(true)
    expect((await askToken(world, refreshForm(client, next?.body.refresh_token ?? ''))).status).toBe(200)
  })

  it('is answered the same to a client that lost the answer, for 30 s', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const form = refreshForm(client, tokens.refresh_token)
    const first = await askToken(world, form)
    vi.setSystemTime(start + 29_999)
    expect((await askToken(world, form)).body).toEqual(first.body)
  })

  it('ends everything when it comes again after that: two parties have it (attack case 25)', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const first = await askToken(world, refreshForm(client, tokens.refresh_token))
    vi.setSystemTime(start + 30_000)
    const again = await askToken(world, refreshForm(client, tokens.refresh_token))
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await works(world, first.body.access_token)).toBe(false)
    expect((await askToken(world, refreshForm(client, first.body.refresh_token))).status).toBe(400)
    expect(world.ended).toMatchObject([{ gateway: world.tools.gateway, reason: 'token_reused' }])
    expect(world.events.at(-1)).toMatchObject({
      type: 'identity.token_reused',
      attributes: { outcome: 'token_reused' },
    })
    expect(await listGrants(world.deps, world.project, world.events.at(-1)?.user as never)).toEqual([])
  })

  it('ends everything also when it is an old one, three refreshes ago', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    let current = tokens
    for (let round = 1; round <= 3; round++) {
      vi.setSystemTime(start + round * 60_000)
      current = (await askToken(world, refreshForm(client, current.refresh_token))).body
    }
    expect((await askToken(world, refreshForm(client, tokens.refresh_token))).status).toBe(400)
    expect(await works(world, current.access_token)).toBe(false)
  })

  it('is no use to another client: refused, not rotated, not ended (attack case 26)', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const thief = await register(world)
    const spent = tokens.refresh_token
    const current = (await askToken(world, refreshForm(client, spent))).body
    vi.setSystemTime(start + 60_000)
    for (const stolen of [spent, current.refresh_token]) {
      const refused = await askToken(world, refreshForm(thief, stolen))
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
    expect((await askToken(world, refreshForm(client, current.refresh_token))).status).toBe(200)
  })

  it('gives the answer of a client with a secret to nobody without it, also within the window', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world, { token_endpoint_auth_method: 'client_secret_post' })
    expect(tokens.access_token).toBeUndefined()
    const back = await allow(world, createBrowser(world), client, world.tools)
    const secret = { client_secret: client.secret ?? '' }
    const code = back.searchParams.get('code') ?? ''
    const { body } = await askToken(world, { ...redeemForm(client, code), ...secret })
    const form = refreshForm(client, body.refresh_token)
    expect((await askToken(world, { ...form, ...secret })).status).toBe(200)
    expect((await askToken(world, { ...form, ...secret })).status).toBe(200)
    expect((await askToken(world, { ...form, client_secret: 'guess' })).status).toBe(401)
    expect((await askToken(world, form)).status).toBe(401)
  })

  it('keeps the gateway when the client names none, and takes no other (facts: `resource` is inherited)', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const other = { ...refreshForm(client, tokens.refresh_token), resource: world.other.resource }
    expect(await askToken(world, other)).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    const inherited = await askToken(world, refreshForm(client, tokens.refresh_token))
    expect(inherited.body.resource).toBe(world.tools.resource)
  })

  it('is refused, and the grant ends, once the person has left', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    await world.deps.db.update(users).set({ active: false })
    expect((await askToken(world, refreshForm(client, tokens.refresh_token))).status).toBe(400)
    await world.deps.db.update(users).set({ active: true })
    expect((await askToken(world, refreshForm(client, tokens.refresh_token))).status).toBe(400)
    expect(world.ended).toMatchObject([{ reason: 'revoked' }])
  })

  it('is over after 30 days however often it was used', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    vi.setSystemTime(start + 29 * 86_400_000)
    const later = await askToken(world, refreshForm(client, tokens.refresh_token))
    expect(later.status).toBe(200)
    vi.setSystemTime(start + 30 * 86_400_000 + 1_000)
    expect((await askToken(world, refreshForm(client, later.body.refresh_token))).status).toBe(400)
  })

  it('changes nothing when the redemption is interrupted', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const form = refreshForm(client, tokens.refresh_token)
    const body = new URLSearchParams(form).toString()
    const headers = [['content-type', 'application/x-www-form-urlencoded']] as const
    const broken = vi.spyOn(env.DB, 'withSession').mockImplementationOnce(() => {
      throw new Error('D1 is away')
    })
    const attempt = runInDurableObject(object(tokens.refresh_token), (grant: Grant) =>
      grant.redeem({ url: 'https://behalf.test/oauth/token', headers, body }),
    )
    await expect(attempt).rejects.toThrow('D1 is away')
    broken.mockRestore()
    expect((await askToken(world, form)).status).toBe(200)
  })
})

describe('what a Grant object keeps', () => {
  it('has no token and no code in it that could be used', async () => {
    const world = await createWorld()
    const { client, code, tokens } = await connected(world)
    const next = (await askToken(world, refreshForm(client, tokens.refresh_token))).body
    const dump = await runInDurableObject(object(code), (_, { storage }) =>
      JSON.stringify(['records', 'spent', 'answers'].map((table) => [...storage.sql.exec(`SELECT * FROM ${table}`)])),
    )
    expect(dump).toContain(world.tools.resource)
    for (const secret of [code, tokens.access_token, tokens.refresh_token, next.access_token, next.refresh_token]) {
      expect(dump).not.toContain(secret)
      expect(dump).not.toContain(secret.split(':')[2])
    }
  })

  it('is nothing for a name somebody made up', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const made = tokens.access_token.replace(/:[\w-]{16}:/, `:${'m'.repeat(16)}:`)
    expect(await works(world, made)).toBe(false)
    const tables = await runInDurableObject(object(made), (_, { storage }) => [
      ...storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'"),
    ])
    expect(tables).toEqual([])
  })

  it('is cleared when the grant has expired', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    vi.setSystemTime(start + 30 * 86_400_000 + 120_000)
    const left = await runInDurableObject(object(tokens.access_token), async (grant: Grant, { storage }) => {
      await grant.alarm()
      return [...storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'records'")]
    })
    expect(left).toEqual([])
  })
})

describe('revocation', () => {
  it('by the client: a refresh token takes the grant with it (RFC 7009)', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    const form = { token: tokens.refresh_token, token_type_hint: 'refresh_token', client_id: client.id }
    expect((await askToken(world, form, '/oauth/revoke')).status).toBe(200)
    expect(await works(world, tokens.access_token)).toBe(false)
    expect(world.ended).toMatchObject([{ gateway: world.tools.gateway, reason: 'revoked' }])
  })

  it('by the client: an access token takes only itself', async () => {
    const world = await createWorld()
    const { client, tokens } = await connected(world)
    await askToken(world, { token: tokens.access_token, client_id: client.id }, '/oauth/revoke')
    expect(await works(world, tokens.access_token)).toBe(false)
    expect((await askToken(world, refreshForm(client, tokens.refresh_token))).status).toBe(200)
    expect(world.ended).toEqual([])
  })

  it('by another client changes nothing, and does not say so', async () => {
    const world = await createWorld()
    const { tokens } = await connected(world)
    const thief = await register(world)
    const form = { token: tokens.refresh_token, client_id: thief.id }
    expect((await askToken(world, form, '/oauth/revoke')).status).toBe(200)
    expect(await works(world, tokens.access_token)).toBe(true)
  })

  it('by the person: tokens, session and consent, and another person cannot (IDOR)', async () => {
    const world = await createWorld()
    const { browser, client, tokens } = await connected(world)
    const { user, grant } = grantOf(tokens.access_token)
    const by = { by: user, reason: 'revoked by user' }
    expect(await revokeGrant(world.deps, world.project, 'somebody-else' as never, grant, by)).toBe(false)
    expect(await works(world, tokens.access_token)).toBe(true)
    expect(await revokeGrant(world.deps, world.project, user, grant, by)).toBe(true)
    expect(await works(world, tokens.access_token)).toBe(false)
    expect(world.ended).toMatchObject([{ match: { session: expect.any(String) }, reason: 'revoked by user' }])
    const asked = await browser.get(await authorizeUrl(client, world.tools))
    expect(await asked.text()).toContain('Let Client act for you?')
  })

  it('of a person ends every grant, every session and every browser, at once', async () => {
    const world = await createWorld()
    const { browser, client, tokens } = await connected(world)
    const back = await allow(world, browser, client, world.other)
    const second = (await askToken(world, redeemForm(client, back.searchParams.get('code') ?? ''))).body
    const { user } = grantOf(tokens.access_token)
    expect(await revokeUser(world.deps, world.project, user, { by: 'system', reason: 'left' })).toEqual({ grants: 2 })
    for (const [token, route] of [
      [tokens.access_token, world.tools],
      [second.access_token, world.other],
    ] as const) {
      forgetCallers()
      expect((await identifyCaller(calling(token), route, world.deps)).ok).toBe(false)
    }
    expect(world.ended).toContainEqual({ gateway: null, match: { user }, reason: 'left' })
    const asked = await browser.get(await authorizeUrl(client, world.tools))
    expect(asked.headers.get('location')).toContain(world.idp.issuer)
  })
})
