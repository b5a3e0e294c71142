import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createEgress } from '../../src/egress/egress.ts'

type Seen = { url: string; init: RequestInit }

function stub(answers: (Response | Error | ((seen: Seen) => Response | Promise<Response>))[]) {
  const seen: Seen[] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    seen.push({ url, init })
    const answer = answers[Math.min(seen.length, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return typeof answer === 'function' ? answer({ url, init }) : (answer ?? new Response('end'))
  }
  return { fetch, seen }
}

const production = { development: false, egressAllow: [] }
const redirect = (location: string, status = 302): Response => new Response('moved', { status, headers: { location } })
const header = (seen: Seen | undefined, name: string): string | null => new Headers(seen?.init.headers).get(name)

describe('the way out', () => {
  it('never sends to an address the guard refuses', async () => {
    const { fetch, seen } = stub([])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://0xA9FEA9FE/latest' })
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'egress/blocked', evidence: { fault: 'private_address' } },
    })
    expect(seen).toEqual([])
  })

  it('hands a redirect back unless asked to follow', async () => {
    const { fetch, seen } = stub([redirect('https://b.example/')])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/' })
    expect(answer).toMatchObject({ ok: true, value: { status: 302, url: 'https://a.example/' } })
    expect(seen).toHaveLength(1)
    expect(seen[0]?.init.redirect).toBe('manual')
  })

  it.each([
    'http://10.0.0.1/',
    'https://10.0.0.1/',
    'https://[::ffff:7f00:1]/',
    'http://b.example/',
    '//localhost/',
    'file:///etc/passwd',
  ])('refuses a redirect to %s', async (location) => {
    const { fetch, seen } = stub([redirect(location), new Response('secret')])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', redirect: 'follow' })
    expect(answer).toMatchObject({ ok: false, error: { code: 'egress/blocked' } })
    expect(seen).toHaveLength(1)
  })

  it('refuses to leave https even where plain http is allowed', async () => {
    const { fetch } = stub([redirect('http://a.example/')])
    const answer = await createEgress({ development: true, egressAllow: [] }, { fetch }).fetch({
      url: 'https://a.example/',
      redirect: 'follow',
    })
    expect(answer).toMatchObject({ ok: false, error: { evidence: { fault: 'downgrade' } } })
  })

  it('drops every credential when the origin changes, whatever its name', async () => {
    const { fetch, seen } = stub([redirect('https://a.example/2'), redirect('https://b.example/3'), new Response('ok')])
    const headers = { authorization: 'Bearer t', cookie: 'c=1', 'x-api-key': 'k', accept: 'text/html' }
    await createEgress(production, { fetch }).fetch({ url: 'https://a.example/1', headers, redirect: 'follow' })
    expect(header(seen[1], 'authorization')).toBe('Bearer t')
    expect([...new Headers(seen[2]?.init.headers)]).toEqual([['accept', 'text/html']])
  })

  it('keeps a body from another origin, and turns 303 into GET', async () => {
    const body = 'client_secret=s'
    const to = async (location: string, status: number) => {
      const { fetch, seen } = stub([redirect(location, status), new Response('ok')])
      const answer = await createEgress(production, { fetch }).fetch({
        url: 'https://a.example/token',
        method: 'POST',
        body,
        redirect: 'follow',
      })
      return { answer, seen }
    }
    const other = await to('https://b.example/token', 307)
    expect(other.answer).toMatchObject({ ok: false, error: { evidence: { fault: 'body_to_other_origin' } } })
    const same = await to('/token/', 308)
    expect(same.seen[1]?.init).toMatchObject({ method: 'POST', body })
    const get = await to('https://b.example/done', 303)
    expect(get.seen[1]?.init.method).toBe('GET')
    expect(get.seen[1]?.init.body).toBeUndefined()
  })

  it('stops after three redirects', async () => {
    const { fetch, seen } = stub([() => redirect('https://a.example/again')])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', redirect: 'follow' })
    expect(answer).toMatchObject({ ok: false, error: { evidence: { fault: 'too_many_redirects' } } })
    expect(seen).toHaveLength(4)
  })

  it('keeps every hop among the allowed origins', async () => {
    const { fetch, seen } = stub([redirect('https://b.example/')])
    const egress = createEgress(production, { fetch })
    const allowedOrigins = ['https://a.example']
    expect(await egress.fetch({ url: 'https://a.example/', redirect: 'follow', allowedOrigins })).toMatchObject({
      ok: false,
      error: { evidence: { fault: 'origin_not_allowed' } },
    })
    expect(await egress.fetch({ url: 'https://a.example.evil.example/', allowedOrigins })).toMatchObject({ ok: false })
    expect(seen).toHaveLength(1)
  })

  it.each([
    { 'x-note': 'a\r\nauthorization: stolen' },
    { 'x note': 'a' },
    { '': 'a' },
    { host: 'b.example' },
    { Host: 'b.example' },
    { 'transfer-encoding': 'chunked' },
    { 'content-length': '0' },
    { 'cf-connecting-ip': '1.2.3.4' },
  ])('refuses the header %o', async (headers) => {
    const { fetch, seen } = stub([])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', headers })
    expect(answer).toMatchObject({ ok: false, error: { code: 'egress/blocked', evidence: { fault: 'header' } } })
    expect(seen).toEqual([])
  })

  it('repeats only when asked, and waits as long as the service said', async () => {
    const waits: number[] = []
    const wait = async (ms: number): Promise<void> => void waits.push(ms)
    const busy = (): Response => new Response('', { status: 429, headers: { 'retry-after': '2' } })
    const once = stub([busy])
    expect(
      await createEgress(production, { fetch: once.fetch, wait }).fetch({ url: 'https://a.example/' }),
    ).toMatchObject({
      ok: true,
      value: { status: 429, attempts: 1 },
    })
    const twice = stub([new TypeError('connection lost'), busy, new Response('ok')])
    const answer = await createEgress(production, { fetch: twice.fetch, wait }).fetch({
      url: 'https://a.example/',
      retries: 3,
    })
    expect(answer).toMatchObject({ ok: true, value: { status: 200, attempts: 3 } })
    expect(waits).toHaveLength(2)
    expect(waits[1]).toBe(2000)
  })

  it('hands 429 back when the service wants a longer wait than the caller has', async () => {
    const { fetch, seen } = stub([() => new Response('', { status: 429, headers: { 'retry-after': '3600' } })])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', retries: 3 })
    expect(answer).toMatchObject({ ok: true, value: { status: 429 } })
    expect(seen).toHaveLength(1)
  })

  it('does not repeat a 404, a redirect or a body it can no longer read', async () => {
    for (const answer of [new Response('', { status: 404 }), redirect('https://b.example/')]) {
      const { fetch, seen } = stub([answer])
      await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', retries: 2 })
      expect(seen).toHaveLength(1)
    }
    const { fetch, seen } = stub([() => new Response('', { status: 503 })])
    const body = new Response('x').body as ReadableStream<Uint8Array>
    await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', method: 'POST', body, retries: 2 })
    expect(seen).toHaveLength(1)
  })

  it("keeps the platform's message out of everything an agent may see", async () => {
    const { fetch } = stub([new TypeError('connect ECONNREFUSED 10.0.0.7:443')])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/' })
    expect(answer).toMatchObject({ ok: false, error: { code: 'egress/unreachable' } })
    expect(answer.ok ? '' : answer.error.message).toBeUndefined()
  })

  it('cuts a body at the cap while it streams, and before it when the length is declared', async () => {
    const endless = (): Response => {
      const chunk = new Uint8Array(1000)
      return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }))
    }
    const { fetch } = stub([endless])
    const answer = await createEgress(production, { fetch }).fetch({ url: 'https://a.example/', maxBytes: 5000 })
    expect(answer.ok && (await answer.value.bytes())).toMatchObject({ ok: false, error: { code: 'egress/too_large' } })

    const declared = stub([new Response('x', { headers: { 'content-length': '6000' } })])
    const other = await createEgress(production, { fetch: declared.fetch }).fetch({
      url: 'https://a.example/',
      maxBytes: 5000,
    })
    expect(other.ok && (await other.value.text())).toMatchObject({ ok: false, error: { code: 'egress/too_large' } })
  })
})

