import { expect, test, vi } from 'vitest'
import { front, gatewayUrl, modern, modernMeta, post, read } from '../support/fake-front.ts'

const call = { method: 'tools/call', params: { name: 'Test_Echo', arguments: {} } }
const headers = {
  authorization: 'Bearer alice',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'Test_Echo',
}

test('without a token every method, known or not, is a 401 with a challenge; nothing is read', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND']) {
    const body = ['GET', 'HEAD'].includes(method) ? null : '{ not json'
    const response = await front().fetch(new Request(gatewayUrl, { method, body }))
    expect([method, response.status, response.headers.get('www-authenticate')]).toEqual([
      method,
      401,
      `Bearer resource_metadata="${gatewayUrl}"`,
    ])
  }
})

test('a person who opens a gateway in a browser reads what it is, and it is the same 401 with a challenge', async () => {
  const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
  const response = await front().fetch(new Request(gatewayUrl, { headers: { accept } }))
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([
    401,
    `Bearer resource_metadata="${gatewayUrl}"`,
  ])
  expect(await response.text()).toContain('This address is for an agent')
  const program = await front().fetch(new Request(gatewayUrl, { headers: { accept: 'text/event-stream' } }))
  expect((await read(program)).error?.code).toBe(-32001)
})

test('at the root a person finds a page, and a program nothing', async () => {
  const root = (accept: string) => front().fetch(new Request('https://behalf.test/', { headers: { accept } }))
  const page = await root('text/html')
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect((await root('application/json')).status).toBe(404)
})

test('the wrong kind of body does not get round the sign-in either', async () => {
  for (const type of ['text/plain', 'multipart/form-data', 'application/xml']) {
    expect((await front().fetch(post(gatewayUrl, 'x', { 'content-type': type }))).status).toBe(401)
    const known = await front().fetch(post(gatewayUrl, '{}', { authorization: 'Bearer alice', 'content-type': type }))
    expect([type, known.status]).toEqual([type, 415])
  }
})

test('a gateway that does not exist and one that is switched off are the same 404', async () => {
  const answers = []
  for (const slug of ['nope', 'off']) {
    const response = await front().fetch(modern(call, { url: `https://behalf.test/${slug}/mcp` }))
    answers.push([response.status, await response.text(), [...response.headers]])
  }
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0]?.[0]).toBe(404)
})

test('a host that is not ours is the same 404, whatever else the request says (attack case 8)', async () => {
  const site = front()
  const here = await site.fetch(modern(call, { url: 'https://behalf.test/nope/mcp' }))
  const expected = (await read(here)).error
  for (const host of [
    'evil.test',
    'behalf.test.evil.test',
    'behalf.test:8443',
    'gw.behalf.test',
    'a.b.gw.behalf.test',
    'eng.gw.behalf.test.evil.test',
  ]) {
    const response = await site.fetch(modern(call, { url: `https://${host}/eng/mcp` }))
    expect([host, response.status]).toEqual([host, 404])
    expect((await read(response)).error).toEqual(expected)
  }
  expect(site.session.calls).toEqual([])
})

test('a page of another site may not call, with or without a token; our own and no page may (attack case 7)', async () => {
  const status = async (origin: string | null, authorization: string | null = 'Bearer alice') => {
    const response = await front().fetch(modern(call, { headers: { origin, authorization } }))
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    return response.status
  }
  for (const origin of [
    'https://evil.test',
    'null',
    'http://behalf.test',
    'https://behalf.test:444',
    'https://sub.behalf.test',
    '',
  ]) {
    expect([origin, await status(origin), await status(origin, null)]).toEqual([origin, 403, 403])
  }
  expect([await status('https://behalf.test'), await status(null)]).toEqual([200, 200])
})

const padded = (bytes: number) => {
  const frame = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'Test_Echo', arguments: { pad: '' }, _meta: modernMeta() },
  })
  return frame.replace('"pad":""', `"pad":"${'x'.repeat(bytes - frame.length)}"`)
}

test('a body of 1 MB is read, one byte more is a 413 (attack case 45)', async () => {
  expect((await front().fetch(post(gatewayUrl, padded(1024 * 1024), headers))).status).toBe(200)
  expect((await front().fetch(post(gatewayUrl, padded(1024 * 1024 + 1), headers))).status).toBe(413)
})

