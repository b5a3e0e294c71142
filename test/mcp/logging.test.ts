import { expect, test } from 'vitest'
import { FakeSession, front, gatewayUrl, modern, post, read, said } from '../support/fake-front.ts'

const entry = { level: 'info', data: 'working', logger: 'upstream' }
const params = { name: 'Test_Log', arguments: {} }

function logging() {
  const session = new FakeSession({
    about: async () => ({
      ok: true,
      name: 'eng',
      title: 'Engineering',
      instructions: '',
      version: 1,
      features: { tools: true, prompts: false, resources: false, completions: false, logging: true },
    }),
    callTool: async (request) => {
      session.calls.push(request)
      await request.onLog?.(entry)
      return said('done')
    },
  })
  return { session, site: front(session) }
}
const levelKey = 'io.modelcontextprotocol/logLevel'

test('2026-07-28: the log comes before the result when the request asks for it, and not otherwise', async () => {
  const { session, site } = logging()
  for (const extra of [{}, { inputResponses: {} }]) {
    const asked = modern({ method: 'tools/call', params: { ...params, ...extra, _meta: { [levelKey]: 'info' } } })
    const text = await (await site.fetch(asked)).text()
    expect(text).toContain('"method":"notifications/message"')
    expect(text.indexOf('working')).toBeLessThan(text.indexOf('done'))
    const silent = await (await site.fetch(modern({ method: 'tools/call', params: { ...params, ...extra } }))).text()
    expect(silent).not.toContain('working')
  }
  expect(session.calls.map(({ logLevel }) => logLevel)).toEqual(['info', undefined, 'info', undefined])
})

test('2026-07-28: a level that does not exist is refused', async () => {
  const { session, site } = logging()
  const response = await site.fetch(
    modern({ method: 'tools/call', params: { ...params, _meta: { [levelKey]: 'loud' } } }),
  )
  expect([response.status, (await read(response)).error?.code]).toEqual([400, -32602])
  expect(session.calls).toEqual([])
})

test('2025-11-25: a gateway with a log says so, keeps the level for the conversation and sends the log', async () => {
  const { session, site } = logging()
  const headers = { authorization: 'Bearer alice', 'mcp-protocol-version': '2025-11-25' }
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const begun = await site.fetch(
    post(gatewayUrl, { jsonrpc: '2.0', id: 0, method: 'initialize', params: initialize }, headers),
  )
  const id = begun.headers.get('mcp-session-id') ?? ''
  expect((await read(begun)).result).toMatchObject({ capabilities: { logging: {} } })
  const send = (body: object) =>
    site.fetch(post(gatewayUrl, { jsonrpc: '2.0', id: 1, ...body }, { ...headers, 'mcp-session-id': id }))
  expect((await read(await send({ method: 'logging/setLevel', params: { level: 'warning' } }))).result).toEqual({})
  expect(session.levels.get(id)).toBe('warning')
  expect(await (await send({ method: 'tools/call', params })).text()).toContain('"method":"notifications/message"')
})

test('2025-11-25: without a log there is no level to set', async () => {
  const headers = { authorization: 'Bearer alice', 'mcp-protocol-version': '2025-11-25' }
  const body = { jsonrpc: '2.0', id: 1, method: 'logging/setLevel', params: { level: 'info' } }
  expect((await read(await front().fetch(post(gatewayUrl, body, headers)))).error?.code).toBe(-32601)
})
