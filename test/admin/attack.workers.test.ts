import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AdminRoute } from '../../src/admin/route.ts'
import { routes } from '../../src/admin/routes.ts'
import type { Role } from '../../src/identity/identity.ts'
import { admin, newAdminToken } from '../support/admin-client.ts'
import { recorded } from '../support/recorded.ts'

const theirs = 'theirs'
const ours = 'ours'
const roles = ['owner', 'admin', 'editor', 'auditor'] as const
const tokens = {} as Record<Role, string>
let theirOwner = ''

const keyOf = (route: AdminRoute): string => `${route.method} ${route.path}`

/** A value that passes the check of each parameter, query and body. A route without a row here fails the test. */
const bodies: Record<string, object> = {
  'POST /gateways/plan': { document: { kind: 'Gateway', name: 'ours-only' } },
  'POST /gateways/apply': { document: { kind: 'Gateway', name: 'ours-only' }, base: null },
  'POST /gateways/{name}/rollback': { to: 1, base: 2 },
  'POST /sessions/end': { match: { all: true }, gateway: 'their-gateway' },
  'POST /agents': { name: 'x', redirectUris: ['https://example.com/callback'] },
  'PATCH /agents/{id}': { disabled: true },
  'POST /keys': { kind: 'app', name: 'x', agent: 'x' },
  'POST /groups': { name: 'x' },
  'PUT /identity-providers/{id}': { issuer: 'https://idp.example', clientId: 'c' },
  'PUT /providers/{id}': { spec: 'github', clientId: 'c', clientSecret: 'canary-secret-p' },
  'PUT /secrets/{name}': { value: 'canary-secret-s' },
  'POST /service-accounts/{name}/credentials': {
    provider: 'github',
    scopes: ['repo'],
    credential: { kind: 'api_key', key: 'canary-secret-a' },
  },
  'POST /approvals/{id}/decide': { decision: 'approve' },
  'POST /gateways/{name}/explain': { given: { user: 'x', agent: 'x', tool: 'GitHub_WhoAmI' } },
  'POST /gateways/{name}/simulate': { document: { kind: 'Gateway', name: 'their-gateway' } },
  'POST /ledger/erase': { user: 'their-user' },
  'PUT /sinks/{id}': { settings: { kind: 'webhook', url: 'https://siem.example/in' }, secret: 'canary-secret-k' },
  'POST /upstreams/look': { url: 'https://mcp.example/mcp' },
  'PUT /upstreams/{id}': { url: 'https://mcp.example/mcp' },
  'POST /upstreams/{id}/sign-in': {},
  'POST /upstreams/{id}/list-as': { user: 'their-user' },
  'POST /upstreams/{id}/service': { serviceAccount: 'theirs', clientId: 'us', clientSecret: 'secret-secret' },
  'POST /upstreams/{id}/sync': {},
  'POST /upstreams/{id}/pins': { decisions: [{ kind: 'tool', name: 'x', decision: 'admit', hash: 'x' }] },
  'POST /users/{id}/erase': { reason: 'asked' },
  'POST /users/{id}/connections/revoke': { reason: 'asked' },
  'POST /connections/{id}/revoke': { reason: 'asked' },
  'POST /providers/{id}/connections/revoke': { reason: 'asked' },
  'PUT /retention': {},
  'POST /vault/rotate': { after: '' },
  'POST /vault/restore': { user: 'their-user', after: '' },
}
/** What a query has to say. */
const queries: Record<string, string> = {
  '/gateways/{name}/diff': 'from=1&to=1',
  '/gateways/{name}/who-can': 'tool=GitHub_WhoAmI',
  '/ledger/consistency': 'older=0&newer=0',
}
/** Looks at the server before it is saved, and there is none. */
const callsOut = new Set(['PUT /upstreams/{id}'])
/** All of the body may be left out, so an empty one is a proper one. */
const needsNoBody = new Set(['POST /upstreams/{id}/sign-in', 'POST /upstreams/{id}/sync'])
/** Streams that do not end, or that call out: test/admin/events.workers.test.ts and upstreams.workers.test.ts have them. */
const elsewhere = new Set(['GET /events/tail', 'POST /upstreams/look'])
const tested = routes.filter((route) => !elsewhere.has(keyOf(route)))
/** The other project's row that each parameter names. */
const theirIds: Record<string, string> = {
  '/gateways': 'their-gateway',
  '/agents': 'their-agent',
  '/keys': 'their-key',
  '/users': 'their-user',
  '/groups': 'their-group',
  '/identity-providers': 'their-idp',
  '/providers': 'github',
  '/secrets': 'THEIR_SECRET',
  '/service-accounts': 'their-bot',
  '/approvals': 'their-approval',
  '/events': '01920000-0000-7000-8000-000000000000',
  '/calls': '01920000-0000-7000-8000-000000000001',
  '/sinks': 'their-sink',
  '/upstreams': 'their-upstream',
  '/connections': 'their-connection',
}
/** PUT makes what is not there: it may not touch theirs. The list and create routes have no id. */
const makes = (route: AdminRoute): boolean => route.method === 'PUT' && !route.path.includes('/members/')

