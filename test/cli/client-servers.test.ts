import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Imported } from '../../cli/upstream-file.ts'
import { readEntries } from '../../cli/upstream-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'behalf-clients-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function read(content: string, name = 'mcp.json'): Imported {
  const file = join(folder, `${++files}-${name}`)
  writeFileSync(file, content)
  return readEntries(file)
}

/** What matters of each: where it is, what is sent, and whence each secret comes. */
function shown({ entries }: Imported): unknown[] {
  return entries.map(({ id, url, settings: { credentials }, secrets }) => ({
    id,
    url,
    ...(credentials && { headers: credentials['headers'] }),
    ...(secrets.length > 0 && { secrets: secrets.map(({ from, literal }) => from ?? literal()) }),
  }))
}

// Each as the client's own documentation writes it.
describe('the configuration of', () => {
  it('Claude Code: the variables of .mcp.json, and the servers of each project of ~/.claude.json', () => {
    const file = `{
      "mcpServers": {
        "api-server": {
          "type": "http",
          "url": "https://api.example.com/mcp",
          "headers": { "Authorization": "Bearer \${API_KEY:-sk-default}" }
        },
        "events": { "type": "sse", "url": "https://events.example.com/sse" }
      },
      "projects": {
        "/home/ada/one": { "mcpServers": { "sentry": { "type": "http", "url": "https://mcp.sentry.dev/mcp" } } },
        "/home/ada/two": { "mcpServers": { "sentry": { "type": "http", "url": "https://mcp.sentry.dev/mcp" } } },
        "/home/ada/three": { "history": [] }
      }
    }`
    const found = read(file)
    expect(shown(found)).toEqual([
      {
        id: 'api-server',
        url: 'https://api.example.com/mcp',
        headers: { authorization: 'Bearer {MCP_API_SERVER__AUTHORIZATION}' },
        secrets: ['API_KEY'],
      },
      { id: 'events', url: 'https://events.example.com/sse' },
      { id: 'sentry', url: 'https://mcp.sentry.dev/mcp' },
    ])
    expect(JSON.stringify(found)).not.toContain('sk-default')
  })

  it('Claude Desktop: local processes are named, and what runs mcp-remote is added by its address', () => {
    const found = read(`{
      "mcpServers": {
        "filesystem": {
          "command": "npx",
          "args": ["-y", "@modelcontextprotocol/server-filesystem", "/Users/ada/Desktop"],
          "env": { "KEY": "key-of-a-process" }
        },
        "remote": {
          "command": "npx",
          "args": ["mcp-remote", "https://remote.mcp.example/sse", "--header", "Authorization:\${AUTH_HEADER}", "--allow-http"],
          "env": { "AUTH_HEADER": "Bearer literal-token" }
        }
      }
    }`)
    expect(shown(found)).toEqual([
      {
        id: 'remote',
        url: 'https://remote.mcp.example/sse',
        headers: { authorization: 'Bearer {MCP_REMOTE__AUTHORIZATION}' },
        secrets: ['literal-token'],
      },
    ])
    expect(found.skipped).toEqual([
      { id: 'filesystem', why: expect.stringMatching(/local process: .*mcp-proxy.*upstream add filesystem/) as string },
    ])
    expect(JSON.stringify(found)).not.toMatch(/literal-token|key-of-a-process/)
  })

  it('VS Code: comments, trailing commas and inputs', () => {
    const found = read(`\uFEFF{
      // 💡 Inputs are prompted on first server start
      "inputs": [
        { "type": "promptString", "id": "perplexity-key", "description": "Perplexity API Key", "password": true, },
      ],
      "servers": {
        /* https://github.com/github/github-mcp-server/ */
        "Github": { "url": "https://api.githubcopilot.com/mcp/" },
        "fetch": { "type": "stdio", "command": "uvx", "args": ["mcp-server-fetch"] },
        "perplexity": {
          "type": "http",
          "url": "https://mcp.perplexity.example/mcp", // not "https://old.example"
          "headers": { "Authorization": "Bearer \${input:perplexity-key}", "X-Team": "\${env:TEAM}" },
        },
      },
    }`)
    expect(shown(found)).toEqual([
      { id: 'github', url: 'https://api.githubcopilot.com/mcp/' },
      {
        id: 'perplexity',
        url: 'https://mcp.perplexity.example/mcp',
        headers: { authorization: 'Bearer {MCP_PERPLEXITY__AUTHORIZATION}', 'x-team': '{MCP_PERPLEXITY__X_TEAM}' },
        secrets: ['perplexity-key', 'TEAM'],
      },
    ])
    expect(found.skipped.map(({ id }) => id)).toEqual(['fetch'])
    expect(
      shown(read('{ "mcp": { "servers": { "a": { "url": "https://a.example/mcp" } } }, }', 'settings.json')),
    ).toEqual([{ id: 'a', url: 'https://a.example/mcp' }])
  })

  it('Cursor: variables, and an OAuth client of its own that is left out', () => {
    const found = read(`{
      "mcpServers": {
        "server-name": {
          "url": "http://localhost:3000/mcp",
          "headers": { "API_KEY": "value", "X-Key": "\${env:MY_SERVICE_TOKEN}" }
        },
        "oauth-server": {
          "url": "https://api.example.com/mcp",
          "auth": { "CLIENT_ID": "\${env:ID}", "CLIENT_SECRET": "client-secret", "scopes": ["read"] }
        }
      }
    }`)
    expect(found.entries.map(({ id, notes }) => [id, notes])).toEqual([
      ['server-name', []],
      ['oauth-server', ['auth is left out: say with upstream add how to sign in there']],
    ])
    expect(found.entries[0]?.secrets.map(({ from, literal }) => from ?? literal())).toEqual([
      'value',
      'MY_SERVICE_TOKEN',
    ])
    expect(JSON.stringify(found)).not.toContain('client-secret')
  })

  it('Windsurf: serverUrl, and what is turned off', () => {
    const found = read(`{
      "mcpServers": {
        "remote-http-mcp": {
          "serverUrl": "https://windsurf.example/mcp",
          "headers": { "API_KEY": "Bearer \${env:AUTH_TOKEN}", "X-File": "\${file:/home/ada/key}" }
        },
        "off": { "serverUrl": "https://off.example/mcp", "disabled": true, "disabledTools": [] }
      }
    }`)
    expect(shown(found)).toEqual([
      {
        id: 'remote-http-mcp',
        url: 'https://windsurf.example/mcp',
        headers: { api_key: 'Bearer {MCP_REMOTE_HTTP_MCP__API_KEY}', 'x-file': '{MCP_REMOTE_HTTP_MCP__X_FILE}' },
        secrets: ['AUTH_TOKEN', null],
      },
    ])
    expect(found.skipped).toEqual([{ id: 'off', why: 'it is turned off in the file' }])
  })

  it('Gemini CLI: httpUrl before url, and $NAME', () => {
    const found = read(`{
      "mcp": { "allowed": ["httpServer"] },
      "mcpServers": {
        "httpServer": {
          "httpUrl": "https://gemini.example/mcp",
          "url": "https://gemini.example/sse",
          "headers": { "Authorization": "Bearer $MY_TOKEN", "X-Custom-Header": "pa$sword" },
          "timeout": 5000
        }
      }
    }`)
    expect(shown(found)).toMatchObject([{ url: 'https://gemini.example/mcp', secrets: ['MY_TOKEN', null] }])
    expect(JSON.stringify(found)).not.toContain('sword')
  })

  it('Zed: context_servers among other settings', () => {
    const found = read(`// Zed settings
    {
      "theme": "One Dark",
      "servers": [],
      "context_servers": {
        "local": { "source": "custom", "command": { "path": "some-command", "args": ["arg-1"] }, },
        "remote": { "url": "https://zed.example/mcp", "headers": { "Authorization": "Bearer <token>" } },
      },
    }`)
    expect(shown(found)).toMatchObject([{ id: 'remote', url: 'https://zed.example/mcp', secrets: [null] }])
    expect(found.skipped).toMatchObject([{ id: 'local' }])
  })

  it('Codex: TOML, with variables of its own spelling', () => {
    const found = read(
      `
model = "gpt-5"
[mcp_servers.figma]
url = "https://mcp.figma.com/mcp" # the official one
bearer_token_env_var = "FIGMA_OAUTH_TOKEN"
http_headers = { "X-Figma-Region" = "us-east-1" }
env_http_headers = { "X-Team" = "TEAM" }
startup_timeout_sec = 20

[mcp_servers.context7]
command = "npx"
args = ["-y", "@upstash/context7-mcp"]
[mcp_servers.context7.env]
MY_ENV_VAR = "MY_ENV_VALUE"

[mcp_servers."off.one"]
url = "https://off.example/mcp"
enabled = false
`,
      'config.toml',
    )
    expect(shown(found)).toEqual([
      {
        id: 'figma',
        url: 'https://mcp.figma.com/mcp',
        headers: {
          'x-figma-region': '{MCP_FIGMA__X_FIGMA_REGION}',
          'x-team': '{MCP_FIGMA__X_TEAM}',
          authorization: 'Bearer {MCP_FIGMA__AUTHORIZATION}',
        },
        secrets: ['us-east-1', 'TEAM', 'FIGMA_OAUTH_TOKEN'],
      },
    ])
    expect(found.skipped.map(({ id }) => id)).toEqual(['context7', 'off-one'])
  })
})

