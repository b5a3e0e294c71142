import { describe, expect, it } from 'vitest'
import type { CallReply } from '../../../src/core/call.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import { answerCall, shownTools } from '../../../src/runtime/runtime.ts'
import { bigCatalogue } from '../../support/catalogue.ts'
import { callerNamed, toolNamed } from '../../support/fake-front.ts'
import { callOf, fakeRuntime, snapshotOf } from '../../support/runtime.ts'

const own = ['call_tool', 'describe_tool', 'list_apps', 'manage_connections', 'report_missing_tool', 'search_tools']
const many = bigCatalogue()

function world(document: object = {}, tools = many) {
  const made = fakeRuntime(snapshotOf(tools, document))
  const list = (clientName?: string, name = 'alice', capabilities: JsonObject = {}) => {
    const features = { capabilities, ...(clientName !== undefined && { clientName }) }
    return shownTools(callerNamed(name), features, made.use, made.own.finding)
  }
  return {
    ...made,
    list,
    names: (clientName?: string) => list(clientName).map((tool) => tool.name),
    call: (name: string, args: JsonObject = {}, more = {}) => answerCall(callOf(name, args, more), made.use, made.own),
  }
}

const value = (reply: CallReply): Record<string, unknown> => {
  if (reply.kind !== 'output') throw new Error(JSON.stringify(reply))
  return reply.output.structuredContent as Record<string, unknown>
}
const found = (reply: CallReply): string[] => (value(reply)['items'] as { name: string }[]).map(({ name }) => name)
const error = (reply: CallReply) => (reply.kind === 'refused' ? reply.error : reply)

describe('what is listed', () => {
  it('is every tool where there are few, and a few where there are many', () => {
    expect(world({ finding: { above: 1_000 } }).names()).toHaveLength(1_000)
    expect(world({ finding: { above: 999 } }).names()).toEqual(own)
    expect(world({}, [toolNamed('A_One')]).names()).toEqual(['A_One'])
    expect(world({ finding: { mode: 'search' } }, [toolNamed('A_One')]).names()).toEqual(own)
    expect(world({ finding: { mode: 'list' } }).names()).toHaveLength(1_000)
  })

  it('goes by what this caller may use, not by what the gateway has', () => {
    const rules = {
      user: [{ id: 'u', effect: 'permit', tools: { upstreams: ['Zoom'] } }],
      agent: [{ id: 'a', effect: 'permit' }],
    }
    expect(world({ rules }).names()).toHaveLength(40)
  })

  it('keeps the tools an administrator wants there, in order of name', () => {
    const { names } = world({ finding: { show: ['Slack_*Message', 'nobody'], connections: 'never', reports: 'never' } })
    expect(names()).toEqual([
      ...['Create', 'Delete', 'Get', 'List', 'Update'].map((verb) => `Slack_${verb}Message`),
      'call_tool',
      'describe_tool',
      'search_tools',
    ])
  })

  it('goes by client, the closest pattern first', () => {
    const { names } = world({ finding: { mode: 'list', clients: { 'cursor*': 'search', 'cursor-nightly': 'list' } } })
    expect(names('cursor')).toEqual(own)
    expect(names('cursor-nightly')).toHaveLength(1_000)
    expect(names('other')).toHaveLength(1_000)
    // By the client id of the agent.
    expect(world({ finding: { mode: 'list', clients: { 'https://client.test/*': 'auto' } } }).names('x')).toEqual(own)
  })

  it('says which apps there are to search in, as this caller may use them', () => {
    const rules = {
      user: [{ id: 'u', effect: 'permit', tools: { upstreams: ['Zoom', 'Slack', 'Stripe'] } }],
      agent: [{ id: 'a', effect: 'permit' }],
    }
    const search = world({ rules })
      .list()
      .find(({ name }) => name === 'search_tools')
    expect(search?.description).toMatch(/There are: Slack \(40\), Stripe \(40\), Zoom \(40\)\.$/)
  })
})