function urlOf(route: AdminRoute): string {
  const resource = `/${route.path.split('/')[1] ?? ''}`
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'version' ? '1' : name === 'user' ? 'their-user' : (theirIds[resource] ?? 'no-such-row'),
  )
  const query = queries[route.path]
  return query === undefined ? path : `${path}?${query}`
}

const send = (route: AdminRoute, token: string, options: Parameters<typeof admin>[3] = {}) =>
  admin<object>(route.method, urlOf(route), route.body ? bodies[keyOf(route)] : undefined, { token, ...options })

async function dump(project: string): Promise<string> {
  const tables = [
    'gateways',
    'gateway_versions',
    'agents',
    'keys',
    'users',
    'groups',
    'memberships',
    'identity_providers',
  ]
  const all = [...tables, 'providers', 'secrets', 'approvals', 'connections', 'sinks', 'upstreams']
  const rows = await env.DB.batch(
    all.map((table) => env.DB.prepare(`SELECT * FROM ${table} WHERE project = ? ORDER BY 2, 3, 4`).bind(project)),
  )
  return JSON.stringify(rows.map((one) => one.results))
}

beforeAll(async () => {
  for (const role of roles) tokens[role] = await newAdminToken(ours, role)
  theirOwner = await newAdminToken(theirs, 'owner')
  const document = { kind: 'Gateway', name: 'their-gateway' }
  for (const base of [null, 1]) {
    const sent = await admin(
      'POST',
      '/gateways/apply',
      { document: { ...document, pageSize: (base ?? 0) + 5 }, base },
      { token: theirOwner },
    )
    if (sent.status !== 200) throw new Error(`setting up failed with ${sent.status}`)
  }
  await env.DB.batch(
    [
      `INSERT INTO agents (project, id, kind, client_id, name, trust, created_at) VALUES ('theirs', 'their-agent', 'cimd', 'c', 'A', 'known', 0)`,
      `INSERT INTO keys (project, id, kind, hash, prefix, name, role, created_at, created_by) VALUES ('theirs', 'their-key', 'app', 'canary-hash', 'p', 'k', 'call', 0, 'x')`,
      `INSERT INTO users (project, id, kind, issuer, subject, name, created_at, updated_at) VALUES ('theirs', 'their-user', 'person', 'i', 's', 'Their person', 0, 0)`,
      `INSERT INTO groups (project, id, name, source) VALUES ('theirs', 'their-group', 'Their group', 'manual')`,
      `INSERT INTO memberships (project, user, "group", source) VALUES ('theirs', 'their-user', 'their-group', 'manual')`,
      `INSERT INTO identity_providers (project, id, issuer, client_id, sealed_secret, created_at) VALUES ('theirs', 'their-idp', 'https://i.example', 'c', 'canary-sealed', 0)`,
      `INSERT INTO providers (project, id, spec, client_id, sealed_secret, updated_at) VALUES ('theirs', 'github', '"github"', 'their-client', 'canary-sealed', 0)`,
      `INSERT INTO secrets (project, name, sealed, updated_at, updated_by) VALUES ('theirs', 'THEIR_SECRET', 'canary-sealed', 0, 'x')`,
      `INSERT INTO sinks (project, id, kind, settings, sealed_secret, updated_at) VALUES ('theirs', 'their-sink', 'webhook', '{"kind":"webhook","url":"https://siem.example/in"}', 'canary-sealed', 0)`,
      `INSERT INTO upstreams (project, id, url, updated_at) VALUES ('theirs', 'their-upstream', 'https://mcp.example/mcp', 0)`,
      `INSERT INTO connections (project, id, user, provider, account, label, scopes, status, is_default, generation, created_at, updated_at)
       VALUES ('theirs', 'their-connection', 'their-user', 'github', 'a', 'l', '[]', 'active', 1, 1, 0, 0)`,
      `INSERT INTO approvals (project, id, gateway, session, user, agent, tool, arguments_hash, sealed_arguments, rule, approvers, status, created_at, expires_at)
       VALUES ('theirs', 'their-approval', 'g', 's', 'their-user', 'a', 't', 'h', 'canary-sealed', 'r', '{}', 'pending', 0, 9999999999999)`,
    ].map((sql) => env.DB.prepare(sql)),
  )
})

