import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../scripts/lib/root.ts'
import type { Fixture } from '../support/fixture/fixture.ts'
import { startFixture } from '../support/fixture/fixture.ts'
import { jobServer } from '../support/fixture/jobs.ts'
import { questionTools } from '../support/fixture/questions.ts'
import type { FixtureTool } from '../support/fixture/tools.ts'
import { text, tools } from '../support/fixture/tools.ts'
import type { World } from '../support/world.ts'
import { startWorld } from '../support/world.ts'
import { bent } from '../support/bent.ts'

/** The production bundle in workerd, a gateway with one server behind it, and the clients that people have. */
let world: World
let fixture: Fixture
let asking: Fixture
let working: Fixture
const jobs = jobServer()
let folder = ''
let url = ''
let headers: Record<string, string>
const slow = { began: Promise.withResolvers<void>(), stopped: Promise.withResolvers<void>() }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'behalf-clients-'))
  fixture = await startFixture({
    tools: {
      echo: {
        description: 'Says it again.',
        inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
        run: ({ text: said }) => text(`you said ${String(said)}`),
      },
      slow: {
        description: 'Runs until it is stopped.',
        run: async (_args, { mcpReq }) => {
          slow.began.resolve()
          await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve))
          slow.stopped.resolve()
          return text('stopped')
        },
      },
    },
  })
  world = await startWorld()
  await world.addUpstream('fixture', fixture.mcp)
  await world.addGateway('tools', { tools: [{ upstream: 'fixture' }] })
  asking = await startFixture({
    tools: {
      ask_name: questionTools['test_elicitation'] as FixtureTool,
      count_steps: tools['test_tool_with_progress'] as FixtureTool,
      hidden_one: { description: 'Nobody may.', run: () => text('no') },
    },
  })
  await world.addUpstream('asking', asking.mcp)
  working = await startFixture(jobs)
  await world.addUpstream('jobs', working.mcp)
  await world.addGateway('jobs', { tools: [{ upstream: 'jobs' }] })
  const forbid = { id: 'hidden', effect: 'forbid', tools: { names: ['hidden_one'] } }
  await world.addGateway('finder', {
    tools: [{ upstream: 'asking' }],
    finding: { mode: 'search' },
    rules: { user: [{ id: 'people', effect: 'permit' }, forbid], agent: [{ id: 'agents', effect: 'permit' }] },
  })
  url = world.mcp('tools')
  headers = world.as('ada')
})

afterAll(async () => {
  await world?.stop()
  await fixture?.close()
  await asking?.close()
  await working?.close()
  rmSync(folder, { recursive: true, force: true })
})

const requestInit = () => ({ headers })

test.for(['auto', 'legacy', { pin: '2026-07-28' }] as const)(
  'the official client lists and calls (%j)',
  async (mode) => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: requestInit() }))
    expect((await client.listTools()).tools.map(({ name }) => name).toSorted()).toEqual(['echo', 'slow'])
    const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hi' } })
    expect(content).toEqual([{ type: 'text', text: 'you said hi' }])
    await client.close()
  },
)

test('the older official client lists, calls, pings and ends its session', async () => {
  const client = new OldClient({ name: 'old', version: '1' })
  const transport = new OldTransport(new URL(url), { requestInit: requestInit() })
  await client.connect(transport as Parameters<OldClient['connect']>[0])
  expect((await client.listTools()).tools).toHaveLength(2)
  const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hi' } })
  expect(content).toEqual([{ type: 'text', text: 'you said hi' }])
  await client.ping()
  const session = transport.sessionId
  await transport.terminateSession()
  const again = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'mcp-session-id': session ?? '' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
  expect(again.status).toBe(404)
  await client.close()
})

