import { expect, test } from 'vitest'
import { front, gatewayUrl, post, read, type Front } from '../support/fake-front.ts'

type Options = { who?: string; url?: string; session?: string | null; version?: string | null; accept?: string | null }

function request(
  body: unknown,
  { who = 'alice', url = gatewayUrl, session = null, version = '2025-11-25', accept }: Options = {},
) {
  return post(url, body, {
    authorization: `Bearer ${who}`,
    'mcp-session-id': session,
    'mcp-protocol-version': version,
    ...(accept !== undefined && { accept }),
  })
}

const initialize = (protocolVersion: string, capabilities: object = {}) => ({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion, capabilities, clientInfo: { name: 'test client', version: '1' } },
})
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
const echo = { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'Test_Echo', arguments: { text: 'hi' } } }

async function start(
  site: Front,
  version = '2025-11-25',
  options: Options = {},
  capabilities: object = {},
): Promise<string> {
  const response = await site.fetch(request(initialize(version, capabilities), { version: null, ...options }))
  expect(response.status).toBe(200)
  return response.headers.get('mcp-session-id') ?? ''
}

for (const version of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']) {
  test(`agrees to ${version}, gives a session id and works with it`, async () => {
    const site = front()
    const response = await site.fetch(request(initialize(version), { version: null }))
    expect((await read(response)).result).toMatchObject({ protocolVersion: version, instructions: 'Tools for alice.' })
    const session = response.headers.get('mcp-session-id') ?? ''
    expect(session).toMatch(/^[\x21-\x7e]{43,128}$/)
    const told = await site.fetch(
      request({ jsonrpc: '2.0', method: 'notifications/initialized' }, { session, version }),
    )
    expect(told.status).toBe(202)
    expect((await site.fetch(request(ping, { session, version }))).status).toBe(200)
    expect((await read(await site.fetch(request(list, { session, version })))).result?.['tools']).toHaveLength(1)
    expect((await read(await site.fetch(request(echo, { session, version })))).result?.content?.[0]?.text).toContain(
      'alice',
    )
    expect(site.session.calls[0]?.features).toMatchObject({
      era: 'legacy',
      protocolVersion: version,
      clientName: 'test client',
    })
  })
}

test('offers its newest legacy version to a client that asks for another', async () => {
  for (const version of ['2026-07-28', '2023-01-01', 'latest']) {
    const response = await front().fetch(request(initialize(version), { version: null }))
    expect((await read(response)).result?.['protocolVersion']).toBe('2025-11-25')
  }
})

test('knows from the session id what the client declared, and gives two clients two ids', async () => {
  const site = front()
  const capabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: { listChanged: true } }
  const session = await start(site, '2025-11-25', {}, capabilities)
  expect(await start(site, '2025-11-25', {}, capabilities)).not.toBe(session)
  await site.fetch(request(echo, { session }))
  expect(site.session.calls[0]?.features).toMatchObject({ elicitationUrl: true, capabilities })
})

test('another person’s session id is answered as one that does not exist: 404 (attack case 9)', async () => {
  const site = front()
  const session = await start(site)
  // The isolate remembers what it opened for alice; that must not open it for bob.
  expect((await site.fetch(request(ping, { session }))).status).toBe(200)
  for (const other of [{ who: 'bob' }, { url: gatewayUrl.replace('/eng/', '/ops/') }]) {
    const response = await site.fetch(request(echo, { session, ...other }))
    const invented = await site.fetch(request(echo, { session: 'A'.repeat(session.length), ...other }))
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual(await invented.json())
  }
  expect(site.session.calls).toEqual([])
})

test('an id that cannot be ours is a bad request: 400 (attack case 10)', async () => {
  const site = front()
  for (const session of [
    '1',
    'session',
    'A'.repeat(129),
    `${'A'.repeat(60)} x`,
    `${'A'.repeat(60)}é`,
    '../../etc/passwd',
  ]) {
    const response = await site.fetch(request(echo, { session }))
    expect([session, response.status]).toEqual([session, 400])
  }
})

test('after DELETE the session is gone: 404 for a call, a list, a ping, a stream and a second DELETE', async () => {
  const site = front()
  const session = await start(site)
  const bodyless = (method: string) =>
    new Request(gatewayUrl, {
      method,
      headers: { authorization: 'Bearer alice', 'mcp-session-id': session, accept: 'text/event-stream' },
    })
  expect((await site.fetch(bodyless('DELETE'))).status).toBe(204)
  for (const body of [echo, list, ping]) expect((await site.fetch(request(body, { session }))).status).toBe(404)
  for (const method of ['GET', 'DELETE']) expect((await site.fetch(bodyless(method))).status).toBe(404)
})

test('a client without a session id is served, and trusted with nothing it did not declare', async () => {
  const site = front()
  expect((await site.fetch(request(echo))).status).toBe(200)
  expect(site.session.calls[0]?.features).toMatchObject({ elicitationUrl: false, capabilities: {} })
})

test('takes a batch from 2025-03-26 and from no later version', async () => {
  const site = front()
  const session = await start(site, '2025-03-26')
  const batch = [ping, echo, { jsonrpc: '2.0', method: 'notifications/initialized' }]
  const answers = (await (await site.fetch(request(batch, { session, version: '2025-03-26' }))).json()) as {
    id: number
  }[]
  expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([1, 3]))
  const later = await start(site, '2025-06-18')
  expect((await site.fetch(request(batch, { session: later, version: '2025-06-18' }))).status).toBe(400)
  expect((await site.fetch(request(Array(21).fill(ping), { session, version: '2025-03-26' }))).status).toBe(400)
})

test('answers a method it does not have inside a 200, as these versions do', async () => {
  const response = await front().fetch(request({ jsonrpc: '2.0', id: 1, method: 'tools/execute' }))
  expect([response.status, (await read(response)).error?.code]).toEqual([200, -32601])
})

test('other methods than POST, GET and DELETE are refused with those that work', async () => {
  for (const method of ['PUT', 'PATCH']) {
    const response = await front().fetch(
      new Request(gatewayUrl, { method, headers: { authorization: 'Bearer alice' }, body: '{}' }),
    )
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, GET, DELETE'])
  }
})
