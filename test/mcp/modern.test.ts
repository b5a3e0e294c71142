import { expect, test } from 'vitest'
import {
  FakeSession,
  front,
  gatewayUrl,
  lanes,
  modern,
  modernMeta,
  post,
  primed,
  read,
  toolNamed,
} from '../support/fake-front.ts'

const call = { method: 'tools/call', params: { name: 'Test_Echo', arguments: { text: 'hi' } } }

test('answers a call with resultType, the server’s name and no session id', async () => {
  const response = await front().fetch(modern(call))
  expect(response.status).toBe(200)
  expect(response.headers.get('mcp-session-id')).toBeNull()
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect((await read(response)).result).toMatchObject({
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'eng' } },
  })
})

test('describes itself: the version, what it can, what it is for', async () => {
  const { result } = await read(await front().fetch(modern({ method: 'server/discover' })))
  expect(result).toMatchObject({
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true } },
    instructions: 'Tools for alice.',
    cacheScope: 'private',
  })
})

test('lists tools for this caller only to keep, in the gateway’s order, with our own hints', async () => {
  const tools = [
    toolNamed('B_Delete', {
      behaviour: { operation: 'delete', destructive: true, idempotent: false, openWorld: true },
    }),
    toolNamed('A_Read', { meta: { securitySchemes: [{ type: 'oauth2' }] } }),
  ]
  const { result } = await read(await front(new FakeSession({ tools })).fetch(modern({ method: 'tools/list' })))
  expect(result).toMatchObject({ cacheScope: 'private', resultType: 'complete' })
  expect(result?.['ttlMs']).toBeGreaterThan(0)
  expect(result?.['tools']).toMatchObject([
    {
      name: 'B_Delete',
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    },
    { name: 'A_Read', annotations: { readOnlyHint: true }, _meta: { securitySchemes: [{ type: 'oauth2' }] } },
  ])
  expect(JSON.stringify(result)).not.toMatch(/definitionHash|sensitive|"source"/)
})

const headerCases: [string, Record<string, string | null>][] = [
  ['no MCP-Protocol-Version', { 'mcp-protocol-version': null }],
  ['another MCP-Protocol-Version', { 'mcp-protocol-version': '2025-11-25' }],
  ['no Mcp-Method', { 'mcp-method': null }],
  ['another Mcp-Method', { 'mcp-method': 'tools/list' }],
  ['no Mcp-Name', { 'mcp-name': null }],
  ['another Mcp-Name', { 'mcp-name': 'Test_Other' }],
  ['a Mcp-Name that is no Base64', { 'mcp-name': '=?base64?%%%?=' }],
]
for (const [what, headers] of headerCases) {
  test(`refuses a call with ${what}: 400, -32020, nothing runs (attack case 12)`, async () => {
    const site = front()
    const response = await site.fetch(modern(call, { headers }))
    expect([response.status, (await read(response)).error?.code]).toEqual([400, -32020])
    expect(site.session.calls).toEqual([])
  })
}

test('reads the tool from the body, and takes an encoded Mcp-Name that says the same', async () => {
  const site = front()
  const response = await site.fetch(modern(call, { headers: { 'mcp-name': `=?base64?${btoa('Test_Echo')}?=` } }))
  expect(response.status).toBe(200)
  expect(site.session.calls[0]?.name).toBe('Test_Echo')
})

test('refuses a version it does not speak with the ones it does: 400, -32022', async () => {
  const body = {
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/list',
    params: { _meta: { ...modernMeta(), 'io.modelcontextprotocol/protocolVersion': '2030-01-01' } },
  }
  const response = await front().fetch(
    post(gatewayUrl, body, {
      authorization: 'Bearer alice',
      'mcp-protocol-version': '2030-01-01',
      'mcp-method': 'tools/list',
    }),
  )
  const { id, error } = await read(response)
  expect([response.status, id, error?.code, error?.data?.['supported']]).toEqual([400, 7, -32022, ['2026-07-28']])
})

test('refuses an envelope without capabilities: 400, -32602', async () => {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
  }
  const response = await front().fetch(
    post(gatewayUrl, body, {
      authorization: 'Bearer alice',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    }),
  )
  expect([response.status, (await read(response)).error?.code]).toEqual([400, -32602])
})

test('answers a method it does not have with 404, -32601, and so one that is of the other era', async () => {
  for (const method of [
    'tools/execute',
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'prompts/list',
  ]) {
    const response = await front().fetch(modern({ method }))
    expect([method, response.status, (await read(response)).error?.code]).toEqual([method, 404, -32601])
  }
})

test.for(Object.entries(lanes))(
  'passes arguments on unchanged, whatever their keys are called (%s lane, attack case 47)',
  async ([, type]) => {
    const site = await primed(front())
    const text = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'Test_Echo', arguments: {}, _meta: modernMeta() },
    }).replace('"arguments":{}', '"arguments":{"__proto__":{"admin":true},"constructor":1}')
    const headers = {
      authorization: 'Bearer alice',
      'content-type': type,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'Test_Echo',
    }
    expect((await site.fetch(post(gatewayUrl, text, headers))).status).toBe(200)
    const args = site.session.calls[0]?.arguments ?? {}
    expect(Object.keys(args)).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  },
)

test('hands over the task and the trace of a call, and drops what is too long or no text', async () => {
  const site = front()
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const meta = { 'behalf.dev/task': 'release', traceparent: trace, tracestate: 'a'.repeat(513) }
  await site.fetch(modern({ ...call, params: { ...call.params, _meta: meta } }))
  await site.fetch(modern({ ...call, params: { ...call.params, _meta: { 'behalf.dev/task': 7 } } }))
  expect(site.session.calls[0]).toMatchObject({ task: 'release', traceparent: trace })
  expect(site.session.calls[0]).not.toHaveProperty('tracestate')
  expect(site.session.calls[1]).not.toHaveProperty('task')
})
