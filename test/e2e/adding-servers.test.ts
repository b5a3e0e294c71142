import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fixture } from '../support/fixture/fixture.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { serveFetch } from '../support/serve-fetch.ts'
import type { World } from '../support/world.ts'
import { startWorld } from '../support/world.ts'

let world: World
let open: Fixture
let locked: Fixture
let folder: string
const key = 'key-of-the-locked-server'

beforeAll(async () => {
  const lock = ({ headers }: Request): Response | null =>
    headers.get('x-key') === key ? null : new Response(null, { status: 403 })
  const tools = { one: { description: 'Does one.', run: () => ({ content: [] }) } }
  folder = await mkdtemp(join(tmpdir(), 'behalf-import-'))
  open = await startFixture({ tools })
  locked = await startFixture({ tools, before: lock })
  world = await startWorld()
})
afterAll(async () => {
  await Promise.all([open.close(), locked.close(), rm(folder, { recursive: true })])
  await world.stop()
})

async function importing(mcpServers: object, ...words: string[]): Promise<{ code: number; out: string }> {
  const file = join(folder, 'mcp.json')
  await writeFile(file, `// As an editor leaves it.\n${JSON.stringify({ mcpServers }).replace(/}$/, ',}')}`)
  return world.cli('upstream', 'import', file, '--yes', ...words)
}

type Shown = { url: string; enabled: boolean; settings: Record<string, unknown> }
const shown = async (id: string): Promise<Shown> => (await world.admin('GET', `/upstreams/${id}`)).body as Shown
const statuses = async (id: string): Promise<string[]> => {
  const { items } = (await world.admin('GET', `/upstreams/${id}/pins`)).body as { items: { status: string }[] }
  return items.map(({ status }) => status)
}

describe('upstream import', () => {
  it('tries each server of a file by itself, and says how it went with each', async () => {
    const servers = {
      Broken: { url: 'http://10.0.0.1/mcp' },
      Locked: { httpUrl: locked.mcp, headers: { 'Accept\u0007': 'text/plain', 'X-Key': key } },
      local: { command: 'npx' },
      Open: { url: open.mcp, headers: { 'Content-Type': 'application/json' } },
    }
    const first = await importing(servers)
    expect(first.code).toBe(1)
    expect(first.out).not.toContain(key)
    expect(first.out).toMatch(/failed +broken +The address is in a private network/)
    expect(first.out).toMatch(/waits +locked .*npm run behalf -- secret set MCP_LOCKED__X_KEY\n/)
    expect(first.out).toContain('locked: the header Accept⟨U+0007⟩ is left out')
    expect(first.out).toContain('(--secrets takes what stands in the file)')
    expect(first.out).toMatch(/left out +local +it runs as a local process/)
    expect(first.out).toContain('open: the header Content-Type is left out')
    expect(first.out).toMatch(/added +open/)
    expect(await shown('open')).toMatchObject({ url: open.mcp, settings: { credentials: { kind: 'none' } } })
    expect((await world.cli('upstream', 'pins', 'open')).out).toMatch(/^one \(tool\)\n {4}Does one\.$/m)

    const { Broken: _, ...rest } = servers
    const asked = { url: open.mcp, headers: { 'X-Key': '${env:ASKED}' } }
    const waiting = await importing({ asked }, '--secrets')
    expect(waiting.code).toBe(1)
    expect(waiting.out).toMatch(/waits +asked .*secret set MCP_ASKED__X_KEY \(ASKED in the file\)\n/)

    const second = await importing(rest, '--secrets', '--json')
    expect(second).toMatchObject({ code: 0, out: expect.not.stringContaining(key) as string })
    expect(second.out).toContain('MCP_LOCKED__X_KEY is set from the file')
    expect(await world.admin('GET', '/secrets')).toMatchObject({ body: { items: [{ name: 'MCP_LOCKED__X_KEY' }] } })
    expect(JSON.parse(second.out.slice(second.out.indexOf('[')))).toMatchObject([
      { id: 'local', outcome: 'left out' },
      { id: 'locked', outcome: 'added' },
      { id: 'open', outcome: 'there' },
    ])
    expect(await statuses('locked')).toContain('quarantined')
  })

  it('gives no secret that was set for one host to another', async () => {
    await world.admin('PUT', '/secrets/MCP_BOUND__X_KEY', { value: 'set-for-the-first' })
    const bound = (url: string) => ({ bound: { url, headers: { 'X-Key': 'anything' } } })
    expect((await importing(bound(open.mcp))).code).toBe(0)
    const before = open.seen.length
    const moved = await importing(bound(open.mcp.replace('127.0.0.1', 'localhost')), '--replace', '--secrets')
    expect(moved).toMatchObject({
      code: 1,
      out: expect.stringMatching(/failed +bound +MCP_BOUND__X_KEY was set for/) as string,
    })
    expect(open.seen.length).toBe(before)
    expect(await shown('bound')).toMatchObject({ url: open.mcp })

    // Whoever comes later under its name would be sent what stays.
    const removed = await world.cli('upstream', 'remove', 'bound', '--yes')
    expect(removed.out).toContain('Its secret stays: npm run behalf -- secret delete MCP_BOUND__X_KEY')
  })

  it('takes one server alone, and does not take the place of another', async () => {
    await world.cli('upstream', 'add', 'taken', open.mcp, '--yes')
    const servers = { Taken: { url: locked.mcp }, more: { url: open.mcp } }
    const refused = await importing(servers, '--only', 'taken')
    expect(refused.code).toBe(1)
    expect(refused.out).toMatch(/failed +taken +taken is there already, for /)
    expect(await shown('taken')).toMatchObject({ url: open.mcp })
    expect((await importing(servers, '--only', 'nobody')).out).toContain('The file names no server nobody.')
    expect((await world.admin('GET', '/upstreams/more')).status).toBe(404)
  })
})

