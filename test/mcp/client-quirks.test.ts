import { expect, test, vi } from 'vitest'
import {
  FakeSession,
  front,
  gatewayUrl,
  modern,
  modernMeta,
  post,
  read,
  toolNamed,
  type Front,
} from '../support/fake-front.ts'

/** What real clients do against the specification, and how far we go along. Each name says which client and where it is known from. */

const call = { method: 'tools/call', params: { name: 'Test_Echo', arguments: {} } }
const claude = 'Claude-User/1.0'

async function begin(site: Front, headers: Record<string, string | null> = {}): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const body = { jsonrpc: '2.0', id: 0, method: 'initialize', params }
  const response = await site.fetch(post(gatewayUrl, body, { authorization: 'Bearer alice', ...headers }))
  return response.headers.get('mcp-session-id') ?? ''
}
const quiet = () => vi.spyOn(console, 'log').mockImplementation(() => {})

test('Claude’s hosted connector: body of 2026-07-28 under the header 2025-11-25 works, and is logged (claude-code#93290)', async () => {
  const log = quiet()
  const response = await front().fetch(
    modern(call, { headers: { 'mcp-protocol-version': '2025-11-25', 'user-agent': claude } }),
  )
  expect((await read(response)).result?.['resultType']).toBe('complete')
  expect(String(log.mock.calls[0]?.[0])).toContain('"correction":"connector_mixed"')
  log.mockRestore()
})