test('a body without a length is given up at the limit and not read to its end', async () => {
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536
      controller.enqueue(new Uint8Array(65_536).fill(0x20))
    },
  })
  const request = new Request(gatewayUrl, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: endless,
    duplex: 'half',
  } as RequestInit)
  expect((await front().fetch(request)).status).toBe(413)
  expect(sent).toBeLessThan(1024 * 1024 + 4 * 65_536)
})

test('a declared length beyond 1 MB is refused before anything is read', async () => {
  const unread = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) })
  const request = new Request(gatewayUrl, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'content-length': '52428800' },
    body: unread,
    duplex: 'half',
  } as RequestInit)
  expect((await front().fetch(request)).status).toBe(413)
})

test.for([{}, { 'content-length': '100' }])(
  'a body that trickles in is given up after ten seconds (%j)',
  async (length) => {
    vi.useFakeTimers()
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array([0x7b])),
    })
    const request = new Request(gatewayUrl, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', ...length },
      body: stalled,
      duplex: 'half',
    } as RequestInit)
    const answer = front().fetch(request)
    await vi.advanceTimersByTimeAsync(10_000)
    vi.useRealTimers()
    expect((await answer).status).toBe(400)
  },
)

const bodies: [string, string | Uint8Array][] = [
  ['nothing', ''],
  ['no JSON', '{"jsonrpc"'],
  ['nesting beyond 64', `${'['.repeat(65)}${']'.repeat(65)}`],
  ['200,000 levels', '['.repeat(200_000)],
  ['more than 10,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, 1])))],
  ['a key twice', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}'],
  ['a key twice, once escaped', '{"jsonrpc":"2.0","id":1,"method":"ping","m\\u0065thod":"tools/call"}'],
  ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}'],
  ['broken UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
]
for (const [what, body] of bodies) {
  test(`a body with ${what} is a parse error: 400, -32700 (attack case 46)`, async () => {
    const request = new Request(gatewayUrl, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: body as BodyInit,
    })
    const response = await front().fetch(request)
    expect([response.status, (await read(response)).error?.code]).toEqual([400, -32700])
  })
}

test('JSON that is no JSON-RPC is refused: 400, -32600', async () => {
  for (const body of [
    1,
    'x',
    null,
    {},
    [],
    [1],
    { jsonrpc: '1.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', id: null, method: 'ping' },
  ]) {
    const response = await front().fetch(post(gatewayUrl, JSON.stringify(body), { authorization: 'Bearer alice' }))
    expect([JSON.stringify(body), response.status, (await read(response)).error?.code]).toEqual([
      JSON.stringify(body),
      400,
      -32600,
    ])
  }
})

test('every answer forbids sniffing, keeping and referrers, and asks for https', async () => {
  const site = front()
  for (const url of [gatewayUrl, 'https://behalf.test/health', 'https://behalf.test/nothing', 'https://evil.test/']) {
    const { headers: sent } = await site.fetch(url)
    expect(sent.get('x-content-type-options')).toBe('nosniff')
    expect(sent.get('cache-control')).toBe('no-store')
    expect(sent.get('referrer-policy')).toBe('no-referrer')
    expect(sent.get('strict-transport-security')).toBe('max-age=31536000')
  }
})

test('a person who is lost gets a page, a program gets JSON', async () => {
  const page = await front().fetch('https://behalf.test/nothing', { headers: { accept: 'text/html' } })
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  const json = await front().fetch('https://behalf.test/nothing')
  expect([json.status, ((await json.json()) as { error: object }).error]).toEqual([
    404,
    { kind: 'invalid_request', retryable: false, message: 'Nothing is here.' },
  ])
})

test('what breaks inside is a plain 500 without a word of it', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const site = front(undefined, {
    resolveGateway: async () => {
      throw new Error('canary-internal')
    },
  })
  const response = await site.fetch(modern(call))
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('canary')
  expect(String(log.mock.calls[0])).toContain('canary-internal')
  log.mockRestore()
})

test('a page that breaks is a plain 500 too, and says so in the log', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const site = front(undefined, {
    mount(app) {
      app.get('/breaks', () => {
        throw new Error('canary-internal')
      })
    },
  })
  const response = await site.fetch('https://behalf.test/breaks', { headers: { accept: 'text/html' } })
  expect([response.status, response.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8'])
  expect(await response.text()).not.toContain('canary')
  expect(String(log.mock.calls[0])).toContain('canary-internal')
  log.mockRestore()
})