describe.each(tested.map((route) => [keyOf(route), route] as const))('%s', (key, route) => {
  it('has what this test needs', () => {
    expect(route.body === undefined || key in bodies).toBe(true)
    expect(urlOf(route)).not.toContain('no-such-row')
  })

  it('answers 401 without a token, with a wrong one and with an app key', async () => {
    for (const token of [null, 'bh_adm_wrong', 'bh_app_wrong', `${tokens.owner}x`]) {
      expect(await admin(route.method, urlOf(route), undefined, { token })).toMatchObject({
        status: 401,
        body: { code: 'identity/unauthenticated' },
      })
    }
  })

  it("neither shows nor changes another project's rows", async () => {
    const before = await dump(theirs)
    const answer = await send(route, await newAdminToken(`stranger to ${key}`, 'owner'))
    const namesTheirs = route.path.includes('{') || key === 'POST /sessions/end'
    const done = callsOut.has(key) ? 502 : route.kind === 'change' ? route.status : 200
    expect(answer.status).toBe(namesTheirs && !makes(route) ? 404 : done)
    // Only the name they asked for is said back to them.
    const shown = JSON.stringify(answer.body).replace(`There is nothing by this name: ${theirIds['/keys']}.`, '')
    expect(shown).not.toMatch(/canary|Their|their-client|their-key/)
    expect(await dump(theirs)).toBe(before)
  })

  it('refuses every role below its own, and says so in the record', async () => {
    for (const role of roles.slice(roles.indexOf(route.role) + 1)) {
      const before = await dump(ours)
      expect(await send(route, tokens[role])).toMatchObject({ status: 403, body: { code: 'identity/forbidden' } })
      expect(await dump(ours)).toBe(before)
    }
    if (route.role === 'auditor') return
    const events = await recorded(ours, 'admin.changed')
    expect(events.some(({ attributes }) => attributes['target'] === key && attributes['action'] === 'forbidden')).toBe(
      true,
    )
  })

  it("refuses another site's page, whatever it carries", async () => {
    const before = await dump(ours)
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await send(route, tokens.owner, { headers: headers as Record<string, string> })
      expect(answer).toMatchObject({ status: 403, body: { code: 'identity/not_same_site' } })
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect(await dump(ours)).toBe(before)
  })

  it('takes a body as application/json only, and only a proper one', async () => {
    if (!route.body) return
    const before = await dump(ours)
    const text = JSON.stringify(bodies[key])
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
      const answer = await send(route, tokens.owner, { raw: text, headers: { 'content-type': type } })
      expect(answer).toMatchObject({ status: 415, body: { code: 'admin/media_type' } })
    }
    for (const raw of ['', '{', '[]', '{"a":1,"a":2}', '\ufeff{}', '['.repeat(100_000), '"x"', 'null']) {
      if (needsNoBody.has(key) && raw === '') continue
      expect((await send(route, tokens.owner, { raw })).status).toBe(400)
    }
    const extra = JSON.stringify({ ...bodies[key], project: theirs })
    expect((await send(route, tokens.owner, { raw: extra })).status).toBe(400)
    expect((await send(route, tokens.owner, { raw: JSON.stringify('x'.repeat(1_100_000)) })).status).toBe(413)
    expect(await dump(ours)).toBe(before)
  })
})

