import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { listEvents, readStory } from '../../src/audit/audit.ts'
import { serviceAccountId } from '../../src/core/ids.ts'
import { vaultOf } from '../../src/vault/vault.ts'
import type { OffersApi, SessionApi } from '../../src/session/session.ts'
import { recorded } from '../support/recorded.ts'
import { alice, mallory, mustBe } from '../vault/vault-harness.ts'
import { call, connectAccount, newWorld, sessionOf, features } from './session-harness.ts'

afterEach(() => vi.unstubAllGlobals())

const user = { login: 'alice-dev', name: 'Alice', html_url: 'https://github.test/alice-dev' }

describe('a tool call', () => {
  it('asks the person to connect an account first, then runs with their own token', async () => {
    const world = await newWorld()
    const caller = await world.person('alice')
    const asked = await call(caller, 'GitHub_WhoAmI')
    expect(asked).toMatchObject({
      kind: 'refused',
      error: { code: 'vault/authorization_needed' },
      resume: { wait: 'authorization' },
    })
    expect(world.requests).toHaveLength(0)

    await connectAccount(world, caller, alice)
    world.answer(() => Response.json(user))
    const reply = await call(caller, 'GitHub_WhoAmI')
    expect(reply).toMatchObject({
      kind: 'output',
      output: { structuredContent: { login: 'alice-dev', name: 'Alice', url: 'https://github.test/alice-dev' } },
    })
    const token = world.requests[0]?.headers.get('authorization')?.replace('Bearer ', '') ?? ''
    expect(world.fixture.isLive(token)).toBe(true)
    // What happened on the way is on record at the gateway it was for.
    for (const type of ['connect.offered', 'connect.started', 'connect.completed']) {
      const first = async () => (await recorded(world.project, type))[0]?.gatewayId
      await expect.poll(first, { timeout: 10_000 }).toBe(world.gateway)
    }
  })

  it("is a span of the caller's trace, from intent to the provider, and says where its time went", async () => {
    const world = await newWorld()
    const caller = await world.person('alice', { clientAddress: '203.0.113.9' })
    await connectAccount(world, caller, alice)
    world.answer(() => Response.json(user))
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const parent = '00f067aa0ba902b7'
    const reply = await call(caller, 'GitHub_WhoAmI', {}, { traceparent: `00-${trace}-${parent}-01` })
    const spanId = reply.callId.replaceAll('-', '').slice(16)
    expect(world.requests[0]?.headers.get('traceparent')).toBe(`00-${trace}-2${spanId.slice(1)}-01`)

    const find = () => readStory(env, world.project, reply.callId)
    await expect.poll(async () => (await find()).length, { timeout: 10_000 }).toBe(2)
    const [intent, outcome] = await find()
    const place = { gateway: world.name, gatewayId: world.gateway, user: caller.user.id }
    const span = { trace_id: trace, span_id: spanId, parent_span_id: parent, 'behalf.tool.operation': 'read' }
    expect(intent).toMatchObject({ type: 'tool.intent', ...place, attributes: span })
    expect(outcome).toMatchObject({
      type: 'tool.outcome',
      ...place,
      attributes: {
        ...span,
        'http.response.status_code': 200,
        'behalf.attempts': 1,
        'behalf.duration_ms': expect.any(Number),
        'behalf.upstream_ms': expect.any(Number),
        'behalf.credential_ms': expect.any(Number),
      },
      payload: { user: { name: 'alice', address: '203.0.113.9' } },
    })
    // What tells who somebody is can be erased, so it is in no leaf.
    expect(JSON.stringify([intent?.attributes, outcome?.attributes])).not.toMatch(/203\.0\.113\.9|"alice"/)
    const { items } = await listEvents(
      env,
      world.project,
      { gateway: world.name },
      { after: null, limit: 50, payloads: false },
    )
    expect(items.map(({ type }) => type)).toContain('session.started')
    expect(items.find(({ type }) => type === 'session.started')).toMatchObject({
      ...place,
      attributes: { 'behalf.grant.id': 'grant-alice' },
    })
  })

  it('leaves no credential in the record, however much of a call is kept (attack case 58)', async () => {
    const world = await newWorld({ recording: { arguments: 'full', result: 'full' } })
    const caller = await world.person('alice')
    await connectAccount(world, caller, alice)
    let sent = ''
    world.answer((request) => {
      sent = request.headers.get('authorization')?.replace('Bearer ', '') ?? ''
      return Response.json({ ...user, name: `You sent ${sent}`, html_url: `https://github.test/?access_token=${sent}` })
    })
    const reply = await call(caller, 'GitHub_WhoAmI')
    await expect
      .poll(async () => (await readStory(env, world.project, reply.callId)).length, { timeout: 10_000 })
      .toBe(2)
    const record = JSON.stringify(await readStory(env, world.project, reply.callId))
    expect(sent.length).toBeGreaterThan(10)
    expect(record).toContain('You sent')
    expect(record).not.toContain(sent)
  })

  it('is on record, with who it was, also when it is refused before anything is decided', async () => {
    const world = await newWorld()
    const caller = await world.person('alice')
    const session = (await sessionOf(caller)) as unknown as SessionApi & OffersApi
    const resumed = { responses: {}, state: { callId: 'the-first-try', wait: 'authorization' as const } }
    const asked = { caller, features, name: 'GitHub_WhoAmI', arguments: { token: 'hunter22' }, method: 'tools/call' }
    await session.recordRefusal({ ...asked, error: { code: 'mcp/invalid_state' } })
    await session.recordRefusal({ ...asked, resumed, error: { code: 'vault/authorization_needed' } })
    const params = { uri: 'files://reader:s3cretpw@host/plan' }
    const reply = await session.offer({ caller, features, method: 'resources/subscribe', params })
    expect(reply).toMatchObject({ kind: 'refused', error: { code: 'runtime/unknown_tool' } })

    const refused = () => recorded(world.project, 'tool.refused')
    await expect.poll(async () => (await refused()).length, { timeout: 10_000 }).toBe(3)
    const [state, declined, subscribed] = await refused()
    expect(state).toMatchObject({
      gatewayId: world.gateway,
      outcome: 'refused',
      attributes: {
        'gen_ai.tool.name': 'GitHub_WhoAmI',
        'error.type': 'mcp/invalid_state',
        'behalf.client.id': caller.agent.clientId,
      },
    })
    expect(declined?.attributes).toMatchObject({ 'behalf.call.resumes': 'the-first-try' })
    expect(subscribed?.attributes).toMatchObject({ 'mcp.method.name': 'resources/subscribe' })
    expect(subscribed?.attributes['mcp.resource.uri']).toMatch(
      /^files:\/\/reader:\[redacted:url_password:\w{8}\]@host\/plan$/,
    )
    expect(subscribed?.attributes['gen_ai.tool.name']).toBeUndefined()
    const { items } = await listEvents(
      env,
      world.project,
      { type: 'tool.refused' },
      { after: null, limit: 9, payloads: true },
    )
    expect(items).toHaveLength(3)
    for (const { user: who, payload } of items)
      expect({ who, payload }).toMatchObject({
        who: caller.user.id,
        payload: { user: { name: 'alice' }, agent: caller.agent.name },
      })
    expect(JSON.stringify(items)).not.toMatch(/hunter22|s3cretpw/)
  })

  it('looks the same from outside when the tool is denied and when there is none', async () => {
    const forbidden = { id: 'no-issues', effect: 'forbid', tools: { names: ['GitHub_CreateIssue'] } }
    const world = await newWorld({
      rules: { user: [{ id: 'u', effect: 'permit' }, forbidden], agent: [{ id: 'a', effect: 'permit' }] },
    })
    const caller = await world.person('alice')
    const denied = await call(caller, 'GitHub_CreateIssue', { nonsense: true })
    const unknown = await call(caller, 'GitHub_NoSuchTool', { nonsense: true })
    expect(denied.kind === 'refused' && denied.error).toEqual({ code: 'policy/denied' })
    expect(unknown.kind === 'refused' && unknown.error).toEqual({ code: 'runtime/unknown_tool' })
    const session = await sessionOf(caller)
    const list = await session.listTools({ caller, features })
    expect(list.ok && list.tools.map(({ name }) => name)).not.toContain('GitHub_CreateIssue')
    expect(list.ok && list.tools.map(({ name }) => name)).toContain('GitHub_ListIssues')
  })
})