describe('search_tools and describe_tool', () => {
  it('find, page and describe', async () => {
    const { call } = world()
    const first = await call('search_tools', { query: 'slack message', limit: 3 })
    expect(found(first)[0]).toMatch(/^Slack_.*Message$/)
    expect(value(first)).toMatchObject({ has_more: true, next_cursor: '3' })
    const second = await call('search_tools', { query: 'slack message', limit: 3, cursor: '3' })
    expect(found(first).filter((name) => found(second).includes(name))).toEqual([])
    expect(value(await call('describe_tool', { name: 'Slack_ListMessage' }))).toMatchObject({
      name: 'Slack_ListMessage',
      app: 'Slack',
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    })
    expect(
      found(await call('search_tools', { app: 'zoom', limit: 25 })).every((name) => name.startsWith('Zoom_')),
    ).toBe(true)
    expect(value(await call('search_tools', { query: 'xylophone' }))).toMatchObject({ items: [], has_more: false })
    const nowhere = value(await call('search_tools', { query: 'message', app: 'nowhere' }))
    expect(nowhere['hint']).toContain('list_apps')
    expect(value(await call('search_tools', { query: 'xylophone', app: 'zoom' }))).toEqual(nowhere)
  })

  it('refuse bad arguments, and record it', async () => {
    const { call, recorded } = world()
    for (const args of [{ limit: 0 }, { query: 5 }, { cursor: 'x' }, { extra: 1 }, { limit: 1e9 }] as JsonObject[]) {
      expect(error(await call('search_tools', args))).toMatchObject({ code: 'runtime/invalid_arguments' })
    }
    expect(recorded.filter(({ entry }) => entry.refusal).length).toBe(5)
  })
})

/** Rules under which each tool is one of: free, forbidden, nobody's, free for one argument. */
const mixed = {
  user: [
    { id: 'u', effect: 'permit', tools: { upstreams: ['Slack', 'GitHub', 'Stripe', 'Zoom'] } },
    { id: 'no-deletes', effect: 'forbid', tools: { operations: ['delete'] } },
    { id: 'no-stripe', effect: 'forbid', tools: { upstreams: ['Stripe'] } },
    {
      id: 'seven',
      effect: 'forbid',
      tools: { names: ['Slack_CreateMessage'] },
      when: { argument: 'limit', notIn: [7] },
    },
  ],
  agent: [{ id: 'a', effect: 'permit' }],
}

describe('one door and the other', () => {
  const tools = many.filter(({ name }) => /^(Slack|GitHub|Stripe|Zoom|Figma)_/.test(name))
  const direct = world({ rules: mixed, finding: { mode: 'list' } }, tools)
  const listed = direct.list()

  it('list, search and description show the same tools, with the same schemas', async () => {
    const { call } = world({ rules: mixed, finding: { mode: 'search' } }, tools)
    const seen: string[] = []
    for (let cursor = '0'; ;) {
      const reply = await call('search_tools', { limit: 25, cursor })
      seen.push(...found(reply))
      if (value(reply)['has_more'] !== true) break
      cursor = String(value(reply)['next_cursor'])
    }
    expect(seen).toEqual(listed.map(({ name }) => name))
    expect(seen.some((name) => name.startsWith('Stripe') || name.startsWith('Figma'))).toBe(false)
    for (const tool of tools) {
      const described = await call('describe_tool', { name: tool.name })
      const there = listed.find(({ name }) => name === tool.name)
      const schema = described.kind === 'output' ? value(described)['inputSchema'] : undefined
      expect(schema).toEqual(there?.inputSchema)
      expect(described.kind === 'refused').toBe(there === undefined)
    }
  })

  it('a query by the words of a hidden tool finds nothing of it', async () => {
    const { call } = world({ rules: mixed, finding: { mode: 'search' } }, tools)
    expect(found(await call('search_tools', { query: 'Stripe_CreateRefund' }))).not.toContain('Stripe_CreateRefund')
    expect(found(await call('search_tools', { query: 'stripe refund dispute payout' }))).toEqual([])
    expect(JSON.stringify(await call('list_apps'))).not.toMatch(/Stripe|Figma/)
  })

  it('call_tool answers and records exactly as the call itself', async () => {
    for (const tool of [...tools, toolNamed('No_Such')]) {
      for (const args of [{}, { limit: 7 }, { limit: 'x' }] as JsonObject[]) {
        const one = world({ rules: mixed, finding: { mode: 'search' } }, tools)
        const other = world({ rules: mixed, finding: { mode: 'search' } }, tools)
        const straight = await one.call(tool.name, args)
        const around = await other.call('call_tool', { name: tool.name, arguments: args })
        expect(around).toEqual(straight)
        expect(other.ran.map(({ name, args: given }) => ({ name, given }))).toEqual(
          one.ran.map(({ name, args: given }) => ({ name, given })),
        )
        const facts = (from: typeof one) =>
          from.recorded.map(({ type, call, entry }) => ({ type, name: call.name, args: call.arguments, entry }))
        expect(facts(other)).toEqual(facts(one))
      }
    }
  })

  it('passes on progress, cancelling, task and resumed state, and drops the headers that belong to call_tool', async () => {
    const { call, ran } = world({}, tools)
    const abort = new AbortController()
    const told: unknown[] = []
    const onProgress = (one: unknown) => void told.push(one)
    const resumed = { responses: {}, state: { callId: 'c', wait: 'upstream' as const, upstream: 's' } }
    await call(
      'call_tool',
      { name: 'Slack_ListMessage', arguments: {} },
      { signal: abort.signal, onProgress, task: 't', resumed, paramHeaders: { 'mcp-param-x': '1' } },
    )
    expect(ran[0]?.call).toMatchObject({ name: 'Slack_ListMessage', task: 't', resumed })
    ran[0]?.call.onProgress?.({ progress: 1, message: 'half' })
    expect(told).toEqual([{ progress: 1, message: 'half' }])
    expect(ran[0]?.call.signal).toBe(abort.signal)
    expect(ran[0]?.call.paramHeaders).toBeUndefined()
  })

  it('takes arguments that a model wrote as text, and refuses what is no call', async () => {
    const { call, ran, recorded } = world({}, tools)
    await call('call_tool', { name: 'Slack_ListMessage', arguments: '{"query":"x"}' })
    expect(ran[0]?.args).toEqual({ query: 'x' })
    for (const args of [
      {},
      { name: '' },
      { name: 'call_tool', arguments: { name: 'Slack_ListMessage' } },
      { name: 'Slack_ListMessage', arguments: '{"a":1,"a":2}' },
      { name: 'Slack_ListMessage', arguments: [] },
      { name: 'Slack_ListMessage', query: 'x' },
    ] as JsonObject[]) {
      expect(error(await call('call_tool', args))).toMatchObject({ code: 'runtime/invalid_arguments' })
    }
    expect(ran).toHaveLength(1)
    expect(recorded.filter(({ type }) => type === 'refused')).toHaveLength(6)
  })
})