test('mcp-remote carries a client that only starts commands', async () => {
  const client = new OldClient({ name: 'stdio', version: '1' })
  const sent = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}:${value}`])
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      join(root, 'node_modules/mcp-remote/dist/proxy.js'),
      url,
      '--allow-http',
      '--transport',
      'http-only',
      ...sent,
    ],
    env: { HOME: folder, MCP_REMOTE_CONFIG_DIR: folder, PATH: process.env['PATH'] ?? '' },
    stderr: 'ignore',
  })
  await client.connect(transport)
  expect((await client.listTools()).tools).toHaveLength(2)
  const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hi' } })
  expect(content).toEqual([{ type: 'text', text: 'you said hi' }])
  await client.close()
})

test.for(['legacy', 'auto', 'modern'])('the Inspector’s command line lists and calls (%s)', async (protocolEra) => {
  const config = join(folder, `${protocolEra}.json`)
  const server = { type: 'streamable-http', url, headers, protocolEra }
  writeFileSync(config, JSON.stringify({ mcpServers: { behalf: server } }))
  const inspect = async (...args: string[]) => {
    const launcher = join(root, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')
    const all = [launcher, '--cli', '--config', config, '--server', 'behalf', '--format', 'json', ...args]
    const env = { ...process.env, HOME: folder, MCP_INSPECTOR_SECRET_STORE: 'memory' }
    return JSON.parse((await promisify(execFile)(process.execPath, all, { env })).stdout)
  }
  const listed = await inspect('--method', 'tools/list')
  expect(JSON.stringify(listed)).toContain('"echo"')
  const called = await inspect('--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=hi')
  expect(JSON.stringify(called)).toContain('you said hi')
})

test('hanging up on a call reaches the server behind it', async () => {
  const hangUp = new AbortController()
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'slow',
      arguments: {},
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }
  const response = await fetch(url, {
    method: 'POST',
    signal: hangUp.signal,
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'slow',
    },
    body: JSON.stringify(body),
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  await slow.began.promise
  hangUp.abort()
  await expect(slow.stopped.promise).resolves.toBeUndefined()
})

/** Sends these bytes as they are and gives the status line of what comes back. */
function raw(lines: string[], body = ''): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`))
    let answer = ''
    socket.on('data', (bytes) => {
      answer += bytes.toString()
      if (!answer.includes('\r\n')) return
      resolve(answer.slice(0, answer.indexOf('\r\n')))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

const begin = (more: Record<string, string> = {}) => {
  const all = { host: new URL(url).host, ...headers, 'content-type': 'application/json', ...more }
  return ['POST /tools/mcp HTTP/1.1', ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)]
}

test('a body that goes on for ever is a 413 before it ends (attack case 45)', async () => {
  const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`
  expect(await raw(begin({ 'transfer-encoding': 'chunked' }), chunk.repeat(20))).toContain(' 413 ')
  expect(await raw(begin({ 'content-length': '52428800' }))).toContain(' 413 ')
})

test('a body longer than it says is cut where it said it ends', async () => {
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  expect(await raw(begin({ 'content-length': String(ping.length) }), `${ping}${'x'.repeat(100)}`)).toContain(' 200 ')
})

test('a Host that is not ours is a 404, and a page of another site a 403 (attack cases 7 and 8)', async () => {
  expect(await raw(begin({ host: 'evil.test', 'content-length': '0' }))).toContain(' 404 ')
  expect(await raw(begin({ origin: 'https://evil.test', 'content-length': '0' }))).toContain(' 403 ')
})

test.for(['legacy', { pin: '2026-07-28' }] as const)(
  'tools that are not listed are found, described and called, with questions and progress (%j)',
  async (mode) => {
    const capabilities = { elicitation: { form: {} } }
    const client = new Client({ name: 'finder', version: '1' }, { versionNegotiation: { mode }, capabilities })
    client.setRequestHandler('elicitation/create', async () => ({
      action: 'accept',
      content: { username: 'ada', email: 'ada@acme.test' },
    }))
    const requestInit = { headers: world.as(`finder-${JSON.stringify(mode).length}`) }
    await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp('finder')), { requestInit }))
    const listed = (await client.listTools()).tools
    expect(listed.map(({ name }) => name)).toEqual([
      'call_tool',
      'describe_tool',
      'list_apps',
      'manage_connections',
      'report_missing_tool',
      'search_tools',
    ])
    expect(listed.at(-1)?.description).toContain('There are: asking (2).')
    const use = async (name: string, args: Record<string, unknown>, more = {}) =>
      client.callTool({ name, arguments: args }, more) as Promise<{
        structuredContent: Record<string, never>
        content: { text: string }[]
      }>
    const found = await use('search_tools', { query: 'name of a person' })
    expect(found.structuredContent).toMatchObject({ items: [{ name: 'ask_name', app: 'asking' }], has_more: false })
    expect((await use('search_tools', { query: 'hidden nobody' })).structuredContent).toMatchObject({ items: [] })
    const schema = (await use('describe_tool', { name: 'ask_name' })).structuredContent
    expect(schema).toMatchObject({ name: 'ask_name', inputSchema: { type: 'object' } })
    const inner = { name: 'ask_name', arguments: { message: 'Who?' } }
    expect(await use('call_tool', inner)).toEqual(await use('ask_name', inner.arguments))
    const steps: number[] = []
    await use(
      'call_tool',
      { name: 'count_steps' },
      { onprogress: ({ progress }: { progress: number }) => steps.push(progress) },
    )
    expect(steps).toEqual([0, 50, 100])
    for (const name of ['hidden_one', 'no_such']) {
      const refusal = { code: -32602, message: 'This tool does not exist or may not be used here.' }
      await expect(use('call_tool', { name })).rejects.toMatchObject(refusal)
      await expect(use('describe_tool', { name })).rejects.toMatchObject(refusal)
      await expect(use(name, {})).rejects.toMatchObject(refusal)
    }
    await client.close()
  },
)

test('what agents miss reaches the administrator, with nothing hidden in it, and not without end', async () => {
  const post = async (need: string) => {
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'report_missing_tool', arguments: { need } },
    }
    const init = { method: 'POST', headers: { ...world.as('reporter'), 'content-type': 'application/json' } }
    const response = await fetch(world.mcp('finder'), { ...init, body: JSON.stringify(body) })
    return (await response.json()) as { result: { isError?: boolean } }
  }
  const words = 'archive a channel\u202e'
  const replies = []
  for (let i = 0; i < 7; i++) replies.push((await post(`${words} ${i}`)).result.isError === true)
  expect(replies).toEqual([false, false, false, false, false, true, true])
  const reports = async () => (await world.cli('missing-tools', '--json')).out
  await expect.poll(reports).toMatch(/archive a channel.U\+202E. 4/)
  expect(await reports()).not.toContain('\u202e')
  expect((JSON.parse(await reports()) as unknown[]).length).toBe(5)
})

type Said = { result?: Record<string, unknown>; error?: { code: number; message: string; data?: object } }

describe('tasks (SEP-2663)', () => {
  const extension = 'io.modelcontextprotocol/tasks'
  const taking = { elicitation: { form: {} }, extensions: { [extension]: {} } }

  async function ask(method: string, params: object, who = 'worker', capabilities: object = taking) {
    const answer = await (await post(method, params, who, capabilities)).text()
    const data = answer.split('\n').findLast((line) => line.startsWith('data: '))
    return JSON.parse(data?.slice(6) ?? answer) as Said
  }

  function post(method: string, params: object, who = 'worker', capabilities: object = taking) {
    const named = params as { name?: string; taskId?: string }
    const name = named.name ?? named.taskId
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': capabilities,
      'io.modelcontextprotocol/clientInfo': { name: 'tasks', version: '1' },
    }
    return fetch(world.mcp('jobs'), {
      method: 'POST',
      headers: {
        ...world.as(who),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(name !== undefined && { 'mcp-name': name }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
    })
  }
  const start = async (name: string, args = {}): Promise<string> => {
    const { result } = await ask('tools/call', { name, arguments: args })
    expect(result).toMatchObject({ resultType: 'task', status: 'working', ttlMs: 3_600_000 })
    return String(result?.['taskId'])
  }
  const get = async (taskId: string) => (await ask('tasks/get', { taskId })).result
  const until = (taskId: string, status: string) =>
    expect.poll(async () => (await get(taskId))?.['status'], { interval: 100 }).toBe(status)

  test('a server’s task becomes ours, with its message and its result, and both sides are told of the extension', async () => {
    const { result } = await ask('server/discover', {})
    expect(result).toMatchObject({ capabilities: { extensions: { [extension]: {} } } })
    const taskId = await start('slow_compute', { seconds: 2 })
    await until(taskId, 'completed')
    expect(await get(taskId)).toMatchObject({
      resultType: 'complete',
      taskId,
      result: { content: [{ type: 'text', text: 'slow_compute {}' }] },
    })
    expect([...jobs.jobs.keys()]).not.toContain(taskId)
    expect(new Set(jobs.seen)).toEqual(new Set(['tasks/get named']))
    const outcomes = async () => {
      const { body } = await world.admin('GET', '/events?tool=slow_compute')
      return (body['items'] as { type: string; outcome?: string }[]).map(({ type, outcome }) => `${type} ${outcome}`)
    }
    await expect.poll(outcomes).toEqual(['tool.outcome done', 'tool.intent undefined'])
  })

  test('a question goes to the client and its answer to the server', async () => {
    const taskId = await start('confirm_delete', { filename: 'notes.txt' })
    await until(taskId, 'input_required')
    const task = await get(taskId)
    const keys = Object.keys(task?.['inputRequests'] as object)
    expect(keys).toHaveLength(1)
    const inputResponses = { [keys[0] ?? '']: { action: 'accept', content: { confirm: true } } }
    expect((await ask('tasks/update', { taskId, inputResponses })).result).toMatchObject({ resultType: 'complete' })
    await until(taskId, 'completed')
    expect(JSON.stringify((await get(taskId))?.['result'])).toContain('accept')
  })

  test('who listens hears when it asks and when it is done, without asking', async () => {
    const taskId = await start('confirm_delete', { filename: 'notes.txt' })
    const stream = await post('subscriptions/listen', { notifications: { taskIds: [taskId] } })
    const reader = (stream.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    const hear = async (word: string) => {
      while (!heard.includes(word)) heard += (await reader.read()).value ?? ''
    }
    await hear('inputRequests')
    const key = /"(\d+\.confirm)"/.exec(heard)?.[1] ?? ''
    await ask('tasks/update', { taskId, inputResponses: { [key]: { action: 'accept', content: {} } } })
    await hear('"status":"completed"')
    const said = heard.split('\n').filter((line) => line.startsWith('data: '))
    const last = JSON.parse(said.at(-1)?.slice(6) ?? '') as { params: object }
    expect(last).toMatchObject({ method: 'notifications/tasks', params: { taskId, result: { content: [{}] } } })
    const { resultType: _type, _meta: _ours, ...asked } = (await get(taskId)) ?? {}
    expect(last.params).toMatchObject(asked)
    await reader.cancel()
  })

  test('a failure is a failure in our words, and cancelling reaches the server', async () => {
    const failing = await start('protocol_error_job')
    await until(failing, 'failed')
    const failed = await get(failing)
    expect(failed).toMatchObject({ error: { code: -32602 } })
    expect(JSON.stringify(failed)).not.toContain('UPSTREAM WORDS')
    const endless = await start('slow_compute', { seconds: 10_000 })
    expect((await ask('tasks/cancel', { taskId: endless })).result).toMatchObject({ resultType: 'complete' })
    await until(endless, 'cancelled')
    await expect.poll(() => [...jobs.jobs.values()].some((one) => one.cancelled)).toBe(true)
  })

  test('belongs to its owner, and only to who says that they take tasks', async () => {
    const taskId = await start('slow_compute', { seconds: 10_000 })
    const unknown = { error: { code: -32602, message: 'There is no such task, or it has expired.' } }
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const inputResponses = {}
      expect(await ask(method, { taskId, inputResponses }, 'mallory')).toMatchObject(unknown)
      expect(await ask(method, { taskId: bent(taskId), inputResponses })).toMatchObject(unknown)
      expect(await ask(method, { taskId: 'x', inputResponses })).toMatchObject(unknown)
      expect(await ask(method, { taskId, inputResponses }, 'worker', {})).toMatchObject({
        error: { code: -32021, data: { requiredCapabilities: { extensions: { [extension]: {} } } } },
      })
    }
    const listen = await ask('subscriptions/listen', { notifications: { taskIds: [taskId] } }, 'worker', {})
    expect(listen).toMatchObject({ error: { code: -32021 } })
    expect(await get(taskId)).toMatchObject({ status: 'working' })
    await ask('tasks/cancel', { taskId })
    for (const method of ['tasks/list', 'tasks/result']) {
      expect(await ask(method, { taskId })).toMatchObject({ error: { code: -32601 } })
    }
  })

  test('who takes no tasks waits for the answer, whatever the server does, and hanging up reaches it', async () => {
    const plain = await ask('tools/call', { name: 'slow_compute', arguments: {} }, 'worker', {})
    expect(plain.result).toMatchObject({ content: [{ text: 'without a task' }] })
    const pushed = await ask('tools/call', { name: 'pushy_job', arguments: {} }, 'worker', {})
    expect(pushed.result).toMatchObject({ resultType: 'complete', content: [{ text: 'pushy_job {}' }] })
    const refused = await ask('tools/call', { name: 'failing_job', arguments: {} }, 'worker', {})
    const data = { requiredCapabilities: { extensions: { [extension]: {} } } }
    expect(refused).toMatchObject({ error: { code: -32021, data } })
    // 2025-x has no tasks to declare.
    const client = new Client({ name: 'old', version: '1' }, { versionNegotiation: { mode: 'legacy' } })
    const requestInit = { headers: world.as('waiting') }
    await client.connect(new StreamableHTTPClientTransport(new URL(world.mcp('jobs')), { requestInit }))
    const told: unknown[] = []
    const onprogress = ({ message }: { message?: string | undefined }) => void told.push(message)
    const waited = await client.callTool({ name: 'failing_job', arguments: {} })
    expect(waited).toMatchObject({ isError: true, content: [{ text: 'It did not work.' }] })
    const slowly = await client.callTool({ name: 'pushy_job', arguments: { seconds: 2 } }, { onprogress })
    expect(slowly).toMatchObject({ content: [{ text: 'pushy_job {}' }] })
    expect(told).toEqual(['poll 1', 'poll 2'])
    const hangUp = new AbortController()
    const before = new Set(jobs.jobs.keys())
    const call = client.callTool({ name: 'pushy_job', arguments: { seconds: 10_000 } }, { signal: hangUp.signal })
    const newest = () => [...jobs.jobs].find(([id]) => !before.has(id))?.[1]
    await expect.poll(() => newest()?.polls ?? 0).toBeGreaterThan(0)
    hangUp.abort()
    await expect(call).rejects.toThrow(/abort/i)
    await expect.poll(() => newest()?.cancelled).toBe(true)
    await client.close()
  })
})
