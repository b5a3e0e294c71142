import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'
import { freePort } from '../../scripts/lib/ports.ts'
import { root } from '../../scripts/lib/root.ts'
import { waitForUrl } from '../../scripts/lib/wait-for-url.ts'
import type { FixtureOptions } from './fixture/fixture.ts'
import { startFixture } from './fixture/fixture.ts'
import { text } from './fixture/tools.ts'

/** A server that others wrote, or that is written with what others wrote, and a call that says it was reached. */
export type NamedServer = {
  name: string
  start(): Promise<{ url: string; close(): Promise<void> | void }>
  /** What `upstream add` says of it. */
  speaks: string
  call: { name: string; arguments: Record<string, unknown>; answers: RegExp }
}

const bin = (name: string): string => join(root, 'node_modules/.bin', name)

async function run(command: string, args: string[], url: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(bin(command), args, { env: { ...process.env, ...env }, stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await waitForUrl(url, { timeoutMs: 120_000 })
  return {
    url,
    async close() {
      child.kill()
      await ended
    },
  }
}

async function everything(kind: 'streamableHttp' | 'sse') {
  const port = await freePort()
  const path = kind === 'sse' ? '/sse' : '/mcp'
  return run('mcp-server-everything', [kind], `http://127.0.0.1:${port}${path}`, { PORT: `${port}` })
}

async function proxied(server: string, ...args: string[]) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/mcp`
  return run('mcp-proxy', ['--port', `${port}`, '--', bin(server), ...args], url)
}

async function files() {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-files-'))
  writeFileSync(join(folder, 'note.txt'), 'kept in a file')
  const running = await proxied('mcp-server-filesystem', folder)
  const close = async (): Promise<void> => {
    await running.close()
    rmSync(folder, { recursive: true })
  }
  return { ...running, close, folder }
}

/** On the older SDK, which most installed servers embed; without sessions. */
async function onOldSdk() {
  const http = createServer((request, response) => {
    const server = new McpServer({ name: 'old', version: '1' })
    server.registerTool('shout', { description: 'Shouts.', inputSchema: { word: z.string() } }, ({ word }) => ({
      content: [{ type: 'text', text: word.toUpperCase() }],
    }))
    const transport = new StreamableHTTPServerTransport()
    void server.connect(transport as never).then(() => transport.handleRequest(request, response))
  })
  const port = await freePort()
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port}/mcp`, close: () => void http.close() }
}

async function onNewSdk(eras: NonNullable<FixtureOptions['eras']>) {
  const whisper = {
    description: 'Whispers.',
    inputSchema: { type: 'object', properties: { word: { type: 'string' } } },
    run: ({ word }: Record<string, unknown>) => text(String(word).toLowerCase()),
  }
  const fixture = await startFixture({ eras, tools: { whisper } })
  return { url: fixture.mcp, close: () => fixture.close() }
}

const modern = 'MCP 2026-07-28'
const legacy = 'MCP 2025-x'
const whispers = { name: 'whisper', arguments: { word: 'HUSH' }, answers: /^hush$/ }
const echoes = { name: 'echo', arguments: { message: 'hi' }, answers: /Echo: hi/ }
let folder = ''

export const namedServers: readonly NamedServer[] = [
  { name: 'server-everything', start: () => everything('streamableHttp'), speaks: legacy, call: echoes },
  {
    name: 'server-everything over the event stream of 2024-11-05 alone',
    start: () => everything('sse'),
    speaks: `${legacy}, event stream (deprecated)`,
    call: echoes,
  },
  {
    name: 'server-memory behind mcp-proxy',
    start: () => proxied('mcp-server-memory'),
    speaks: modern,
    call: { name: 'read_graph', arguments: {}, answers: /entities/ },
  },
  {
    name: 'server-filesystem behind mcp-proxy',
    async start() {
      const started = await files()
      folder = started.folder
      return started
    },
    speaks: modern,
    call: {
      name: 'read_text_file',
      get arguments() {
        return { path: join(folder, 'note.txt') }
      },
      answers: /kept in a file/,
    },
  },
  {
    name: 'a server on the older SDK',
    start: onOldSdk,
    speaks: legacy,
    call: { name: 'shout', arguments: { word: 'hey' }, answers: /^HEY$/ },
  },
  { name: 'a server on the current SDK, both eras', start: () => onNewSdk('both'), speaks: modern, call: whispers },
  { name: 'a server of 2026-07-28 alone', start: () => onNewSdk('modern'), speaks: modern, call: whispers },
]
