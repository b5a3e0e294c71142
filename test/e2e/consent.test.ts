import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallToolResult } from '@modelcontextprotocol/client'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runClientSuite } from '../../scripts/conformance.ts'
import { failing, notPassed } from '../../scripts/lib/conformance-score.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { root } from '../../scripts/lib/root.ts'
import { waitForUrl } from '../../scripts/lib/wait-for-url.ts'
import { secretIn } from '../support/canaries.ts'
import { startDriver } from '../support/conformance/driver.ts'
import type { Fixture } from '../support/fixture/fixture.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { text } from '../support/fixture/tools.ts'
import type { Guarded } from '../support/guarded-server.ts'
import { passOn, startGuarded } from '../support/guarded-server.ts'
import type { AssertionTaker } from '../support/identity-assertions.ts'
import { startAssertionTaker } from '../support/identity-assertions.ts'
import type { OAuthServer } from '../support/oauth-server.ts'
import { startOAuthServer } from '../support/oauth-server.ts'
import type { PeopledWorld, Person, Walk } from '../support/people.ts'
import { startPeopledWorld } from '../support/people.ts'
import type { RunningStandIn } from '../support/stand-ins.ts'
import type { TokenService } from '../support/token-service.ts'
import { startTokenService } from '../support/token-service.ts'
import { pickAccount, standIns, startStandIn } from '../support/stand-ins.ts'

/** From a refused call to the provider's consent and back, on services and servers that others wrote. */
let world: PeopledWorld
let fixture: Fixture
const running = new Map<string, RunningStandIn>()
const closing: (() => Promise<void>)[] = []
/** Long enough to be used before it ends, also on a slow machine. */
const lifetimeS = 20
const waiting = { began: Promise.withResolvers<void>(), end: Promise.withResolvers<void>() }

beforeAll(async () => {
  fixture = await startFixture({
    tools: {
      hello: { description: 'Says hello.', run: () => text('hello') },
      wait: {
        description: 'Waits.',
        async run() {
          waiting.began.resolve()
          await waiting.end.promise
          return text('done')
        },
      },
    },
  })
  closing.push(() => fixture.close())
  world = await startPeopledWorld()
  closing.push(() => world.stop())
  await Promise.all(standIns.map((standIn) => setUp(standIn)))
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

async function setUp(standIn: (typeof standIns)[number]): Promise<void> {
  const { provider, scopes } = standIn
  const redirectUri = `${world.url}/connect/callback/${provider}`
  const ports = { port: await freePort(), emulatorPort: await freePort() }
  const one = await startStandIn(standIn, { ...ports, redirectUri, mcp: fixture.mcp, lifetimeS })
  running.set(provider, one)
  closing.push(() => one.close())
  const settings = standIn.settings(one.url)
  const saved = await world.admin('PUT', `/providers/${provider}`, { ...one.app, settings })
  expect(saved).toMatchObject({ status: 200, body: { redirectUri } })
  const credentials = { kind: 'user', provider, scopes }
  await world.addUpstream(provider, one.mcp, { settings: { credentials }, listAt: fixture.mcp })
  await world.addGateway(provider, { tools: [{ upstream: provider }] })
}

async function call(gateway: string, subject: string, name = 'hello', args = {}): Promise<CallToolResult> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  const requestInit = { headers: world.as(subject) }
  await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp(gateway)), { requestInit }))
  try {
    return (await client.callTool({ name, arguments: args })) as CallToolResult
  } finally {
    await client.close()
  }
}

const linkIn = (result: CallToolResult): string =>
  /https?:\/\/\S+\/connect\/[\w-]+/.exec(JSON.stringify(result.content))?.[0] ?? ''

/** The connections of a person, as the administrator sees them. */
async function connectionsOf(subject: string, provider: string): Promise<{ id: string; label: string }[]> {
  const { body } = await world.admin('GET', `/connections?provider=${provider}&user=${await world.userId(subject)}`)
  return body['items'] as { id: string; label: string }[]
}