describe('the way out, over a real connection', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  const listen = (handler: Parameters<typeof createServer>[1]): Promise<string> =>
    new Promise((resolve) => {
      const server = createServer(handler ?? (() => {}))
      servers.push(server)
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    })
  const egress = createEgress({ development: true, egressAllow: [] })

  it('gives up on a service that sends no headers', async () => {
    const url = await listen(() => {})
    expect(await egress.fetch({ url, timeoutMs: 30 })).toMatchObject({ ok: false, error: { code: 'egress/timeout' } })
  })

  it('gives up on a service that stops in the middle of a body', async () => {
    const url = await listen((_request, response) => {
      response.write('part')
    })
    const answer = await egress.fetch({ url, timeoutMs: 1_000 })
    expect(answer).toMatchObject({ ok: true, value: { status: 200 } })
    expect(answer.ok && (await answer.value.text())).toMatchObject({ ok: false, error: { code: 'egress/timeout' } })
  })

  it('counts a body that dripples within the time between chunks as alive', async () => {
    const url = await listen((_request, response) => {
      let sent = 0
      const timer = setInterval(() => {
        response.write('x')
        if (++sent === 5) {
          clearInterval(timer)
          response.end()
        }
      }, 250)
    })
    const answer = await egress.fetch({ url, timeoutMs: 1_000 })
    expect(answer.ok && (await answer.value.text())).toEqual({ ok: true, value: 'xxxxx' })
  })

  it('stops when the caller does', async () => {
    const url = await listen(() => stop.abort())
    const stop = new AbortController()
    expect(await egress.fetch({ url, signal: stop.signal })).toMatchObject({
      ok: false,
      error: { code: 'egress/unreachable' },
    })
  })

  it('caps what a compressed body unfolds to', async () => {
    const { gzipSync } = await import('node:zlib')
    const url = await listen((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync(new Uint8Array(2_000_000)))
    })
    const answer = await egress.fetch({ url, maxBytes: 100_000 })
    expect(answer.ok && (await answer.value.bytes())).toMatchObject({ ok: false, error: { code: 'egress/too_large' } })
  })

  it('streams a request body', async () => {
    const url = await listen((request, response) => request.pipe(response))
    const body = new Response('hello').body as ReadableStream<Uint8Array>
    const answer = await egress.fetch({ url, method: 'POST', body })
    expect(answer.ok && (await answer.value.text())).toEqual({ ok: true, value: 'hello' })
  })
})

