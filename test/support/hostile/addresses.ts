import { tool } from './definitions.ts'
import type { Kit, Pair } from './kit.ts'
import { ask, count } from './kit.ts'

const say = (text: string) => ({ content: [{ type: 'text', text }] })

/** Each with what the guard has to say of it: that a host cannot be reached stops nothing. */
const refusedAddresses: readonly (readonly [string, string])[] = [
  ['http://169.254.169.254/latest/meta-data', 'private network'],
  ['http://10.0.0.1/mcp', 'private network'],
  ['http://192.168.1.1/mcp', 'private network'],
  ['https://0xa9fea9fe/mcp', 'private network'],
  ['https://2852039166/mcp', 'private network'],
  ['https://0251.0376.0251.0376/mcp', 'private network'],
  ['https://[::ffff:169.254.169.254]/mcp', 'private network'],
  ['https://[64:ff9b::a9fe:a9fe]/mcp', 'private network'],
  ['https://[fd00::1]/mcp', 'private network'],
  ['https://metadata.google.internal/mcp', 'internal name'],
  ['https://10.0.0.1.nip.io/mcp', 'private network'],
  ['https://user:secret@example.com/mcp', 'user name or a password'],
  ['ftp://example.com/mcp', 'https://'],
]

const addresses: Pair = {
  name: 'an address in a private network, in any spelling',
  cases: [1],
  async attack(kit) {
    const added = await Promise.all(
      refusedAddresses.map(async ([url, words]) => {
        const { code, out } = await kit.world.cli('upstream', 'add', kit.name(), url, '--yes')
        return code !== 0 && out.startsWith('The ') && out.includes(words)
      }),
    )
    return count(...added)
  },
  async benign(kit) {
    const { names } = await kit.behind({ one: tool('Does one.') })
    return count(names.length === 1)
  },
}

const redirects: Pair = {
  name: 'a redirect to somewhere else',
  cases: [2],
  async attack(kit) {
    let reached = 0
    const thief = await kit.serve(() => {
      reached++
      return Response.json({})
    })
    const turn: { to: { status: number; location: string } | null } = { to: null }
    const { client } = await kit.behind(
      { one: tool('Does one.') },
      {
        before: () =>
          turn.to && new Response(null, { status: turn.to.status, headers: { location: turn.to.location } }),
      },
    )
    const answers = []
    for (const location of ['http://169.254.169.254/', 'http://10.0.0.1/', thief.url]) {
      for (const status of [302, 307]) {
        turn.to = { status, location }
        answers.push(await ask(client, 'one'))
      }
    }
    return count(...answers.map(({ isError, whole }) => isError && !whole.includes('169.254')), reached === 0)
  },
  async benign(kit) {
    // Servers that insist on a slash at the end.
    const before = (request: Request): Response | null => {
      const { pathname } = new URL(request.url)
      return pathname.endsWith('/') ? null : new Response(null, { status: 308, headers: { location: `${pathname}/` } })
    }
    const { client, names } = await kit.behind({ one: tool('Does one.') }, { before })
    return count(names.length === 1, (await ask(client, 'one')).text === 'done')
  },
}

const loops: Pair = {
  name: 'a server that answers 401 for ever',
  cases: [3],
  async attack(kit) {
    const turn = { status: 0 }
    const { client, fixture } = await kit.behind(
      { one: tool('Does one.') },
      {
        before: () =>
          turn.status === 0
            ? null
            : new Response(null, {
                status: turn.status,
                headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
              }),
      },
    )
    const requests: number[] = []
    for (const status of [401, 403, 503]) {
      turn.status = status
      const before = fixture.seen.length
      const answer = await ask(client, 'one')
      requests.push(answer.isError ? fixture.seen.length - before : 99)
    }
    return count(...requests.map((n) => n <= 3))
  },
  async benign(kit) {
    const name = 'HOSTILE_LOOP_KEY'
    await kit.world.admin('PUT', `/secrets/${name}`, { value: 'the-right-key' })
    const { client } = await kit.behind(
      { one: tool('Does one.') },
      {
        settings: { header: `authorization=Bearer {${name}}` },
        before: ({ headers }) =>
          headers.get('authorization') === 'Bearer the-right-key' ? null : new Response(null, { status: 401 }),
      },
    )
    return count((await ask(client, 'one')).text === 'done')
  },
}

type Metadata = { resource: object; server: object; challenge?: string }

/** A server that wants a sign-in and serves these documents about it. */
async function signsIn(kit: Kit, make: (origin: string) => Metadata): Promise<{ out: string; asked: string[] }> {
  const asked: string[] = []
  const served = await kit.serve((request) => {
    const { origin, pathname } = new URL(request.url)
    const { resource, server, challenge } = make(origin)
    asked.push(pathname)
    if (pathname.startsWith('/.well-known/oauth-protected-resource')) return Response.json(resource)
    if (pathname.startsWith('/.well-known/')) return Response.json(server)
    const metadata = challenge ?? `${origin}/.well-known/oauth-protected-resource/mcp`
    const headers = { 'www-authenticate': `Bearer resource_metadata="${metadata}"` }
    return new Response(null, { status: 401, headers })
  })
  const { out } = await kit.world.cli('upstream', 'add', kit.name(), `${served.url}/mcp`, '--yes')
  return { out, asked }
}

