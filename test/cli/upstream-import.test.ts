import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { idOfUrl, readEntries } from '../../cli/upstream-import.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-import-'))
afterAll(() => rmSync(folder, { recursive: true }))

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
        secrets: ['MY_CRM_AUTHORIZATION', 'MY_CRM_X_TEAM'],
        settings: {
          credentials: {
            kind: 'headers',
            headers: { authorization: 'Bearer {MY_CRM_AUTHORIZATION}', 'x-team': '{MY_CRM_X_TEAM}' },
          },
        },
      },
    ])
    expect(JSON.stringify(found)).not.toContain('crm-key-123')
    expect(found.skipped).toEqual([
      { id: 'files', why: 'it runs as a local process' },
      { id: 'nothing', why: 'it has no address' },
    ])
  })

  it.each([
    [{ servers: { linear: { type: 'http', url: 'https://mcp.linear.app/mcp' } } }, 'VS Code'],
    [{ mcpServers: { linear: { serverUrl: 'https://mcp.linear.app/mcp' } } }, 'Windsurf'],
  ])('is read as %o is written (%s)', (file, _client) => {
    expect(read(file).entries).toEqual([{ id: 'linear', url: 'https://mcp.linear.app/mcp', secrets: [], settings: {} }])
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
        secrets: ['WEATHER_X_API_KEY'],
        settings: { title: 'Weather', credentials: { headers: { 'x-api-key': '{WEATHER_X_API_KEY}' } } },
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

it.each(['not json', '[]', '{"name":1}', '{}'])('refuses %s and says so', (content) => {
  expect(() => read(content)).toThrow(/cannot be read as JSON|neither a server.json nor an mcp.json/)
})

it.each([
  ['https://mcp.linear.app/mcp', 'linear'],
  ['https://api.mcp.crm.example', 'crm'],
  ['https://mcp.dev/mcp', 'mcp'],
  ['http://localhost:3001/sse', 'localhost'],
  ['http://127.0.0.1:3001/', 'server'],
  ['worker:acme', null],
  ['crm', null],
])('names %s %s', (url, id) => {
  expect(idOfUrl(url)).toBe(id)
})
