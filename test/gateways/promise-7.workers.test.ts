import { runDurableObjectAlarm } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Hub } from '../../src/gateways/gateways.ts'
import { hubName, openChanges } from '../../src/gateways/gateways.ts'
import type { AgentId, GatewayId, GrantId, ProjectId, UserId } from '../../src/core/ids.ts'
import { sessionId } from '../../src/core/ids.ts'
import { admin } from '../support/admin-client.ts'
import { modern, read } from '../support/fake-front.ts'
import { newName } from '../support/gateway-fixtures.ts'
import { testVars } from '../support/test-vars.ts'

/**
 * Promise 7: a kill switch, a published change, a disconnect or an offboarding holds for live sessions within 5 s, and for new
 * calls at once. Through the whole Worker: an agent with an app key, the admin API, the real Session and Hub.
 */
const issuer = 'https://idp.example'
const openRules = { user: [{ id: 'u', effect: 'permit' }], agent: [{ id: 'a', effect: 'permit' }] }

type Outcome = { status: number; tools: string[]; code?: string }

async function world() {
  const name = newName()
  const agent = `bot-${name}`.slice(0, 40)
  const made = await admin<{ token: string; key: { id: string; agent: string } }>('POST', '/keys', {
    kind: 'app',
    name: agent,
    agent,
    actsFor: issuer,
  })
  const documentOf = (include: string[], more: object = {}) => ({
    kind: 'Gateway',
    name,
    for: { everyone: true },
    signIn: { modes: ['app_key'] },
    tools: [{ toolkit: 'GitHub', include }],
    rules: openRules,
    ...more,
  })
  let base: number | null = null
  const apply = async (include: string[], more: object = {}) => {
    const answer = await admin<{ version: number }>('POST', '/gateways/apply', {
      document: documentOf(include, more),
      base,
    })
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
    base = answer.body.version
  }
  await apply(['WhoAmI'])

  const list = async (person = 'alice'): Promise<Outcome> => {
    const url = `${testVars.BEHALF_PUBLIC_URL}/${name}/mcp`
    const headers = { authorization: `Bearer ${made.body.token}`, 'behalf-user': `${issuer}|${person}-${name}` }
    const response = await exports.default.fetch(modern({ method: 'tools/list' }, { url, headers }))
    const { result } = await read(response.clone() as Response)
    const tools = (result?.['tools'] ?? []) as { name: string }[]
    return { status: response.status, tools: tools.map((tool) => tool.name.replace(/^GitHub_/, '')) }
  }
  const { id } = (await admin<{ id: string }>('GET', `/gateways/${name}`)).body
  const userOf = async (person: string) => {
    const found = await admin<{ items: { id: string }[] }>('GET', `/users?q=${person}-${name}`)
    return found.body.items[0]?.id ?? ''
  }
  const changes = async (person: string) => {
    const project = 'default' as ProjectId
    const [user, agent] = [await userOf(person), made.body.key.agent]
    const grant = `key:${made.body.key.id}` as GrantId
    const session = await sessionId(project, id as GatewayId, user as UserId, agent as AgentId, grant)
    const opened = await openChanges(env, { project, gateway: id as GatewayId }, { user, agent, session })
    if (!opened.ok) throw new Error(opened.error.code)
    return opened.value.getReader()
  }
  return { name, gateway: id as GatewayId, key: made.body.key, apply, list, userOf, documentOf, changes }
}

async function within5s(until: () => Promise<boolean>): Promise<boolean> {
  const giveUpAt = Date.now() + 5_000
  while (!(await until())) {
    if (Date.now() > giveUpAt) return false
    await scheduler.wait(50)
  }
  return true
}

const seen = ({ status, tools }: Outcome) => (status === 200 ? tools : status)