describe('what an administrator types into a search', () => {
  const hostile = ["' OR 1=1--", '%', '_', "x'; DROP TABLE users;--", '\\', '" OR ""="', "') OR ('1'='1"]

  it.each(hostile)('is text and nothing else: %s', async (q) => {
    const answer = await admin<{ items: object[] }>('GET', `/users?q=${encodeURIComponent(q)}`, undefined, {
      token: theirOwner,
    })
    expect(answer).toMatchObject({ status: 200, body: { items: [] } })
  })

  it('finds by a part of the name', async () => {
    const answer = await admin('GET', '/users?q=person', undefined, { token: theirOwner })
    expect(answer.body).toMatchObject({ items: [{ id: 'their-user' }] })
  })

  it.each(['limit=0', 'limit=201', 'limit=x', 'cursor=%27', 'cursor=e30', 'order=name', 'limit=1&limit=2', 'active=1'])(
    'is refused when it is no query of the list: %s',
    async (query) => {
      expect(await admin('GET', `/users?${query}`, undefined, { token: theirOwner })).toMatchObject({ status: 400 })
    },
  )
})

describe('a key', () => {
  it('of an owner is made by an owner only', async () => {
    const owner = { kind: 'admin', name: 'x', role: 'owner' }
    expect(await admin('POST', '/keys', owner, { token: tokens.admin })).toMatchObject({ status: 403 })
    const made = await admin<{ token: string }>('POST', '/keys', owner, { token: tokens.owner })
    expect(made.status).toBe(201)
    expect(await admin('GET', '/me', undefined, { token: made.body.token })).toMatchObject({
      body: { project: ours, role: 'owner' },
    })
  })

  it('is shown once, and neither it nor its hash ever again', async () => {
    const made = await admin<{ token: string; key: { id: string } }>(
      'POST',
      '/keys',
      { kind: 'admin', name: 'once', role: 'auditor' },
      { token: tokens.owner },
    )
    const { token, key } = made.body
    const list = JSON.stringify((await admin('GET', '/keys', undefined, { token: tokens.owner })).body)
    expect(list).toContain(key.id)
    expect(list).not.toContain(token)
    expect(JSON.stringify(await recorded(ours, 'admin.changed'))).not.toContain(token)
    expect(await admin('DELETE', `/keys/${key.id}`, undefined, { token: tokens.owner })).toMatchObject({ status: 200 })
    expect(await admin('GET', '/me', undefined, { token })).toMatchObject({ status: 401 })
  })
})

describe('a secret', () => {
  it('goes in and never comes out', async () => {
    const token = tokens.owner
    const canary = 'canary-7c41-value'
    const sent = [
      await admin('PUT', '/secrets/API_KEY', { value: canary }, { token }),
      await admin('PUT', '/providers/github', { clientId: 'c', clientSecret: canary }, { token }),
      await admin(
        'PUT',
        '/identity-providers/okta',
        { issuer: 'https://i.example', clientId: 'c', clientSecret: canary },
        { token },
      ),
    ]
    expect(sent.map((one) => one.status)).toEqual([200, 200, 200])
    const seen = [JSON.stringify(sent), await dump(ours), JSON.stringify(await recorded(ours, 'admin.changed'))]
    for (const route of tested.filter((one) => one.method === 'GET' && !one.path.includes('{'))) {
      seen.push(JSON.stringify((await send(route, token)).body))
    }
    const payloads = await env.DB.prepare('SELECT payload FROM events WHERE project = ?').bind(ours).all()
    seen.push(JSON.stringify(payloads.results))
    for (const text of seen) expect(text).not.toContain(canary)
    expect(await admin('GET', '/providers/github', undefined, { token })).toMatchObject({ body: { hasSecret: true } })
  })

  it('is not kept for another place than the one it was given for', async () => {
    const token = tokens.owner
    const moved = { issuer: 'https://evil.example', clientId: 'c' }
    expect(await admin('PUT', '/identity-providers/okta', moved, { token })).toMatchObject({ status: 400 })
    const sink = (url: string, secret?: string) => ({ settings: { kind: 'webhook', url }, ...(secret && { secret }) })
    const given = await admin('PUT', '/sinks/siem', sink('https://siem.example/in', 'canary-k'), { token })
    expect(given).toMatchObject({ status: 200 })
    const elsewhere = await admin('PUT', '/sinks/siem', sink('https://evil.example/in'), { token })
    expect(elsewhere).toMatchObject({ status: 400 })
    const origins = { settings: { origins: { 'https://github.com': 'https://evil.example' } }, clientId: 'c' }
    expect(await admin('PUT', '/providers/github', origins, { token })).toMatchObject({ status: 400 })
    expect(await admin('PUT', '/providers/github', { clientId: 'other' }, { token })).toMatchObject({
      status: 200,
      body: { clientId: 'other', hasSecret: true },
    })
  })
})
