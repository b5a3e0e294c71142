import { describe, expect, it } from 'vitest'
import { admin } from '../support/admin-client.ts'
import { newName } from '../support/gateway-fixtures.ts'
import { recorded } from '../support/recorded.ts'

const documentOf = (name: string, more: object = {}) => ({ kind: 'Gateway', name, for: { everyone: true }, ...more })

async function applied(name: string, base: number | null, more: object = {}) {
  const answer = await admin('POST', '/gateways/apply', { document: documentOf(name, more), base })
  expect(answer).toMatchObject({ status: 200 })
  return answer.body
}

describe('gateways by the admin API', () => {
  it('plans, applies, shows and lists', async () => {
    const name = newName()
    const document = documentOf(name, { tools: [{ toolkit: 'GitHub', include: ['WhoAmI'] }] })
    expect(await admin('POST', '/gateways/plan', { document })).toMatchObject({
      status: 200,
      body: { action: 'create', base: null, tools: [expect.stringContaining('WhoAmI')] },
    })
    expect((await admin('GET', `/gateways/${name}`)).status).toBe(404)
    expect(await admin('POST', '/gateways/apply', { document, base: null, note: 'first' })).toMatchObject({
      status: 200,
      body: { name, version: 1, changed: true, reach: { pending: 0 } },
    })
    expect(await admin('GET', `/gateways/${name}`)).toMatchObject({
      body: { version: 1, enabled: true, document: { name, tools: [{ toolkit: 'GitHub' }] }, live: { version: 1 } },
    })
    expect(await admin('POST', '/gateways/plan', { document })).toMatchObject({ body: { action: 'none', base: 1 } })
    const changed = { ...document, instructions: 'Be kind.' }
    expect(await admin('POST', '/gateways/plan', { document: changed })).toMatchObject({
      body: { action: 'update', differences: [{ path: 'instructions', before: '', after: 'Be kind.' }] },
    })
  })

  it('keeps every version, compares them and goes back', async () => {
    const name = newName()
    await applied(name, null)
    await applied(name, 1, { pageSize: 7 })
    await applied(name, 2, { pageSize: 8 })
    const first = await admin<{ items: { version: number }[]; nextCursor: string }>(
      'GET',
      `/gateways/${name}/versions?limit=2`,
    )
    expect(first.body.items.map((one) => one.version)).toEqual([3, 2])
    const rest = await admin<{ items: object[] }>(
      'GET',
      `/gateways/${name}/versions?limit=2&cursor=${first.body.nextCursor}`,
    )
    expect(rest.body).toMatchObject({ items: [{ version: 1 }], nextCursor: null })
    expect(await admin('GET', `/gateways/${name}/diff?from=2&to=3`)).toMatchObject({
      body: { differences: [{ path: 'pageSize', before: 7, after: 8 }] },
    })
    expect(await admin('POST', `/gateways/${name}/rollback`, { to: 2, base: 3 })).toMatchObject({
      body: { version: 4, changed: true },
    })
    expect(await admin('GET', `/gateways/${name}/versions/4`)).toMatchObject({
      body: { document: { pageSize: 7 }, note: 'back to version 2' },
    })
    expect(await admin('GET', `/gateways/${name}/versions/9`)).toMatchObject({ status: 404 })
  })

  it('lets one of two applies at once win and tells the other', async () => {
    const name = newName()
    await applied(name, null)
    const both = await Promise.all(
      ['a', 'b'].map((description) =>
        admin('POST', '/gateways/apply', { document: documentOf(name, { description }), base: 1 }),
      ),
    )
    expect(both.map((one) => one.status).toSorted((a, b) => a - b)).toEqual([200, 409])
    expect(both.find((one) => one.status === 409)?.body).toMatchObject({
      code: 'gateways/conflict',
      detail: expect.stringMatching(/Plan again/) as string,
    })
  })

  it('refuses a document whose rule tests fail, and keeps the live version', async () => {
    const name = newName()
    await applied(name, null)
    const rules = {
      user: [{ id: 'all', effect: 'permit' }],
      agent: [{ id: 'any-agent', effect: 'permit' }],
      tests: { cases: [{ name: 'nobody deletes', given: { tool: 'GitHub_Delete' }, expect: 'deny' }] },
    }
    for (const path of ['/gateways/plan', '/gateways/apply']) {
      const base = path.endsWith('apply') ? { base: 1 } : {}
      expect(await admin('POST', path, { document: documentOf(name, { rules }), ...base })).toMatchObject({
        status: 422,
        body: {
          code: 'gateways/invalid',
          faults: [
            { path: 'rules.tests.cases[0]', message: expect.stringContaining('"nobody deletes" fails') as string },
          ],
        },
      })
    }
    expect(await admin('GET', `/gateways/${name}`)).toMatchObject({ body: { version: 1 } })
    const forbid = { id: 'no-deletes', effect: 'forbid', tools: { names: ['*_Delete*'] } }
    await applied(name, 1, { rules: { ...rules, user: [...rules.user, forbid] } })
  })

  it('warns of rules that are probably a mistake', async () => {
    const document = documentOf(newName(), {
      tools: [{ toolkit: 'GitHub', include: ['WhoAmI'] }],
      rules: {
        user: [{ id: 'r', effect: 'permit', tools: { names: ['GitHub_WhoIAm'] } }],
        agent: [{ id: 'a', effect: 'forbid', when: { any: [{ taint: ['untrusted:tool', 'private:*'] }] } }],
      },
      screening: { taints: [{ results: { upstreams: ['wbe'] } }] },
    })
    expect(await admin('POST', '/gateways/plan', { document })).toMatchObject({
      status: 200,
      body: {
        warnings: [
          { rule: 'r', kind: 'unknown_tool', message: 'No tool is called GitHub_WhoIAm.' },
          { rule: 'r', kind: 'no_tool' },
          { rule: null, kind: 'unreachable_tool' },
          { rule: null, message: 'screening.taints[0] is about nothing that is offered.' },
          { rule: 'a', kind: 'never_holds', message: 'No result here gives the label untrusted:tool.' },
          { rule: 'a', kind: 'never_holds', message: 'No result here gives the label private:*.' },
        ],
      },
    })
  })

  it('says what is wrong with a document, and where', async () => {
    const name = newName()
    const document = documentOf(name, { tools: [{ toolkit: 'GitHub', include: ['CreateIsue'] }], pageSize: 1 })
    const answer = await admin<{ faults: object[] }>('POST', '/gateways/apply', { document, base: null })
    expect(answer).toMatchObject({ status: 422, body: { code: 'gateways/invalid' } })
    expect(answer.body.faults).toMatchObject([{ path: 'tools[0].include' }])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect((await admin('GET', `/gateways/${name}`)).status).toBe(404)
  })

  it('switches a gateway off and on', async () => {
    const name = newName()
    await applied(name, null)
    expect(await admin('POST', `/gateways/${name}/disable`)).toMatchObject({ status: 200, body: { pending: 0 } })
    expect(await admin('GET', `/gateways/${name}`)).toMatchObject({
      body: { enabled: false, live: { enabled: false } },
    })
    expect(await admin('POST', `/gateways/${name}/enable`)).toMatchObject({ status: 200 })
    expect(await admin('GET', `/gateways/${name}`)).toMatchObject({ body: { enabled: true, live: { enabled: true } } })
  })

  it('records a change before and after, with what differs', async () => {
    const name = newName()
    await applied(name, null)
    await applied(name, 1, { pageSize: 9 })
    const { document } = (await admin<{ document: object }>('GET', `/gateways/${name}`)).body
    expect(document).toMatchObject({ pageSize: 9 })
    await admin('POST', '/gateways/apply', { document: documentOf(name), base: 7 })
    const events = await recorded('default', 'admin.changed')
    const own = events.filter(({ attributes }) => attributes['target'] === `gateways/${name}`)
    expect(own.map(({ outcome, attributes }) => [attributes['phase'], outcome, attributes['changed']])).toEqual([
      ['intent', null, ['']],
      ['outcome', 'done', undefined],
      ['intent', null, ['pageSize']],
      ['outcome', 'done', undefined],
      ['intent', null, ['pageSize']],
      ['outcome', 'refused', undefined],
    ])
    expect(own[0]?.call).toBe(own[1]?.call)
    expect(own[0]?.attributes).toMatchObject({ action: 'apply', by: 'bootstrap', role: 'owner' })
    expect(own[5]?.attributes).toMatchObject({ code: 'gateways/conflict' })
  })
})