describe('a live session', () => {
  it('has a published change when the publisher has the answer', async () => {
    const { apply, list } = await world()
    expect(seen(await list())).toEqual(['WhoAmI'])
    await apply(['ListIssues'])
    expect(seen(await list())).toEqual(['ListIssues'])
    await apply(['WhoAmI'], { rules: { user: [], agent: [] } })
    expect(seen(await list())).toEqual([])
  })

  it('is shut out when the gateway stops being for the person', async () => {
    const { apply, list } = await world()
    expect(seen(await list())).toEqual(['WhoAmI'])
    await apply(['WhoAmI'], { for: { groups: ['nobody'] } })
    expect((await list()).status).not.toBe(200)
    expect((await list('bob')).status).toBe(403)
  })

  it('ends by the kill switch of its gateway, and none begins', async () => {
    const { name, list } = await world()
    await list()
    expect((await admin('POST', `/gateways/${name}/disable`)).body).toMatchObject({ sessions: 1, pending: 0 })
    expect((await list()).status).not.toBe(200)
    expect((await list('carol')).status).not.toBe(200)
    await admin('POST', `/gateways/${name}/enable`)
    expect((await list('carol')).status).toBe(200)
  })

  it('ends with the person, here and now, and everybody else stays', async () => {
    const { list, userOf } = await world()
    await Promise.all([list(), list('bob')])
    const done = await admin('POST', `/users/${await userOf('alice')}/deactivate`)
    expect(done).toMatchObject({ status: 200, body: { active: false } })
    expect((await list()).status).toBe(401)
    expect(seen(await list('bob'))).toEqual(['WhoAmI'])
  })

  it('ends with its agent', async () => {
    const { list, key } = await world()
    await list()
    expect(await admin('PATCH', `/agents/${key.agent}`, { disabled: true })).toMatchObject({ status: 200 })
    expect((await list()).status).toBe(401)
    expect((await list('carol')).status).toBe(401)
  })

  it('ends with its key', async () => {
    const { list, key } = await world()
    await list()
    expect(await admin('DELETE', `/keys/${key.id}`)).toMatchObject({ status: 200 })
    expect((await list()).status).toBe(401)
    expect(await within5s(async () => (await list('carol')).status === 401)).toBe(true)
  })

  it('ends by the kill switch for sessions, and may begin again elsewhere', async () => {
    const { name, list, userOf } = await world()
    await Promise.all([list(), list('bob')])
    const match = { user: await userOf('alice') }
    expect(await admin('POST', '/sessions/end', { match, gateway: name })).toMatchObject({
      body: { sessions: 1, pending: 0 },
    })
    expect((await list()).status).toBe(401)
    expect(seen(await list('bob'))).toEqual(['WhoAmI'])
  })

  it('goes by the groups of its person as soon as an administrator has the answer, and the client hears of its list', async () => {
    const { name, apply, list, userOf, changes } = await world()
    const group = `staff-${name}`
    const staffOnly = { ...openRules, user: [{ id: 'u', effect: 'permit', users: { groups: [group] } }] }
    await apply(['WhoAmI'], { rules: staffOnly })
    expect(seen(await list())).toEqual([])
    expect(seen(await list('bob'))).toEqual([])
    const [alice, bob] = [await changes('alice'), await changes('bob')]
    const made = async (called: string) => (await admin<{ id: string }>('POST', '/groups', { name: called })).body.id
    const [staff, other] = [await made(group), await made(`other-${name}`)]
    const member = async (method: string, of: string) =>
      expect(await admin(method, `/groups/${of}/members/${await userOf('alice')}`)).toMatchObject({ status: 200 })

    await member('PUT', staff)
    expect(seen(await list())).toEqual(['WhoAmI'])
    expect((await alice.read()).value).toEqual({ kind: 'changed', lists: ['tools'] })
    // A group that no rule asks for changes no list, so what is heard next is of the one that does.
    await member('PUT', other)
    await member('DELETE', staff)
    expect(seen(await list())).toEqual([])
    expect((await alice.read()).value).toEqual({ kind: 'changed', lists: ['tools'] })
    await member('PUT', staff)
    expect(await admin('DELETE', `/groups/${staff}`)).toMatchObject({ status: 200 })
    expect(seen(await list())).toEqual([])
    await apply(['ListIssues'], { rules: staffOnly })
    expect((await bob.read()).value).toMatchObject({ kind: 'published' })
    await Promise.all([alice.cancel(), bob.cancel()])
  })

  it('goes by how far its agent is trusted, at once', async () => {
    const { key, apply, list } = await world()
    const trusted = { id: 'a', effect: 'permit', agents: { trust: ['trusted'] } }
    await apply(['WhoAmI'], { rules: { ...openRules, agent: [trusted] } })
    expect(seen(await list())).toEqual([])
    expect(await admin('PATCH', `/agents/${key.agent}`, { trust: 'trusted' })).toMatchObject({ status: 200 })
    expect(seen(await list())).toEqual(['WhoAmI'])
    await admin('PATCH', `/agents/${key.agent}`, { trust: 'known' })
    expect(seen(await list())).toEqual([])
    expect(seen(await list('bob'))).toEqual([])
  })

  it('is closed to who leaves the group that the gateway is for, and open again to who comes back', async () => {
    const { name, apply, list, userOf } = await world()
    await list()
    const { id } = (await admin<{ id: string }>('POST', '/groups', { name: `team-${name}` })).body
    const member = `/groups/${id}/members/${await userOf('alice')}`
    await admin('PUT', member)
    await apply(['WhoAmI'], { for: { groups: [`team-${name}`] } })
    expect(seen(await list())).toEqual(['WhoAmI'])
    await admin('DELETE', member)
    expect((await list()).status).toBe(403)
    await admin('PUT', member)
    expect(seen(await list())).toEqual(['WhoAmI'])
  })

  it('takes up an edit of D1 when the Hub looks', async () => {
    const { gateway, list, documentOf } = await world()
    await list()
    const { parseDocument } = await import('../../src/gateways/gateways.ts')
    const { documentHash } = await import('../../src/gateways/hash.ts')
    const { versionStatements } = await import('../../src/gateways/version-statements.ts')
    const document = parseDocument(documentOf(['GetPullRequest']))
    if (!document.ok) throw new Error(document.error.message)
    const version = {
      project: 'default',
      gateway,
      document: document.value,
      documentHash: await documentHash(document.value),
      base: 1,
      now: 1,
      by: 'wrangler',
      note: null,
    }
    await env.DB.batch(versionStatements(version).map(({ sql, values }) => env.DB.prepare(sql).bind(...values)))
    expect(seen(await list())).toEqual(['WhoAmI'])
    const hub = env.HUB.getByName(hubName('default' as ProjectId, gateway)) as DurableObjectStub<Hub>
    await runDurableObjectAlarm(hub)
    expect(seen(await list())).toEqual(['GetPullRequest'])
  })
})