async function takeBack(subject: string, provider: string): Promise<unknown> {
  const [connection] = await connectionsOf(subject, provider)
  const { body } = await world.admin('POST', `/connections/${connection?.id}/revoke`, { reason: 'test' })
  return body['atProvider']
}

/** When the last of the short-lived tokens has ended. */
let ended = 0
let oauth: OAuthServer
let guarded: Guarded
/** Behind the server's own origin, once it runs. */
let tokenService = ''
/** How long the next token of the sign-in before that server lives. */
let tokenS = lifetimeS
const echo = (subject: string) => call('everything', subject, 'echo', { message: `I am ${subject}` })

describe('the services that have a stand-in', () => {
  it.each(standIns.map((one) => [one.provider, one] as const))(
    '%s: a refused call, our link, the consent there, and the call goes through with the own token',
    async (provider, standIn) => {
      const service = running.get(provider)
      const refused = await call(provider, 'alice')
      const link = linkIn(refused)
      expect(link).toContain(`${world.url}/connect/`)
      const alice = world.person('alice', pickAccount('alice'))
      const page = await alice.open(link)
      expect(page.html).toContain(`Connected as <strong>${standIn.label}</strong>`)
      ended = Date.now() + lifetimeS * 1000 + 100

      expect(await call(provider, 'alice')).toMatchObject(text('hello'))
      expect(service?.people.at(-1)).toContain('alice')
      expect(service?.grants).toHaveLength(1)
      for (const seen of [...alice.seen, JSON.stringify(refused)]) expect(secretIn(seen)).toBeNull()
      // Somebody else has no part in it.
      expect(linkIn(await call(provider, 'bob'))).toContain('/connect/')
    },
  )

  it('tells the legacy client that was given the link, and no other, that it is done: connected, and approved either way', async () => {
    const approve = { id: 'ask', effect: 'approve', approval: { self: true, validFor: '10m' } }
    const rules = { user: [{ id: 'people', effect: 'permit' }, approve], agent: [{ id: 'agents', effect: 'permit' }] }
    await world.addGateway('slack-asked', { tools: [{ upstream: 'slack' }], rules })
    const [first, asked] = [await legacyClient('slack'), await legacyClient('slack-asked')]
    const others = [await legacyClient('slack'), await legacyClient('slack-asked')]

    const link = await linkFrom(first.client)
    const page = await world.person('bob', pickAccount('alice')).open(link.url)
    expect(page.html).toContain('Connected as')
    await first.isTold([link.elicitationId])
    expect(await first.client.callTool(hello)).toMatchObject(text('hello'))

    const onPage = await linkFrom(asked.client)
    const pressed: Walk = (html) => (html.includes('name="decision"') ? { fields: { decision: 'approve' } } : null)
    expect((await world.person('bob', pressed).open(onPage.url)).html).toContain('Approved')
    await asked.isTold([onPage.elicitationId])
    expect(await asked.client.callTool(hello)).toMatchObject(text('hello'))

    const byAdmin = await linkFrom(asked.client)
    const id = byAdmin.url.split('/approve/')[1] ?? ''
    expect((await world.admin('POST', `/approvals/${id}/decide`, { decision: 'reject' })).status).toBe(200)
    await asked.isTold([onPage.elicitationId, byAdmin.elicitationId])
    expect(JSON.stringify(await asked.client.callTool(hello))).toContain('rejected')

    expect(others.flatMap(({ heard }) => heard)).toEqual([])
    await Promise.all([...[first, asked, ...others].map(({ client }) => client.close()), takeBack('bob', 'slack')])
  })
})

const hello = { name: 'hello', arguments: {} }

/** Bob's, with URL elicitation as in 2025-11-25, and what it hears to be complete. */
async function legacyClient(gateway: string) {
  const heard: string[] = []
  const capabilities = { elicitation: { url: {} } }
  const options = { versionNegotiation: { mode: 'legacy' as const }, capabilities }
  const client = new Client({ name: 'test', version: '1' }, options)
  client.setNotificationHandler('notifications/elicitation/complete', ({ params }) => {
    heard.push(params.elicitationId)
  })
  const requestInit = { headers: world.as('bob') }
  await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp(gateway)), { requestInit }))
  const isTold = (ids: string[]) => expect.poll(() => heard).toEqual(ids)
  return { client, heard, isTold }
}