describe('a name that means another address at the call (DNS rebinding, attack case 6)', () => {
  const config = { ...production, dnsOverHttps: 'https://dns.example/query' }
  /** A resolver that says these addresses, and a service that counts who reaches it. */
  function internet(addresses: Record<string, string[]>, status = 0) {
    const asked: string[] = []
    const reached: string[] = []
    const fetch = async (to: string): Promise<Response> => {
      const url = new URL(to)
      if (url.host !== 'dns.example') {
        reached.push(url.host)
        const next = url.searchParams.get('next')
        return next === null ? new Response('hello') : redirect(next)
      }
      const name = url.searchParams.get('name') ?? ''
      asked.push(`${name} ${url.searchParams.get('type')}`)
      const all = (addresses[name] ?? []).map((data) => ({ type: data.includes(':') ? 28 : 1, data, TTL: 60 }))
      const wanted = url.searchParams.get('type') === 'A' ? 1 : 28
      return Response.json({ Status: status, Answer: all.filter(({ type }) => type === wanted) })
    }
    return { fetch, asked, reached }
  }

  it('is refused, whichever family the private address is of, and nothing is sent', async () => {
    for (const address of ['10.0.0.1', '169.254.169.254', '127.0.0.1', '::1', 'fd00::1', '::ffff:10.0.0.1']) {
      const { fetch, reached } = internet({ 'turned.example': ['93.184.216.34', address] })
      const answer = await createEgress({ ...config }, { fetch }).fetch({ url: 'https://turned.example/' })
      expect(answer).toMatchObject({ error: { code: 'egress/blocked', evidence: { fault: 'private_address' } } })
      expect(reached).toEqual([])
    }
  })

  it('is refused behind a redirect too', async () => {
    const { fetch, reached } = internet({ 'a.example': ['93.184.216.34'], 'b.example': ['10.0.0.1'] })
    const url = 'https://a.example/?next=https://b.example/'
    const answer = await createEgress({ ...config }, { fetch }).fetch({ url, redirect: 'follow' })
    expect(answer).toMatchObject({ error: { code: 'egress/blocked' } })
    expect(reached).toEqual(['a.example'])
  })

  it('is asked again when its time has run out, and a public one is let through without being asked each time', async () => {
    const addresses = { 'a.example': ['93.184.216.34', '2606:2800:220:1::1'] }
    const { fetch, asked } = internet(addresses)
    let time = 0
    const egress = createEgress({ ...config }, { fetch, now: () => time })
    for (let n = 0; n < 3; n++) expect(await egress.fetch({ url: 'https://a.example/' })).toMatchObject({ ok: true })
    expect(asked).toEqual(['a.example A', 'a.example AAAA'])
    addresses['a.example'] = ['10.0.0.1']
    time = 61_000
    expect(await egress.fetch({ url: 'https://a.example/' })).toMatchObject({ ok: false })
  })

  it('is not reached when the resolver does not answer', async () => {
    const { fetch, reached } = internet({}, 2)
    const answer = await createEgress({ ...config }, { fetch }).fetch({ url: 'https://a.example/' })
    expect(answer).toMatchObject({ error: { code: 'egress/unreachable', evidence: { fault: 'resolver' } } })
    expect(reached).toEqual([])
  })

  it('is not asked about where an operator listed the host, or where nobody named a resolver', async () => {
    const { fetch, asked } = internet({})
    const listed = { ...config, egressAllow: ['intranet.example'] }
    expect(await createEgress(listed, { fetch }).fetch({ url: 'https://intranet.example/' })).toMatchObject({
      ok: true,
    })
    expect(await createEgress(production, { fetch }).fetch({ url: 'https://a.example/' })).toMatchObject({ ok: true })
    expect(asked).toEqual([])
  })
})
