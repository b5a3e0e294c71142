import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/audit.ts'
import { ledgerOf, recordEvents } from '../../src/audit/audit.ts'
import { uuidv7 } from '../../src/core/ids.ts'
import type { Answer } from '../support/admin-client.ts'
import { admin as asAdmin, newAdminToken } from '../support/admin-client.ts'
import { newName } from '../support/gateway-fixtures.ts'

const project = `policy-${crypto.randomUUID()}`
const token = await newAdminToken(project, 'owner')
const admin = <Body = never>(method: string, path: string, body?: unknown): Promise<Answer<Body>> =>
  asAdmin<Body>(method, path, body, { token })

const name = newName()
const rules = {
  user: [
    { id: 'readers', effect: 'permit', users: { groups: ['engineering'] }, tools: { operations: ['read'] } },
    { id: 'writers', effect: 'permit', users: { groups: ['leads'] }, when: { argument: 'repository', eq: 'acme/web' } },
  ],
  agent: [{ id: 'known', effect: 'permit', agents: { trust: ['known'] } }],
}
const documentWith = (more: object) => ({
  kind: 'Gateway',
  name,
  for: { everyone: true },
  tools: [{ toolkit: 'GitHub' }],
  rules,
  ...more,
})
const withRules = (user: object[]) => documentWith({ rules: { ...rules, user: [...rules.user, ...user] } })

beforeAll(async () => {
  const at = Date.now()
  const person = env.DB.prepare(
    `INSERT INTO users (project, id, kind, issuer, subject, name, email, active, created_at, updated_at)
     VALUES (?, ?, 'person', 'https://idp.example', ?, ?, ?, ?, ?, ?)`,
  )
  const group = env.DB.prepare(`INSERT INTO groups (project, id, name, source) VALUES (?, ?, ?, 'manual')`)
  const member = env.DB.prepare(`INSERT INTO memberships (project, user, "group", source) VALUES (?, ?, ?, 'manual')`)
  const agent = env.DB.prepare(
    `INSERT INTO agents (project, id, kind, client_id, name, trust, disabled, created_at) VALUES (?, ?, 'registered', ?, ?, ?, ?, ?)`,
  )
  await env.DB.batch([
    ...['alice', 'bob', 'carol'].map((who) => person.bind(project, who, who, who, `${who}@example.com`, 1, at, at)),
    person.bind(project, 'gone', 'gone', 'gone', null, 0, at, at),
    ...['engineering', 'leads'].map((id) => group.bind(project, id, id)),
    member.bind(project, 'alice', 'engineering'),
    member.bind(project, 'bob', 'engineering'),
    member.bind(project, 'bob', 'leads'),
    member.bind(project, 'gone', 'engineering'),
    agent.bind(project, 'a-desk', 'desk', 'Desk', 'known', 0, at),
    agent.bind(project, 'a-odd', 'odd', 'Odd', 'unknown', 0, at),
    agent.bind(project, 'a-off', 'off', 'Off', 'known', 1, at),
  ])
  await admin('POST', '/gateways/apply', { document: documentWith({}), base: null })
})

describe('explain by the admin API', () => {
  const explain = (given: object, more: object = {}) =>
    admin('POST', `/gateways/${name}/explain`, {
      given: { agent: 'desk', tool: 'GitHub_CreateIssue', ...given },
      ...more,
    })

  it('says what would be decided about people and agents as they are, and what would change it', async () => {
    expect(await explain({ user: 'alice', tool: 'GitHub_ListIssues' })).toMatchObject({
      status: 200,
      body: { decision: { effect: 'permit', version: `${name}@1`, rules: ['readers', 'known'] }, listed: true },
    })
    expect(await explain({ user: 'bob@example.com', arguments: { repository: 'acme/api' } })).toMatchObject({
      body: {
        decision: { effect: 'deny' },
        listed: true,
        changes: [{ term: 'user', rule: 'writers', enough: true }],
      },
    })
    expect(await explain({ user: 'alice' })).toMatchObject({ body: { listed: false } })
    expect(await explain({ user: 'bob', agent: 'odd', arguments: { repository: 'acme/web' } })).toMatchObject({
      body: { decision: { effect: 'deny' }, changes: [{ term: 'agent', rule: 'known', enough: true }] },
    })
  })

  it('explains a draft', async () => {
    const draft = withRules([{ id: 'frozen', effect: 'forbid' }])
    expect(await explain({ user: 'bob', arguments: { repository: 'acme/web' } }, { document: draft })).toMatchObject({
      body: { decision: { effect: 'deny', rules: ['frozen'] } },
    })
  })

  it('knows when the gateway does not offer it, or is not for this person', async () => {
    expect(await explain({ user: 'bob', tool: 'Slack_Post' })).toMatchObject({
      body: { decision: { effect: 'deny', terms: [{ name: 'gateway', holds: false }, {}, {}, {}, {}, {}, {}] } },
    })
    const draft = documentWith({ for: { groups: ['leads'] } })
    expect(await explain({ user: 'alice', tool: 'GitHub_ListIssues' }, { document: draft })).toMatchObject({
      body: { decision: { effect: 'deny' }, changes: [{ term: 'gateway', enough: true }] },
    })
  })

  it('says what it does not know', async () => {
    expect(await explain({ user: 'nobody' })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('given.user') as string },
    })
    expect(await explain({ user: 'bob', agent: 'none' })).toMatchObject({ status: 400 })
    expect(
      await admin('POST', '/gateways/none/explain', { given: { user: 'bob', agent: 'desk', tool: 'x' } }),
    ).toMatchObject({ status: 404 })
    expect(await explain({ user: 'bob', tol: 'x' })).toMatchObject({ status: 400 })
  })

  it('is not for another project', async () => {
    const other = await newAdminToken(`other-${crypto.randomUUID()}`, 'owner')
    const given = { user: 'bob', agent: 'desk', tool: 'GitHub_ListIssues' }
    expect(await asAdmin('POST', `/gateways/${name}/explain`, { given }, { token: other })).toMatchObject({
      status: 404,
    })
  })
})