/** Where a call that is refused with -32042 sends the person. */
async function linkFrom(client: Client): Promise<{ url: string; elicitationId: string }> {
  const fault = await client.callTool(hello).catch((thrown: unknown) => thrown)
  const [asked] = (fault as { data: { elicitations: { url: string; elicitationId: string }[] } }).data.elicitations
  if (!asked) throw new Error('nobody was asked')
  return asked
}

describe("somebody else's MCP server with a sign-in of its own", () => {
  beforeAll(async () => {
    const [port, guardPort] = [await freePort(), await freePort()]
    const resource = `http://127.0.0.1:${guardPort}/mcp`
    const everything = spawn(join(root, 'node_modules/.bin/mcp-server-everything'), ['streamableHttp'], {
      env: { ...process.env, PORT: `${port}` },
      stdio: 'ignore',
    })
    closing.push(async () => void everything.kill())
    oauth = await startOAuthServer({ resources: { [resource]: 'mcp:tools' }, accessTokenS: () => tokenS })
    closing.push(() => oauth.close())
    const { issuer, whose } = oauth
    guarded = await startGuarded(`http://127.0.0.1:${port}/mcp`, {
      issuer,
      whose,
      port: guardPort,
      scopes: ['mcp:tools'],
      elsewhere: (request) => passOn(request, `${tokenService}${new URL(request.url).pathname}`),
    })
    closing.push(() => guarded.close())
    await waitForUrl(`http://127.0.0.1:${port}/mcp`, { timeoutMs: 120_000 })
  })

  it('is added, registers us, and shows what it offers to the person an administrator names', async () => {
    const added = await world.cli('upstream', 'add', 'everything', guarded.mcp, '--yes')
    expect(added.out).toContain(`People sign in at ${oauth.issuer}; the provider is mcp-everything.`)
    expect((await world.cli('upstream', 'pins', 'everything')).out).toBe('')

    await call('slack', 'alice')
    const alice = await world.userId('alice')
    const named = await world.cli('upstream', 'list-as', 'everything', alice)
    const link = /https?:\S+\/connect\/\S+/.exec(named.out)?.[0] ?? ''
    const page = await world.person('alice').open(link)
    expect(page.html).toContain('Connected as')
    expect((await world.cli('upstream', 'sync', 'everything')).out).toMatch(/new +quarantined +tool +echo/)
    expect((await world.cli('upstream', 'admit', 'everything', '--all')).out).toMatch(/^\d+ admitted/)
    await world.addGateway('everything', { tools: [{ upstream: 'everything', include: ['echo'] }] })
  })

  it('is listed with the grant of nobody but an active user of the project', async () => {
    const named = (user: string) => world.admin('POST', '/upstreams/everything/list-as', { user })
    expect(await named('nobody')).toMatchObject({ status: 404 })
    const before = await world.admin('GET', '/upstreams/everything')
    expect(before.body['settings']).toMatchObject({ listAs: await world.userId('alice') })
  })

  it('has a provider of its own, however long and alike the names of two servers are', async () => {
    const ids = ['a', 'b'].map((end) => `${'everything-'.repeat(3)}1234${end}`)
    const providers = await Promise.all(
      ids.map(async (id) => {
        await world.admin('PUT', `/upstreams/${id}`, { url: guarded.mcp })
        return (await world.admin('POST', `/upstreams/${id}/sign-in`, {})).body['provider']
      }),
    )
    expect(new Set(providers).size).toBe(2)
  })

  it('is called by two people, each with a token of their own', async () => {
    expect(JSON.stringify(await echo('alice'))).toContain('Echo: I am alice')
    const bob = world.person('bob')
    const link = linkIn(await echo('bob'))
    const page = await bob.open(link)
    expect(page.html).toContain('Connected as')
    const asked = bob.seen.find((text) => text.includes('Is this your account at everything?')) ?? ''
    expect(asked).toContain('everything does not say which')
    expect(asked).not.toContain('Its id')
    const before = guarded.shown.size
    expect(JSON.stringify(await echo('bob'))).toContain('Echo: I am bob')
    expect(guarded.shown.size).toBe(before + 1)
    expect(guarded.people.slice(-1)).toEqual(['bob'])
    expect(new Set(guarded.people)).toEqual(new Set(['alice', 'bob']))

    ended = Date.now() + lifetimeS * 1000 + 100
    tokenS = 3600
    for (const seen of bob.seen) for (const token of guarded.shown) expect(seen).not.toContain(token)
  })
})

