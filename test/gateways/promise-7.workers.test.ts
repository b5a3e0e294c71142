import { runDurableObjectAlarm } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Hub } from '../../src/gateways/gateways.ts'
import { hubName } from '../../src/gateways/gateways.ts'
import type { GatewayId, ProjectId } from '../../src/core/ids.ts'
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
  return { name, gateway: id as GatewayId, key: made.body.key, apply, list, userOf, documentOf }
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