test('the same from any other client, or with any other pair of versions, stays -32020', async () => {
  const cases = [
    { 'mcp-protocol-version': '2025-11-25', 'user-agent': 'curl/8' },
    { 'mcp-protocol-version': '2025-11-25', 'user-agent': 'notclaudeatall' },
    { 'mcp-protocol-version': '2025-06-18', 'user-agent': claude },
    { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/list', 'user-agent': claude },
    { 'mcp-protocol-version': '2025-11-25', 'mcp-name': 'Test_Other', 'user-agent': claude },
  ]
  const log = quiet()
  for (const headers of cases) {
    const site = front()
    expect((await read(await site.fetch(modern(call, { headers })))).error?.code).toBe(-32020)
    expect(site.session.calls).toEqual([])
  }
  log.mockRestore()
})

test('Claude connector: the newest version in the header after agreeing on an older one works with the session id (SparkyFitness#2162)', async () => {
  const log = quiet()
  const site = front()
  const session = await begin(site)
  const body = { jsonrpc: '2.0', id: 1, ...call }
  const headers = { authorization: 'Bearer alice', 'mcp-protocol-version': '2026-07-28' }
  const response = await site.fetch(post(gatewayUrl, body, { ...headers, 'mcp-session-id': session }))
  expect((await read(response)).result?.content).toBeDefined()
  expect(site.session.calls[0]?.features).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' })
  expect(String(log.mock.calls[0]?.[0])).toContain('"correction":"newer_than_negotiated"')
  const without = await site.fetch(post(gatewayUrl, body, headers))
  expect([without.status, (await read(without)).error?.code]).toEqual([400, -32602])
  log.mockRestore()
})

test('claude.ai: no MCP-Protocol-Version after initialize works as the version agreed on (claude-ai-mcp#70)', async () => {
  const site = front()
  const session = await begin(site)
  const response = await site.fetch(
    post(gatewayUrl, { jsonrpc: '2.0', id: 1, ...call }, { authorization: 'Bearer alice', 'mcp-session-id': session }),
  )
  expect(response.status).toBe(200)
  expect(site.session.calls[0]?.features.protocolVersion).toBe('2025-11-25')
})

test('a proxy that sends the version twice: equal copies count once, different ones are refused (openwork#3944)', async () => {
  const log = quiet()
  const site = front()
  const session = await begin(site)
  const status = async (version: string) => {
    const headers = { authorization: 'Bearer alice', 'mcp-session-id': session, 'mcp-protocol-version': version }
    return (await site.fetch(post(gatewayUrl, { jsonrpc: '2.0', id: 1, ...call }, headers))).status
  }
  expect(await status('2025-11-25, 2025-11-25')).toBe(200)
  expect(await status('2025-11-25, 2025-06-18')).toBe(400)
  log.mockRestore()
})

test('Codex 0.169: a GET with version 2024-11-05 and no token gets the 401 and the challenge it looks for', async () => {
  const response = await front().fetch(gatewayUrl, { headers: { 'mcp-protocol-version': '2024-11-05' } })
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([
    401,
    `Bearer resource_metadata="${gatewayUrl}"`,
  ])
})

test('Claude Code 2.1.330: asks server/discover before it has a token, and gets the 401 and the challenge', async () => {
  const response = await front().fetch(modern({ method: 'server/discover' }, { headers: { authorization: null } }))
  expect([response.status, response.headers.has('www-authenticate')]).toEqual([401, true])
})

test('Gemini CLI 0.61: initialize with 2025-06-18, then GET stream and ping under the session id', async () => {
  const site = front()
  const session = await begin(site)
  const headers = { authorization: 'Bearer alice', 'mcp-session-id': session, 'mcp-protocol-version': '2025-06-18' }
  const stream = await site.fetch(gatewayUrl, { headers: { ...headers, accept: 'text/event-stream' } })
  expect(stream.status).toBe(200)
  await stream.body?.cancel()
  expect(
    (await read(await site.fetch(post(gatewayUrl, { jsonrpc: '2.0', id: 9, method: 'ping' }, headers)))).result,
  ).toEqual({})
})

test('claude.ai: the gateway’s own host serves exactly /mcp, and a path that is close is not it (claude-ai-mcp#878)', async () => {
  const site = front()
  const url = 'https://eng.gw.behalf.test/mcp'
  expect((await site.fetch(modern(call, { url }))).status).toBe(200)
  for (const other of [
    'https://eng.gw.behalf.test/',
    'https://eng.gw.behalf.test/mcp/x',
    'https://nope.gw.behalf.test/mcp',
  ]) {
    expect((await site.fetch(modern(call, { url: other }))).status).toBe(404)
  }
})

test('curl and simple clients: one type, any type or none in Accept gets a JSON answer', async () => {
  const site = front()
  for (const accept of ['application/json', '*/*', null]) {
    const response = await site.fetch(
      post(gatewayUrl, { jsonrpc: '2.0', id: 1, ...call }, { authorization: 'Bearer alice', accept }),
    )
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  }
  const meta = { ...call, params: { ...call.params, _meta: { progressToken: 1 } } }
  const progress = await site.fetch(
    post(gatewayUrl, { jsonrpc: '2.0', id: 1, ...meta }, { authorization: 'Bearer alice', accept: 'application/json' }),
  )
  expect(progress.headers.get('content-type')).toBe('application/json')
})

test('ChatGPT: a tool’s securitySchemes reach the list as its author wrote them', async () => {
  const tools = [
    toolNamed('Test_Echo', { meta: { securitySchemes: [{ type: 'noauth' }], 'openai/outputTemplate': 'ui://x' } }),
  ]
  const headers = { authorization: 'Bearer alice', 'user-agent': 'openai-mcp/1.0.0 (ChatGPT)' }
  const { result } = await read(
    await front(new FakeSession({ tools })).fetch(
      post(gatewayUrl, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, headers),
    ),
  )
  expect(result?.['tools']).toMatchObject([{ _meta: tools[0]?.meta }])
})

test('Claude directory: every tool has a title and says whether it reads or destroys', async () => {
  const { result } = await read(await front().fetch(modern({ method: 'tools/list' })))
  expect(result?.['tools']).toHaveLength(1)
  for (const tool of (result?.['tools'] ?? []) as Record<string, Record<string, unknown>>[]) {
    expect(typeof tool['title']).toBe('string')
    expect(tool['annotations']).toMatchObject({
      readOnlyHint: expect.any(Boolean),
      destructiveHint: expect.any(Boolean),
    })
  }
})

test('a notification of 2026-07-28 is accepted, although these clients have none to send', async () => {
  const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, _meta: modernMeta() } }
  const response = await front().fetch(
    post(gatewayUrl, body, {
      authorization: 'Bearer alice',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': body.method,
    }),
  )
  expect([response.status, await response.text()]).toEqual([202, ''])
})