describe('a person who leaves', () => {
  it('while a call runs: it is stopped and recorded, and there is no other (attack case 43)', async () => {
    const page = await world.person('carol', pickAccount('alice')).open(linkIn(await call('okta', 'carol')))
    const carol = await world.userId('carol')
    expect(page.html).toContain('Connected as')
    const running = call('okta', 'carol', 'wait')
    await waiting.began.promise
    expect((await world.admin('POST', `/users/${carol}/deactivate`, {})).body).toMatchObject({ connections: 1 })
    const askedBefore = fixture.seen.length
    expect(await call('okta', 'carol').catch((error: unknown) => error)).toBeInstanceOf(Error)
    expect(fixture.seen).toHaveLength(askedBefore)
    expect(JSON.stringify(await running)).toContain('cancelled')
    waiting.end.resolve()
    const recorded = async () => {
      const { body } = await world.admin('GET', `/events?user=${carol}&type=tool.outcome&limit=200`)
      return JSON.stringify(body)
    }
    await expect.poll(recorded).toContain('wait')
    expect(await connectionsOf('carol', 'okta')).toEqual([])
  })
})

/** The official suite's servers, and the client with which a gateway speaks to them. Both revisions: `npm run conformance`. */
it('passes every scored scenario for clients but those that are named, and those of our extensions, by what a company does with such a server', async () => {
  const driver = await startDriver(world)
  closing.push(() => driver.close())
  const scenarios = await runClientSuite(driver.url, '2026-07-28')
  const scored = scenarios.filter((one) => one.scored)
  const named = Object.keys(notPassed)
  expect(scored.filter((one) => !named.includes(one.name)).flatMap(failing)).toEqual([])
  expect(scored.filter((one) => one.failed.length > 0).map((one) => one.name)).toEqual(named)
  expect(scored.length).toBe(32)
  const extension = scenarios.filter((one) => one.extension)
  expect(extension.flatMap(failing)).toEqual([])
  expect(extension.length).toBe(3)
})

describe('when a token has ended', () => {
  it('the services that have a stand-in are asked for another, not the person, and take back what they gave', async () => {
    await sleep(Math.max(0, ended - Date.now()))
    for (const { provider, never } of standIns) {
      const service = running.get(provider)
      const shown = service?.shown.size ?? 0
      expect(await call(provider, 'alice')).toMatchObject(text('hello'))
      expect(service?.grants.filter((grant) => grant === 'refresh_token')).toHaveLength(never === 'refresh' ? 0 : 1)
      expect(service?.shown.size).toBe(never === 'refresh' ? shown : shown + 1)

      const revoked = service?.revoked.size ?? 0
      expect(await takeBack('alice', provider)).toBe(provider === 'microsoft' ? 'not_possible' : 'revoked')
      expect(linkIn(await call(provider, 'alice'))).toContain('/connect/')
      expect(await connectionsOf('alice', provider)).toEqual([])
      const more = ['google', 'linear', 'okta'].includes(provider) ? 1 : 0
      expect(service?.revoked.size).toBe(revoked + more)
    }
  })

  it('so is the authorization server before that MCP server', async () => {
    expect(JSON.stringify(await echo('bob'))).toContain('Echo: I am bob')
    expect(oauth.grants.at(-1)).toEqual({ type: 'refresh_token', ok: true })

    expect(await takeBack('bob', 'mcp-everything')).toBe('revoked')
    expect(oauth.revoked()).toBe(1)
    expect(linkIn(await echo('bob'))).toContain('/connect/')
    expect(JSON.stringify(await echo('alice'))).toContain('Echo: I am alice')
    for (const token of guarded.shown) world.secrets.add(token)
  })
})