describe('list_apps and manage_connections', () => {
  const authorization = { provider: 'github', scopes: ['repo'] }
  const github = { source: { kind: 'toolkit', toolkit: 'GitHub', tool: 'x' } as const, authorization }
  const writes = { operation: 'create', destructive: false, idempotent: false, openWorld: true } as const
  const tools = [
    toolNamed('GitHub_Read', { ...github, authorization: { provider: 'github', scopes: ['read'] } }),
    toolNamed('GitHub_Write', { ...github, behaviour: writes }),
    toolNamed('Free_Tool', { source: { kind: 'upstream', upstream: 'free', remoteName: 'tool' } }),
  ]
  const always = { finding: { connections: 'always' } }

  it('say which apps there are and whether an account is connected', async () => {
    const { call, accounts } = world(always, tools)
    expect(value(await call('list_apps'))['items']).toEqual([
      { app: 'GitHub', title: 'GitHub', tools: 2, account: 'not_connected', accounts: [] },
      { app: 'free', title: 'free', tools: 1, account: 'not_needed', accounts: [] },
    ])
    accounts.push({ id: 'secret-id', provider: 'github', label: 'alice', status: 'active', isDefault: true })
    accounts.push({ id: 'other', provider: 'salesforce', label: 'sf', status: 'active', isDefault: true })
    const reply = JSON.stringify(await call('manage_connections', {}))
    expect(reply).toContain('alice')
    // Accounts at services that this gateway does not use are no business of an agent here.
    expect(reply).not.toContain('sf')
    expect(reply).not.toContain('secret-id')
  })

  it('give links for the person, by elicitation where the client can', async () => {
    const { call, accounts } = world(always, tools)
    const asked = await call('manage_connections', { action: 'connect', app: 'github' })
    expect(value(asked)).toMatchObject({ link: 'https://behalf.test/connect/github?read' })
    const features = { era: 'modern', protocolVersion: '2026-07-28', elicitationUrl: true, capabilities: {} }
    const elicited = await call('manage_connections', { action: 'connect', app: 'github' }, { features })
    expect(elicited).toMatchObject({
      kind: 'refused',
      error: { code: 'vault/authorization_needed', help: { url: 'https://behalf.test/connect/github?read' } },
      resume: { wait: 'authorization' },
    })
    accounts.push({ id: '1', provider: 'github', label: 'alice', status: 'active', isDefault: true })
    const resumed = { responses: {}, state: { callId: 'c', wait: 'authorization' } }
    const back = await call('manage_connections', { action: 'connect', app: 'github' }, { features, resumed })
    expect(value(back)).toEqual({
      app: 'GitHub',
      title: 'GitHub',
      accounts: [{ account: 'alice', status: 'active', default: true }],
    })
    expect(value(await call('manage_connections', { action: 'disconnect', app: 'GitHub' }))).toMatchObject({
      link: 'https://behalf.test/disconnect/1',
    })
    accounts.push({ id: '2', provider: 'github', label: 'bot', status: 'active', isDefault: false })
    const chosen = await call('manage_connections', { action: 'default', app: 'GitHub', account: 'Bot' })
    expect(value(chosen)).toMatchObject({
      link: 'https://behalf.test/default/2',
      show_to_person: 'Open the link to use bot from now on.',
    })
    const which = await call('manage_connections', { action: 'disconnect', app: 'GitHub' })
    expect(error(which)).toMatchObject({ help: { text: 'account: say which, of alice, bot.' } })
    expect(error(await call('manage_connections', { action: 'connect', app: 'free' }))).toMatchObject({
      help: { text: 'app: say which, of GitHub.' },
    })
  })
})