describe('upstream add, where there is no MCP server', () => {
  const add = async (...words: string[]) => (await world.cli('upstream', 'add', 'probe', ...words, '--yes')).out

  it('says what it found instead, and what may be wrong', async () => {
    const gone = await startFixture()
    await gone.close()
    expect(await add(gone.mcp)).toContain('Nothing answers at this address.')
    const site = await serveFetch(async () => new Response('<h1>Welcome</h1>', { status: 404 }))
    expect(await add(site.url)).toMatch(/no MCP server \(HTTP 404\)/)
    await site.close()
    const closed = await serveFetch(async () => new Response(null, { status: 401 }))
    const kept = await world.cli('upstream', 'add', 'closed', closed.url, '--yes')
    expect(kept).toMatchObject({
      code: 0,
      out: expect.stringContaining('does not say how it wants to know them') as string,
    })
    expect(kept.out).toContain('closed is kept. It offers nothing until it is told who calls')
    const tried = await world.cli('upstream', 'add', 'closed', closed.url, '--replace', '--sign-in', '--yes')
    expect(tried.out).toContain('People cannot sign in there: its authorization server refused to register us.')
    await closed.close()
    expect(await add(locked.mcp)).toMatch(/refuses to answer us \(HTTP 403\)/)
    expect(await add(open.mcp, '--header', 'content-type=x')).toMatch(
      /^settings\.credentials\.headers\.content-type: this header is not for credentials$/m,
    )
    expect((await world.cli('upstream', 'pins', 'nobody')).out).toContain('There is nothing by this name: nobody.')
  })
})

describe('upstream add, where there is one of that name', () => {
  const add = (...words: string[]) => world.cli('upstream', 'add', ...words, '--yes')

  it('changes nothing, and shows what it would change', async () => {
    await add('kept', open.mcp, '--title', 'Kept')
    await world.cli('upstream', 'admit', 'kept', '--all')
    const before = [await shown('kept'), await statuses('kept')]
    const refused = await add('kept', 'https://kept.evil.example/mcp', '--header', 'x-key={OTHER}')
    expect(refused.code).toBe(1)
    expect(refused.out).toContain(`kept is there already, for ${open.mcp}.`)
    expect(refused.out).toContain('+ "https://kept.evil.example/mcp"')
    expect(refused.out).toContain('What was admitted of it would be gone.')
    expect(refused.out).toContain('--replace does that.')
    expect([await shown('kept'), await statuses('kept')]).toEqual(before)
  })

  it('keeps with --replace what is not named, also that it is off', async () => {
    await add('mine', open.mcp, '--title', 'Mine', '--header', 'x-team=blue')
    await world.cli('upstream', 'admit', 'mine', '--all')
    const { settings } = await shown('mine')
    await world.admin('PUT', '/upstreams/mine', { url: open.mcp, settings, enabled: false })
    const replaced = await add('mine', open.mcp, '--admit', 'additions', '--replace')
    expect(replaced.out).toContain('~ settings.admit.additions')
    expect(replaced).toMatchObject({ code: 0, out: expect.stringContaining('mine is changed.') as string })
    expect(await shown('mine')).toMatchObject({
      enabled: false,
      settings: {
        title: 'Mine',
        credentials: { kind: 'headers', headers: { 'x-team': 'blue' } },
        admit: { additions: true, tools: false },
      },
    })
    expect(new Set(await statuses('mine'))).toEqual(new Set(['admitted']))
  })

  it('gives nothing that was meant for one host to another', async () => {
    const added = await add('moved', open.mcp, '--title', 'Moved', '--header', 'x-team=blue', '--admit', 'tools')
    expect(added.out).toContain('What nothing was found in is admitted')
    expect(await statuses('moved')).toContain('admitted')
    const before = open.seen.length
    const elsewhere = open.mcp.replace('127.0.0.1', 'localhost')
    expect((await add('moved', elsewhere, '--replace')).out).toContain('moved is replaced.')
    const { settings } = await shown('moved')
    expect(await statuses('moved')).not.toContain('admitted')
    expect(settings).toMatchObject({ title: 'Moved', credentials: { kind: 'none' }, admit: { tools: false } })
    expect(open.seen.slice(before).map(({ headers }) => headers.get('x-team'))).not.toContain('blue')
  })

  it('does not replace, through the API, what is not there any more', async () => {
    await add('raced', open.mcp)
    const put = (replaces: string | null | undefined) =>
      world.admin('PUT', '/upstreams/raced', { url: open.mcp, ...(replaces === undefined ? {} : { replaces }) })
    const refused = {
      status: 409,
      body: { code: 'admin/conflict', detail: expect.stringContaining(open.mcp) as string },
    }
    expect(await put(null)).toMatchObject(refused)
    expect(await put('https://other.example/mcp')).toMatchObject(refused)
    expect(await put(open.mcp)).toMatchObject({ status: 200 })
    expect(await put(undefined)).toMatchObject({ status: 200 })
  })
  it('gives an id to one of two who add it at the same time', async () => {
    const put = () => world.admin('PUT', '/upstreams/at-once', { url: open.mcp, replaces: null })
    const answered = (await Promise.all([put(), put()])).map(({ status }) => status)
    expect(answered.toSorted((one, other) => one - other)).toEqual([200, 409])
  })
})