describe('one consent for a gateway', () => {
  it('is enough for every tool of it, where the administrator wants that, and not otherwise', async () => {
    for (const oneConsent of [true, false]) {
      const world = await newWorld({ providers: { github: { oneConsent } } })
      world.answer(() => Response.json([]))
      const caller = await world.person('alice')
      await connectAccount(world, caller, alice)
      const other = await call(caller, 'GitHub_ListIssues', { repository: 'acme/web-shop' })
      expect([oneConsent, other.kind]).toEqual([oneConsent, oneConsent ? 'output' : 'refused'])
    }
  })
})

describe('which account a call uses', () => {
  it("is the service account's at a gateway that says so, for everybody, and nobody is asked to connect", async () => {
    const world = await newWorld({ providers: { github: { serviceAccount: 'reports' } } })
    world.answer(() => Response.json(user))
    const [one, other] = [await world.person('alice'), await world.person('bob')]
    const missing = await call(one, 'GitHub_WhoAmI')
    expect(missing).toMatchObject({ kind: 'refused', error: { code: 'vault/secret_missing' } })

    const id = await serviceAccountId(world.project, 'reports')
    const key = 'CANARY-key-of-reports'
    world.fixture.intercept = (request) => (request.path === '/me' ? Response.json({ id: '9', login: 'bot' }) : null)
    const wanted = { credential: { kind: 'api_key' as const, key }, scopes: ['read:user', 'repo'] }
    const by = { kind: 'admin' as const, id: 'root' }
    mustBe(await vaultOf(env, id).setCredential({ project: world.project, user: id }, 'github', wanted, by))
    for (const caller of [one, other]) expect((await call(caller, 'GitHub_WhoAmI')).kind).toBe('output')
    expect(world.requests.map((request) => request.headers.get('authorization'))).toEqual(
      Array(2).fill(`Bearer ${key}`),
    )

    // Called back like any other.
    await vaultOf(env, id).disconnectAll(by)
    await expect.poll(async () => (await call(one, 'GitHub_WhoAmI')).kind, { timeout: 5_000 }).toBe('refused')
  })

  it('is the one that is named, the default otherwise, and never one that the gateway does not allow', async () => {
    const world = await newWorld({ providers: { github: { accounts: ['alice-*', 'mal*'] } } })
    world.answer(() => Response.json(user))
    const caller = await world.person('alice')
    await connectAccount(world, caller, alice)
    const tokenOf = async (args: Record<string, string>): Promise<string | null | undefined> => {
      expect((await call(caller, 'GitHub_WhoAmI', args)).kind).toBe('output')
      return world.requests.at(-1)?.headers.get('authorization')
    }
    const first = await tokenOf({})
    expect(await tokenOf({ account: 'alice-dev' })).toBe(first)
    const unknown = await call(caller, 'GitHub_WhoAmI', { account: 'mallory' })
    expect(unknown).toMatchObject({ kind: 'refused', error: { code: 'vault/account_ambiguous' } })
    expect(unknown).toMatchObject({ error: { help: { text: expect.stringContaining('alice-dev') } } })

    await world.publish({ providers: { github: { accounts: ['mal*'] } } }, 1)
    // Alice's is not allowed here any more, so another is asked for, and only one that is.
    await connectAccount(world, caller, mallory)
    expect(await tokenOf({})).not.toBe(first)
    await world.publish({ providers: { github: { accounts: ['nobody'] } } }, 2)
    await expect(connectAccount(world, caller, alice)).rejects.toThrow('wrong_domain')
  })

  it('is asked of the person where several fit and none is the default, counts for that call, and is not remembered', async () => {
    const world = await newWorld({ providers: { github: { accounts: ['alice-*'] } } })
    world.answer(() => Response.json(user))
    const caller = await world.person('alice')
    const bob = { id: '2002', login: 'bob-dev', email: 'bob@acme.test' }
    await connectAccount(world, caller, alice)
    await world.publish({ providers: { github: { accounts: ['mal*'] } } }, 1)
    await connectAccount(world, caller, mallory)
    await world.publish({ providers: { github: { accounts: ['bob*'] } } }, 2)
    await connectAccount(world, caller, bob)
    await call(caller, 'GitHub_WhoAmI')
    const bobs = world.requests.at(-1)?.headers.get('authorization')
    await world.publish({ providers: { github: { accounts: ['mal*', 'bob*'] } } }, 3)

    const asked = await call(caller, 'GitHub_WhoAmI')
    expect(asked).toMatchObject({ kind: 'refused', error: { code: 'vault/account_ambiguous' } })
    if (asked.kind !== 'refused' || !asked.resume) throw new Error('nobody was asked')
    expect(asked.error.help?.choices?.toSorted()).toEqual(['bob-dev', 'mallory'])
    // The call's own id is random and may hold any digits.
    const told = JSON.stringify(asked).replaceAll(asked.callId, '')
    expect(told).not.toMatch(/CANARY|\b(2002|6666)\b/)
    const { resume } = asked
    const chosen = (account: string) => {
      const responses = { account: { action: 'accept', content: { account } } }
      return { resumed: { responses, state: resume } }
    }
    world.requests.length = 0
    expect((await call(caller, 'GitHub_WhoAmI', {}, chosen('bob-dev'))).kind).toBe('output')
    expect(world.requests.at(-1)?.headers.get('authorization')).toBe(bobs)
    // Whatever the client sends, only what is on the list is used.
    for (const account of ['alice-dev', 'nobody', '']) {
      const again = await call(caller, 'GitHub_WhoAmI', {}, chosen(account))
      expect([account, again]).toMatchObject([account, { error: { code: 'vault/account_ambiguous' } }])
    }
    // The next question of the same call knows what was chosen.
    const more = await call(caller, 'GitHub_ListIssues', { repository: 'acme/web-shop' }, chosen('bob-dev'))
    expect(more).toMatchObject({
      error: { code: 'vault/authorization_needed' },
      resume: { wait: 'authorization', account: 'bob-dev' },
    })
    const connectedMeanwhile = { responses: {}, state: more.kind === 'refused' ? more.resume : undefined }
    expect((await call(caller, 'GitHub_WhoAmI', {}, { resumed: connectedMeanwhile })).kind).toBe('output')
    expect(world.requests.at(-1)?.headers.get('authorization')).toBe(bobs)
    expect(await call(caller, 'GitHub_WhoAmI')).toMatchObject({ error: { code: 'vault/account_ambiguous' } })
    expect(world.requests).toHaveLength(2)
  })

  it('is not taken from an argument that means something else', async () => {
    const world = await newWorld()
    const caller = await world.person('alice')
    for (const account of ['', 'x'.repeat(201), 7, null]) {
      const reply = await call(caller, 'GitHub_WhoAmI', { account } as never)
      expect(reply).toMatchObject({
        kind: 'refused',
        error: { code: account === '' ? 'vault/authorization_needed' : 'runtime/invalid_arguments' },
      })
    }
  })
})