describe('who can call, by the admin API', () => {
  it('lists people and agents that are still there, with the rules', async () => {
    const found = await admin('GET', `/gateways/${name}/who-can?tool=GitHub_ListIssues`)
    expect(found.body).toEqual({
      items: [
        { user: 'alice', name: 'alice', agent: 'a-desk', clientId: 'desk', may: 'always', rules: ['readers', 'known'] },
        {
          user: 'bob',
          name: 'bob',
          agent: 'a-desk',
          clientId: 'desk',
          may: 'always',
          rules: ['readers', 'writers', 'known'],
        },
      ],
      nextCursor: null,
    })
    expect(await admin('GET', `/gateways/${name}/who-can?tool=GitHub_CreateIssue&limit=1`)).toMatchObject({
      body: { items: [], nextCursor: expect.any(String) as string },
    })
    expect(await admin('GET', `/gateways/${name}/who-can?tool=Slack_Post`)).toMatchObject({ status: 404 })
  })
})

describe("explain with the company's decision point", () => {
  it('shows it as a term that is assumed to permit, or says what is asked to be assumed', async () => {
    const document = documentWith({ decisionPoint: { url: 'https://pdp.acme.test/access/v1/evaluation' } })
    const given = { user: 'alice', agent: 'desk', tool: 'GitHub_ListIssues' }
    const explain = (more: object) =>
      admin('POST', `/gateways/${name}/explain`, { given: { ...given, ...more }, document })
    const external = (holds: boolean, actual: string) => ({
      decision: {
        effect: holds ? 'permit' : 'deny',
        terms: expect.arrayContaining([
          expect.objectContaining({ name: 'external', holds, because: [expect.objectContaining({ actual })] }),
        ]),
      },
    })
    expect((await explain({})).body).toMatchObject(external(true, 'assumed, it is asked when a call is made'))
    const denied = await explain({ decisionPoint: 'unavailable' })
    expect(denied.body).toMatchObject({
      ...external(false, 'given'),
      changes: [{ term: 'external', what: "The company's decision point said unavailable.", enough: true }],
    })
  })
})

describe('simulate by the admin API', () => {
  const event = (type: AuditEvent['type'], more: Partial<AuditEvent>): AuditEvent => ({
    id: uuidv7(Date.now()),
    type,
    at: Date.now(),
    project,
    gateway: name,
    user: 'bob',
    agent: 'a-desk',
    attributes: {},
    ...more,
  })
  const called = (call: string, session: string, repository: string, more: Partial<AuditEvent> = {}): AuditEvent[] => [
    event('tool.intent', {
      call,
      session,
      tool: 'GitHub_CreateIssue',
      decision: 'permit',
      payload: { arguments: { repository, title: 'x' } },
      ...more,
    }),
    event('tool.outcome', { call, session, tool: 'GitHub_CreateIssue', decision: 'permit', outcome: 'done', ...more }),
  ]

  beforeAll(async () => {
    const session = crypto.randomUUID()
    await recordEvents(env, [
      event('session.started', { session }),
      ...called('c1', session, 'acme/web'),
      ...called('c2', session, 'acme/web'),
    ])
    await recordEvents(env, [
      event('tool.refused', {
        call: 'c3',
        session,
        tool: 'GitHub_CreateIssue',
        decision: 'deny',
        payload: { arguments: { repository: 'acme/api' } },
      }),
      ...called('c4', session, 'acme/web', { user: 'erased' }),
      event('tool.refused', {
        call: 'c5',
        session,
        tool: 'GitHub_CreateIssue',
        decision: 'deny',
        payload: {
          arguments: { repository: 'acme/web' },
          decision: { terms: [{ name: 'external', holds: false, because: [] }] },
        },
      }),
    ])
    await ledgerOf(env, project).settle()
  })

  it('says which recorded calls a draft would decide otherwise, and why', async () => {
    const draft = withRules([{ id: 'one-issue', effect: 'forbid', when: { after: { tools: ['GitHub_CreateIssue'] } } }])
    expect(await admin('POST', `/gateways/${name}/simulate`, { document: draft })).toMatchObject({
      status: 200,
      body: {
        calls: 4,
        same: 3,
        notReproduced: 0,
        unreadable: 1,
        flips: [
          {
            from: 'permit',
            to: 'deny',
            tool: 'GitHub_CreateIssue',
            agent: 'desk',
            rules: ['one-issue'],
            calls: 1,
            examples: ['c2'],
          },
        ],
      },
    })
  })

  it('sees nothing where nothing changes, and takes the last calls', async () => {
    expect(await admin('POST', `/gateways/${name}/simulate`, { document: documentWith({}), last: 2 })).toMatchObject({
      body: { calls: 2, flips: [] },
    })
  })

  it('refuses a draft of another gateway, and one that is not valid', async () => {
    const other = { ...documentWith({}), name: newName() }
    expect(await admin('POST', `/gateways/${name}/simulate`, { document: other })).toMatchObject({ status: 400 })
    const invalid = documentWith({ rules: { user: [{ id: 'r', effect: 'allow' }] } })
    expect(await admin('POST', `/gateways/${name}/simulate`, { document: invalid })).toMatchObject({ status: 422 })
  })
})