describe('our own tools', () => {
  it('are recorded as any call, with a decision, and are no step of the session', async () => {
    const { call, recorded, use } = world()
    let began = 0
    use.facts.begin = () => void began++
    await call('search_tools', { query: 'x' })
    expect(recorded.map(({ type, entry }) => [type, entry.tool?.name, entry.decision?.effect])).toEqual([
      ['intent', 'search_tools', 'permit'],
      ['outcome', 'search_tools', 'permit'],
    ])
    expect(recorded[0]?.entry.tool?.definitionHash).toMatch(/^[\w-]{43}$/)
    expect(began).toBe(0)
  })

  it('do not exist where an administrator does not want them', async () => {
    const none = { finding: { mode: 'list', connections: 'never', reports: 'never' } }
    for (const name of own) expect(error(await world(none).call(name))).toMatchObject({ code: 'runtime/unknown_tool' })
  })

  it('take a report, and no more of it than fits', async () => {
    const { call, reports } = world()
    await call('report_missing_tool', { need: 'archive a channel', tried: 'archive slack' })
    expect(reports).toEqual([{ need: 'archive a channel', tried: 'archive slack' }])
    expect(error(await call('report_missing_tool', { need: 'x'.repeat(501) }))).toMatchObject({
      code: 'runtime/invalid_arguments',
    })
  })
})

describe('a tool that is there for a page alone (SEP-1865)', () => {
  const ui = (visibility: string[]) => ({ meta: { ui: { resourceUri: 'ui://board/page', visibility } } })
  const tools = [
    toolNamed('Board_Show', ui(['model', 'app'])),
    toolNamed('Board_Refresh', ui(['app'])),
    toolNamed('Board_Plain'),
  ]
  const hosts = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } }
  const search = { finding: { mode: 'search', connections: 'always' } }

  it('is listed for hosts of pages, also where the others are searched, and for no other client', () => {
    const names = (document: object, capabilities: JsonObject) =>
      world(document, tools)
        .list(undefined, undefined, capabilities)
        .map(({ name }) => name)
    expect(names({}, hosts)).toEqual(['Board_Plain', 'Board_Refresh', 'Board_Show'])
    expect(names({}, { extensions: {} })).toEqual(['Board_Plain', 'Board_Show'])
    expect(names(search, hosts)).toEqual(['Board_Refresh', ...own])
    expect(names(search, {})).toEqual(own)
  })

  it('is neither found, described nor counted for the model', async () => {
    const { call, list } = world(search, tools)
    expect(found(await call('search_tools', { query: 'board refresh' }))).not.toContain('Board_Refresh')
    expect(found(await call('search_tools'))).toEqual(['Board_Plain', 'Board_Show'])
    expect(value(await call('list_apps'))['items']).toMatchObject([{ tools: 2 }])
    expect(list().find(({ name }) => name === 'search_tools')?.description).toMatch(/\(2\)\.$/)
    const [described, unknown] = [
      await call('describe_tool', { name: 'Board_Refresh' }),
      await call('describe_tool', { name: 'No' }),
    ]
    expect(error(described)).toEqual(error(unknown))
  })

  it('cannot be called by call_tool, which answers as for one that does not exist, and can by a page', async () => {
    const { call, recorded, ran } = world(search, tools)
    const byModel = await call('call_tool', { name: 'Board_Refresh' })
    const unknown = await call('call_tool', { name: 'Board_Nothing' })
    expect(error(byModel)).toEqual(error(unknown))
    expect(recorded.map(({ type, call: one }) => [type, one.name])).toEqual([
      ['refused', 'Board_Refresh'],
      ['refused', 'Board_Nothing'],
    ])
    expect(await call('Board_Refresh')).toMatchObject({ kind: 'output' })
    expect(await call('call_tool', { name: 'Board_Show' })).toMatchObject({ kind: 'output' })
    expect(ran.map(({ name }) => name)).toEqual(['Board_Refresh', 'Board_Show'])
  })
})
