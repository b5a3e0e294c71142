import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { FileEntry } from '../../cli/upstream-file.ts'
import { readEntries } from '../../cli/upstream-file.ts'
import { idOfUrl } from '../../cli/upstream-id.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-import-'))
afterAll(() => rmSync(folder, { recursive: true }))

const names = ({ secrets }: FileEntry): string[] => secrets.map(({ name }) => name)

let files = 0
function read(content: unknown) {
  const file = join(folder, `${++files}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readEntries(file)
}

describe("a client's mcp.json", () => {
  it('gives its servers, with names of secrets where their credentials stood', () => {
    const found = read({
      mcpServers: {
        'My CRM': {
          url: 'https://mcp.crm.example/mcp',
          headers: { Authorization: 'Bearer crm-key-123', 'X-Team': 'blue' },
        },
        files: { command: 'npx', args: ['server-filesystem'] },
        nothing: {},
      },
    })
    expect(found.entries).toEqual([
      {
        id: 'my-crm',
        url: 'https://mcp.crm.example/mcp',
        secrets: [
          { name: 'MCP_MY_CRM__AUTHORIZATION', from: null, literal: expect.any(Function) as unknown },
          { name: 'MCP_MY_CRM__X_TEAM', from: null, literal: expect.any(Function) as unknown },
        ],
        notes: [],
        settings: {
          credentials: {
            kind: 'headers',
            headers: { authorization: 'Bearer {MCP_MY_CRM__AUTHORIZATION}', 'x-team': '{MCP_MY_CRM__X_TEAM}' },
          },
        },
      },
    ])
    expect(JSON.stringify(found)).not.toContain('crm-key-123')
    expect(found.skipped).toEqual([
      { id: 'files', why: expect.stringContaining('it runs as a local process: run it behind mcp-proxy') as string },
      { id: 'nothing', why: 'it has no address' },
    ])
  })

  const url = 'https://mcp.linear.app/mcp'

  it('gives servers whose names come to the same two ids, and two secrets', () => {
    const headers = { 'X-Key': 'one' }
    const found = read({
      mcpServers: {
        'My CRM': { url: 'https://one.example/mcp', headers },
        'my-crm': { url: 'https://two.example/mcp', headers },
        'my-crm-2': { url: 'https://three.example/mcp', headers: { 'x-key': 'two' } },
      },
    })
    expect(found.entries.map(({ id, url: address }) => [id, address])).toEqual([
      ['my-crm', 'https://one.example/mcp'],
      ['my-crm-2', 'https://two.example/mcp'],
      ['my-crm-2-2', 'https://three.example/mcp'],
    ])
    expect(new Set(found.entries.flatMap(names)).size).toBe(3)
    expect(found.entries[1]?.notes).toEqual(['"my-crm" is named my-crm-2: another server of the file has its name'])
  })

  it('never has two servers share a secret, in one file or in two', () => {
    const found = read({
      mcpServers: {
        crm: { url: 'https://one.example/', headers: { 'eu-key': 'a' } },
        'crm-eu': { url: 'https://two.example/', headers: { key: 'b' } },
      },
    })
    expect(found.entries.flatMap(names)).toEqual(['MCP_CRM__EU_KEY', 'MCP_CRM_EU__KEY'])
  })

  it('leaves out the headers of the transport, and says so', () => {
    const headers = { Accept: 'application/json', 'Content-Type': 'x', 'User-Agent': 'y', 'Mcp-Session-Id': 'z' }
    const [entry] = read({ mcpServers: { crm: { url, headers: { ...headers, 'X-Api-Key': 'k' } } } }).entries
    expect(entry?.settings).toEqual({
      credentials: { kind: 'headers', headers: { 'x-api-key': '{MCP_CRM__X_API_KEY}' } },
    })
    expect(entry?.notes).toEqual(
      Object.keys(headers).map((name) => `the header ${name} is left out: it is not for credentials`),
    )
    const [bare] = read({ mcpServers: { crm: { url, headers } } }).entries
    expect(bare?.settings).toEqual({})
  })

  it.each([
    [{ url: 'https://x.example/mcp?api_key=abc' }, 'its address holds what looks like a credential (api_key)'],
    [{ url: 'https://${input:tenant}.example/mcp' }, 'its address has to be filled in'],
    [{ url: 'https://ada:pass@x.example/mcp' }, 'its address holds what looks like a credential (user)'],
    [{ command: 'npx', args: ['mcp-remote', 'https://x.example/mcp?key=abc'] }, 'what looks like a credential (key)'],
    [{ url: 'https://$TENANT.example/mcp' }, 'its address has to be filled in'],
    [{ url, disabled: true }, 'it is turned off in the file'],
    [{ url, enabled: false }, 'it is turned off in the file'],
    [{ command: ['node', 'server.js'] }, 'it runs as a local process'],
    [{ url, headers: { 'x-retries': 3 } }, 'it cannot be read (headers.x-retries is of another kind)'],
    ['npx server', 'it cannot be read (it is of another kind)'],
  ])('names %o as what it is', (one, why) => {
    const { entries, skipped } = read({ mcpServers: { one } })
    expect(entries).toEqual([])
    expect(skipped).toEqual([{ id: 'one', why: expect.stringContaining(why) as string }])
  })
})

describe('a server.json of the registry', () => {
  const remote = (type: string, url: string, more: object = {}) => ({ type, url, ...more })

  it('gives its remote, Streamable HTTP before the event stream, with its title and headers', () => {
    const headers = [{ name: 'X-Api-Key', isSecret: true, value: 'left in the file' }]
    const found = read({
      name: 'com.example/weather',
      title: 'Weather',
      remotes: [
        remote('sse', 'https://w.example/sse'),
        remote('streamable-http', 'https://w.example/mcp', { headers }),
      ],
    })
    expect(found.entries).toMatchObject([
      {
        id: 'weather',
        url: 'https://w.example/mcp',
        secrets: [{ name: 'MCP_WEATHER__X_API_KEY' }],
        settings: { title: 'Weather', credentials: { headers: { 'x-api-key': '{MCP_WEATHER__X_API_KEY}' } } },
      },
    ])
    expect(JSON.stringify(found)).not.toContain('left in the file')
  })

  it('names what cannot be added, and why', () => {
    const local = read({ name: 'com.example/local', packages: [{ registryType: 'npm' }] })
    expect(local).toMatchObject({ entries: [], skipped: [{ id: 'local', why: 'it runs as a local process only' }] })
    const open = read({ name: 'com.example/t', remotes: [remote('streamable-http', 'https://{tenant}.example/mcp')] })
    expect(open.skipped[0]?.why).toContain('its address has to be filled in')
  })
})

it.each(['not json', '[]', '{"name":1}', '{}', '{"mcpServers":[]}'])('refuses %s and says so', (content) => {
  expect(() => read(content)).toThrow(/cannot be read as JSON|neither a server.json nor a client's list/)
})

it.each([
  ['https://mcp.linear.app/mcp', 'linear'],
  ['https://api.mcp.crm.example', 'crm'],
  ['https://mcp.dev/mcp', 'mcp'],
  ['https://linear.evil.example/mcp', 'linear-evil'],
  ['https://mcp.linear.app.evil.example/mcp', 'linear-app-evil'],
  ['http://localhost:3001/sse', 'localhost'],
  ['http://127.0.0.1:3001/', 'server'],
  ['worker:acme', null],
  ['crm', null],
])('names %s %s', (url, id) => {
  expect(idOfUrl(url)).toBe(id)
})