const honest = (origin: string): Metadata => ({
  resource: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['read'] },
  server: {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
  },
})

const discovery: Pair = {
  name: 'sign-in documents that bait us to somewhere else',
  cases: [3, 4],
  async attack(kit) {
    const change = (more: (origin: string) => Partial<Metadata>) => (origin: string) => ({
      ...honest(origin),
      ...more(origin),
    })
    const server = (more: object) => change((origin) => ({ server: { ...honest(origin).server, ...more } }))
    const resource = (more: object) => change((origin) => ({ resource: { ...honest(origin).resource, ...more } }))
    const baits = [
      change(() => ({ challenge: 'http://169.254.169.254/latest/meta-data' })),
      change(() => ({ challenge: 'http://10.0.0.1/resource' })),
      resource({ resource: 'https://api.bank.example/mcp' }),
      resource({ authorization_servers: ['http://169.254.169.254'] }),
      server({ issuer: 'https://accounts.bank.example' }),
      server({ token_endpoint: 'javascript:alert(1)' }),
      server({ authorization_endpoint: 'file:///etc/passwd' }),
      server({ authorization_endpoint: 'https://10.0.0.1/authorize' }),
      server({ registration_endpoint: 'http://169.254.169.254/register' }),
      server({ code_challenge_methods_supported: ['plain'] }),
    ]
    const outs = await Promise.all(baits.map((bait) => signsIn(kit, bait)))
    return count(...outs.map(({ out }) => !out.includes('It wants people to sign in at')))
  },
  async benign(kit) {
    const { out } = await signsIn(kit, honest)
    return count(out.includes('It wants people to sign in at'), out.includes('asking for read'))
  },
}

const floods: Pair = {
  name: 'a server that says all the time that something changed',
  cases: [66],
  async attack(kit) {
    const { fixture, gateway } = await kit.behind({ one: tool('Does one.') }, { eras: 'modern' })
    await listening(kit, gateway, fixture)
    const before = fixture.seen.filter(({ rpc }) => rpc === 'tools/list').length
    for (let n = 0; n < 500; n++) fixture.changed('tools')
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const looks = fixture.seen.filter(({ rpc }) => rpc === 'tools/list').length - before
    return count(looks <= 2)
  },
  async benign(kit) {
    const { fixture, gateway } = await kit.behind({ one: tool('Does one.') }, { eras: 'modern' })
    const heard = await listening(kit, gateway, fixture)
    for (let n = 0; n < 1_200 && heard.length === 0; n++) {
      // It is asked to tell a moment before it does: what it says in between, nobody hears.
      if (n % 20 === 0) fixture.changed('tools')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return count(heard.length > 0)
  },
}

/** A client that hears of changed tools, once the gateway hears of them from the server. */
async function listening(
  kit: Kit,
  gateway: string,
  { seen }: { seen: { rpc: string | undefined }[] },
): Promise<string[]> {
  const heard: string[] = []
  const tools = { autoRefresh: false, debounceMs: 0, onChanged: () => void heard.push('tools') }
  await kit.connect(gateway, { listChanged: { tools } })
  for (let n = 0; n < 1_200 && !seen.some(({ rpc }) => rpc === 'subscriptions/listen'); n++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return heard
}

const dead: Pair = {
  name: 'a server that is down, beside others',
  cases: [66],
  async attack(kit) {
    const good = await kit.fixture({ tools: { works: tool('Works.') } })
    const bad = await kit.fixture({ tools: { breaks: tool('Breaks.') } })
    const gateway = kit.name()
    for (const [id, url] of [
      [`${gateway}-good`, good.mcp],
      [`${gateway}-bad`, bad.mcp],
    ] as const) {
      await kit.add(id, url)
      await kit.world.cli('upstream', 'admit', id, '--all')
    }
    const upstreams = [`${gateway}-good`, `${gateway}-bad`].map((upstream) => ({ upstream, prefix: '' }))
    await kit.world.addGateway(gateway, { tools: upstreams })
    await bad.close()
    const client = await kit.connect(gateway)
    const { tools } = await client.listTools()
    const broken = await ask(client, 'breaks')
    const at = performance.now()
    const works = await ask(client, 'works')
    return count(tools.length === 2, broken.isError, works.text === 'done', performance.now() - at < 5_000)
  },
  async benign(kit) {
    const { client } = await kit.behind({ works: tool('Works.', { run: () => say('still') }) })
    return count((await ask(client, 'works')).text === 'still')
  },
}

export const addressPairs: readonly Pair[] = [addresses, redirects, loops, discovery, floods, dead]