it('loses no server to a bad one beside it', () => {
  const found = read(`{ "mcpServers": {
    "one": 1, "two": { "url": 2 }, "three": { "url": "https://x.example", "headers": { "k": ["v"] } }, "four": null,
    "__proto__": { "url": "https://p.example/" }, "good": { "url": "https://good.example/mcp", "env": [], "enabled": "yes" }
  } }`)
  expect(shown(found)).toEqual([{ id: 'good', url: 'https://good.example/mcp' }])
  expect(found.skipped.map(({ id }) => id)).toEqual(['one', 'two', 'three', 'four'])
})

it.each([
  [
    '{ "mcpServers": {\n "a": { "headers": { "k": "secret-token" } "url": "x" } } }',
    'mcp.json',
    /:2: it cannot be read as JSON/,
  ],
  ['{ "mcpServers": { "a": { "headers": { "k": "secret-token', 'mcp.json', /:1: it cannot be read as JSON/],
  ['[mcp_servers.a]\nurl = "secret-token" "x"', 'config.toml', /:2: it cannot be read as TOML\.$/],
])('says where %j is broken, and quotes nothing of it', (content, name, message) => {
  expect(() => read(content, name)).toThrow(message)
  expect(() => read(content, name)).not.toThrow(/secret-token/)
})