describe('what comes from outside', () => {
  const ping = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hello', arguments: {} } }
  const send = (headers: Record<string, string>) =>
    fetch(world.mcp('google'), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-06-18',
        ...headers,
      },
      body: JSON.stringify(ping),
    })
  const forged = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-original-url': '/other/mcp',
    'x-user-id': 'alice',
    'x-authenticated-user': 'alice',
    'x-behalf-user': 'alice',
    'behalf-project': 'other',
    'mcp-init-host': 'evil.example',
    'router-key': 'secret',
    'cf-access-authenticated-user-email': 'alice@acme.test',
  }

  it('is no sign-in: no header but the credential says who calls', async () => {
    for (const name of [{}, { 'behalf-user': 'http://localhost|alice' }]) {
      expect((await send({ ...forged, ...name })).status).toBe(401)
    }
    const wrong = { ...world.as('alice'), authorization: 'Bearer bh_app_wrong' }
    expect((await send({ ...forged, ...wrong })).status).toBe(401)
  })

  it('moves no link: it leads to the address of the configuration', async () => {
    const answer = await send({ ...world.as('alice'), ...forged })
    const said = await answer.text()
    expect(said).toContain(`${world.url}/connect/`)
    expect(said).not.toContain('evil.example')
  })

  it('is no grant: assertions and security events of another issuer change nothing (attack case 44)', async () => {
    const jwt = `${btoa('{"alg":"none","typ":"oauth-id-jag+jwt"}')}.${btoa('{"sub":"alice"}')}.`
    for (const [path, type, body] of [
      [
        '/token',
        'application/x-www-form-urlencoded',
        `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=${jwt}`,
      ],
      ['/ssf/events', 'application/secevent+jwt', jwt],
    ] as const) {
      const answer = await fetch(`${world.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
      expect([path, answer.status]).toEqual([
        path,
        expect.toSatisfy((status: number) => [400, 401, 404].includes(status)),
      ])
      expect(await answer.text()).not.toContain('access_token')
    }
  })
})

describe('a server that knows us by a grant of its own, or by a token made for the person’s', () => {
  let tokens: TokenService
  let shop: Guarded

  beforeAll(async () => {
    tokens = await startTokenService((token) => oauth.whose(token, guarded.mcp))
    closing.push(() => tokens.close())
    tokenService = tokens.url
    shop = await startGuarded(fixture.mcp, {
      issuer: tokens.url,
      scopes: ['shop'],
      whose: async (one) => tokens.whose(one),
    })
    closing.push(() => shop.close())
  })

  it('is called as a service account, by one grant for everybody', async () => {
    await world.admin('PUT', '/service-accounts/clerk')
    const added = await world.cli('upstream', 'add', 'shop', shop.mcp, '--yes')
    expect(added.out).toContain(
      `It wants a service to sign in at ${tokens.url}, asking for shop: use upstream service.`,
    )
    const wrong = { serviceAccount: 'clerk', clientId: 'us', clientSecret: 'not-the-secret' }
    expect(await world.admin('POST', '/upstreams/shop/service', wrong)).toMatchObject({ status: 400 })
    const right = { ...wrong, clientSecret: tokens.secret }
    expect(await world.admin('POST', '/upstreams/shop/service', right)).toMatchObject({ body: { scopes: ['shop'] } })
    expect((await world.cli('upstream', 'admit', 'shop', '--all')).out).toMatch(/^\d+ admitted/)
    await world.addGateway('shop', { tools: [{ upstream: 'shop', include: ['hello'] }] })

    const before = tokens.grants.length
    expect(await call('shop', 'alice')).toMatchObject(text('hello'))
    expect(await call('shop', 'bob')).toMatchObject(text('hello'))
    expect(tokens.grants.slice(before)).toEqual([])
    expect(new Set(shop.people)).toEqual(new Set(['service']))
  })

  it('gets a token exchanged for the person’s own, which it never sees', async () => {
    const how = 'exchanged'
    await world.admin('PUT', '/secrets/TOKEN_SERVICE', { value: tokens.secret })
    const endpoint = { tokenUrl: `${guarded.url}/token`, clientId: 'us', secret: 'TOKEN_SERVICE' }
    const grant = { provider: 'mcp-everything', scopes: ['mcp:tools'] }
    const credentials = { kind: 'exchange', ...grant, ...endpoint, wants: ['shop'] }
    const settings = { credentials, listAs: await world.userId('alice') }
    const elsewhere = { credentials: { ...credentials, tokenUrl: `${tokens.url}/token` } }
    expect(await world.admin('PUT', `/upstreams/${how}`, { url: shop.mcp, settings: elsewhere })).toMatchObject({
      status: 400,
      body: {
        detail: `A token of mcp-everything may be exchanged at ${oauth.issuer}, ${guarded.url} only.`,
      },
    })
    const saved = await world.admin('PUT', `/upstreams/${how}`, { url: shop.mcp, settings })
    expect(saved).toMatchObject({ status: 200, body: { health: { state: 'up' } } })
    await world.cli('upstream', 'admit', how, '--all')
    await world.addGateway(how, { tools: [{ upstream: how, include: ['hello'] }] })

    const before = tokens.grants.length
    expect(await call(how, 'alice')).toMatchObject(text('hello'))
    expect(await call(how, 'alice')).toMatchObject(text('hello'))
    const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
    expect(tokens.grants.slice(before)).toEqual([exchange])
    expect(shop.people.at(-1)).toBe('alice')
    for (const own of guarded.shown) expect(shop.shown.has(own)).toBe(false)
    expect(linkIn(await call(how, 'bob'))).toContain('/connect/')
    tokens.refuse = true
    tokens.forget()
    const refused = await call(how, 'alice')
    tokens.refuse = false
    expect(refused.isError).toBe(true)
    for (const one of [...shop.shown, tokens.secret]) expect(JSON.stringify(refused)).not.toContain(one)
  })
})

/** ID-JAG: the ID token of the company's sign-in, in strict hands at both ends (draft-ietf-oauth-identity-assertion-authz-grant). */
describe('a server whose authorization server takes identity assertions', () => {
  let taker: AssertionTaker
  let shop: Guarded
  const lines: string[] = []
  const results: CallToolResult[] = []
  const leaving = (html: string) => (html.includes('value="sign_out"') ? { fields: { decision: 'sign_out' } } : null)
  let alice: Person
  let bob: Person

  const credentials = (more: object = {}) => ({
    kind: 'exchange',
    provider: 'sign-in:company',
    tokenUrl: `${world.company.issuer}/token`,
    clientId: world.company.clientId,
    secret: 'COMPANY',
    audience: taker.url,
    wants: ['shop'],
    redeem: { tokenUrl: `${taker.url}/token`, clientId: taker.clientId, secret: 'SHOP' },
    ...more,
  })
  const ask = async (subject: string): Promise<CallToolResult> => {
    const result = await call('asserted', subject)
    results.push(result)
    return result
  }

  beforeAll(async () => {
    for (const level of ['log', 'error'] as const) {
      vi.spyOn(console, level).mockImplementation((...words: unknown[]) => void lines.push(words.join(' ')))
    }
    taker = await startAssertionTaker(world.company.issuer)
    closing.push(() => taker.close())
    const whose = async (token: string): Promise<string | null> => taker.whose(token)
    shop = await startGuarded(fixture.mcp, { issuer: taker.url, scopes: ['shop'], whose })
    closing.push(() => shop.close())
    world.company.assertions.trusted.push({ audience: taker.url, clientId: taker.clientId })
    await world.admin('PUT', '/secrets/COMPANY', { value: world.company.clientSecret })
    await world.admin('PUT', '/secrets/SHOP', { value: taker.secret })
  })
  afterAll(() => vi.restoreAllMocks())

  it('is only set up with the identity provider’s own token endpoint, and with the audience named', async () => {
    const put = async (more: object): Promise<unknown> => {
      const settings = { credentials: credentials(more) }
      return (await world.admin('PUT', '/upstreams/not-asserted', { url: shop.mcp, settings })).body
    }
    const { issuer } = world.company
    expect(await put({ tokenUrl: `${taker.url}/token` })).toMatchObject({
      detail: `A token of sign-in:company may be exchanged at ${issuer} only.`,
    })
    expect(await put({ audience: undefined })).toMatchObject({
      detail: 'With redeem, audience has to name the issuer there.',
    })
    const plain = { credentials: { kind: 'user', provider: 'sign-in:company' } }
    const saved = await world.admin('PUT', '/upstreams/not-asserted', { url: shop.mcp, settings: plain })
    expect(saved).toMatchObject({ status: 400, body: { code: 'core/bad_request' } })
  })

  it('asks the person to sign in, once, and is called with what their own sign-in made', async () => {
    await world.addUpstream('asserted', shop.mcp, { settings: { credentials: credentials() }, listAt: fixture.mcp })
    await world.addGateway('asserted', { tools: [{ upstream: 'asserted', include: ['hello'] }] })
    const before = world.company.assertions.idTokens.length
    const link = linkIn(await ask('alice'))
    expect(link).toContain(`${world.url}/connect/`)
    bob = world.person('bob')
    // Somebody else at her link: it is burned, and what they sign in with is theirs.
    expect((await bob.open(link)).html).toContain('This link is for somebody else')
    expect(await ask('bob')).toMatchObject(text('hello'))
    expect(shop.people.at(-1)).toBe('bob')

    const again = linkIn(await ask('alice'))
    alice = world.person('alice', leaving)
    expect((await alice.open(again)).html).toContain('This is connected already')
    expect(await ask('alice')).toMatchObject(text('hello'))
    expect(await ask('alice')).toMatchObject(text('hello'))
    expect(shop.people.at(-1)).toBe('alice')
    expect(world.company.assertions.idTokens.slice(before)).toHaveLength(2)
    expect(taker.shown).toEqual(world.company.assertions.made)
    expect(await connectionsOf('alice', 'sign-in:company')).toMatchObject([{ label: 'alice@acme.test' }])
  })

  it('is shown no assertion that was made for somebody else', async () => {
    const { assertions } = world.company
    for (const bent of [{ aud: 'https://other.example' }, { client_id: 'somebody-else' }, { exp: 1 }]) {
      assertions.bend = (claims) => ({ ...claims, ...bent })
      const before = taker.shown.length
      taker.forget()
      expect((await ask('bob')).isError).toBe(true)
      expect(taker.shown).toHaveLength(before)
    }
    assertions.bend = (claims) => claims
    expect(await ask('bob')).toMatchObject(text('hello'))
  })

  it('is not called any more for somebody who signed out, and no token is seen anywhere on the way', async () => {
    const link = async (): Promise<string> => linkIn(await ask('alice'))
    expect((await alice.open(`${world.url}/sign-out`)).html).toContain('In this browser and in all others')
    await expect.poll(link).toContain('/connect/')
    expect(await connectionsOf('alice', 'sign-in:company')).toEqual([])
    expect(await ask('bob')).toMatchObject(text('hello'))

    // Whoever is signed in here is asked before they are sent to the company once more.
    await takeBack('bob', 'sign-in:company')
    let asked = ''
    await expect.poll(async () => (asked = linkIn(await ask('bob')))).toContain('/connect/')
    expect((await bob.open(asked)).html).toContain('This is connected already')
    expect(bob.seen.some((page) => page.includes('<em>hello</em>'))).toBe(true)
    expect(await ask('bob')).toMatchObject(text('hello'))

    const { idTokens, made } = world.company.assertions
    const tokens = [...idTokens, ...made, ...shop.shown]
    expect(idTokens.length * made.length * shop.shown.size).toBeGreaterThan(0)
    for (const token of tokens) {
      world.secrets.add(token)
      for (const seen of [...lines, ...alice.seen, ...bob.seen, JSON.stringify(results)])
        expect(seen).not.toContain(token)
    }
  })
})
