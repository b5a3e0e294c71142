import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { refuse } from '../../src/core/result.ts'
import { tasksExtension } from '../../src/core/call.ts'
import type { TaskState } from '../../src/core/call.ts'
import { bent } from '../support/bent.ts'
import { FakeSession, front, gatewayUrl, modern, read, said } from '../support/fake-front.ts'

const listen = (id: number, notifications: object = { toolsListChanged: true }, who = 'alice') =>
  modern({ id, method: 'subscriptions/listen', params: { notifications } }, { who })

/** Server-sent events, one JSON-RPC message at a time. */
function events(response: Response) {
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    async next(): Promise<{ method?: string; params?: Record<string, unknown> }> {
      for (;;) {
        const data = /^data: (.*)$/m.exec(text)
        const end = text.indexOf('\n\n')
        if (data?.[1] !== undefined && end >= 0) {
          text = text.slice(end + 2)
          return JSON.parse(data[1])
        }
        const { done, value } = await reader.read()
        if (done) throw new Error('the stream ended')
        text += value
      }
    },
    close: () => reader.cancel(),
  }
}

test('2026-07-28: says first what it will tell, then tells it, under the id of the subscription', async () => {
  const site = front()
  const response = await site.fetch(listen(5))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  const stream = events(response)
  const meta = { 'io.modelcontextprotocol/subscriptionId': 5 }
  expect(await stream.next()).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true }, _meta: meta },
  })
  site.changes.tell('prompts')
  site.changes.tell('tools')
  expect(await stream.next()).toMatchObject({ method: 'notifications/tools/list_changed', params: { _meta: meta } })
  await stream.close()
  expect(site.changes.listeners.size).toBe(0)
})

test('what changes before the stream is open is not lost', async () => {
  const site = front()
  void site.changes.heard.then(() => site.changes.tell('tools'))
  const stream = events(await site.fetch(listen(1)))
  expect((await stream.next()).method).toBe('notifications/subscriptions/acknowledged')
  expect((await stream.next()).method).toBe('notifications/tools/list_changed')
  await stream.close()
})

test('a subscription to nothing that is offered ends at once and holds nothing', async () => {
  const site = front()
  for (const notifications of [{}, { resourceSubscriptions: ['test://x'] }, { promptsListChanged: true }]) {
    const text = await (await site.fetch(listen(1, notifications))).text()
    expect(text).toContain('"resultType":"complete"')
  }
  expect(site.changes.listeners.size).toBe(0)
})

test('a subscription without a filter is refused and holds nothing', async () => {
  const site = front()
  const response = await site.fetch(modern({ method: 'subscriptions/listen' }))
  expect((await read(response)).error?.code).toBe(-32602)
  expect(site.changes.listeners.size).toBe(0)
})

test('too many streams: 429 with when to try again (attack case 66)', async () => {
  const site = front(undefined, {
    changes: { subscribe: async () => refuse('mcp/too_many_streams', { retryAfterMs: 5000 }) },
  })
  const response = await site.fetch(listen(1))
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5'])
})

test('when nothing more will be told, both streams end, so that the client comes again', async () => {
  const site = front()
  const modernStream = await site.fetch(listen(1))
  const headers = { authorization: 'Bearer alice', accept: 'text/event-stream' }
  const legacyStream = await site.fetch(new Request(gatewayUrl, { headers }))
  for (const { ended } of site.changes.listeners) ended()
  expect(await modernStream.text()).toContain('"resultType":"complete"')
  expect(await legacyStream.text()).toBe('')
  expect(site.changes.listeners.size).toBe(0)
})

test('2025-11-25: the GET stream tells it, and hanging up lets go', async () => {
  const site = front()
  const response = await site.fetch(
    new Request(gatewayUrl, { headers: { authorization: 'Bearer alice', accept: 'text/event-stream' } }),
  )
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const stream = events(response)
  site.changes.tell('tools')
  expect(await stream.next()).toEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
  await stream.close()
  expect(site.changes.listeners.size).toBe(0)
})

for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
  test(`the official client hears of new tools in mode ${JSON.stringify(mode)}`, async () => {
    const site = front()
    let heard: () => void
    const told = new Promise<void>((resolve) => void (heard = resolve))
    const client = new Client(
      { name: 'test', version: '1' },
      {
        versionNegotiation: { mode },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => heard() } },
      },
    )
    const requestInit = { headers: { authorization: 'Bearer alice' } }
    await client.connect(new StreamableHTTPClientTransport(new URL(gatewayUrl), { fetch: site.fetch, requestInit }))
    await site.changes.heard
    site.changes.tell('tools')
    await expect(told).resolves.toBeUndefined()
    await client.close()
  })
}

/** One task of alice's, which she may listen to. */
async function working() {
  const task: TaskState = {
    id: 't1',
    status: 'working',
    createdAt: 0,
    updatedAt: 0,
    ttlMs: 60_000,
    pollIntervalMs: 1_000,
  }
  const session = new FakeSession({
    callAsTask: async () => ({ kind: 'task', task }),
    getTask: async (id) => (id === task.id ? { ok: true, task } : refuse('session/unknown_task')),
  })
  const site = front(session)
  const capabilities = { extensions: { [tasksExtension]: {} } }
  const listenTo = (notifications: object, who = 'alice') =>
    site.fetch(modern({ id: 7, method: 'subscriptions/listen', params: { notifications }, capabilities }, { who }))
  const made = await site.fetch(modern({ method: 'tools/call', params: { name: 'Test_Echo' }, capabilities }))
  const taskId = String((await read(made)).result?.['taskId'])
  const become = (more: Partial<TaskState>) => {
    Object.assign(task, more)
    site.changes.work('t1')
  }
  return { site, listenTo, taskId, become }
}

test('tasks are told to their owner, as they are first and then as they change, as tasks/get would say it', async () => {
  const { site, listenTo, taskId, become } = await working()
  const stream = events(await listenTo({ taskIds: [taskId, bent(taskId), 'guess'] }))
  const _meta = { 'io.modelcontextprotocol/subscriptionId': 7 }
  expect(await stream.next()).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { taskIds: [taskId] }, _meta },
  })
  const told = { method: 'notifications/tasks', params: { taskId, status: 'working', ttlMs: 60_000, _meta } }
  expect(await stream.next()).toMatchObject(told)
  // Nothing is new about the one, and the other is not hers. Told they would be by the next turn.
  site.changes.work('t1')
  site.changes.work('t2')
  await new Promise((resolve) => setImmediate(resolve))
  become({ status: 'input_required', requests: { '1.who': { method: 'elicitation/create' } } })
  expect(await stream.next()).toMatchObject({ params: { status: 'input_required', inputRequests: { '1.who': {} } } })
  become({ status: 'ended', reply: said('done') as NonNullable<TaskState['reply']> })
  expect(await stream.next()).toMatchObject({
    params: { status: 'completed', result: { content: [{ text: 'done' }] } },
  })
  site.changes.end()
  expect(await stream.next()).toMatchObject({ id: 7, result: { resultType: 'complete', _meta } })
  await expect(stream.next()).rejects.toThrow('the stream ended')
  expect(site.changes.listeners.size).toBe(0)
})

test('tasks are told beside lists, on one stream, and hanging up lets go of both', async () => {
  const { site, listenTo, taskId, become } = await working()
  const stream = events(await listenTo({ taskIds: [taskId], toolsListChanged: true }))
  expect((await stream.next()).params?.['notifications']).toEqual({ toolsListChanged: true, taskIds: [taskId] })
  expect((await stream.next()).method).toBe('notifications/tasks')
  site.changes.tell('tools')
  expect((await stream.next()).method).toBe('notifications/tools/list_changed')
  become({ status: 'ended', reply: said('done') as NonNullable<TaskState['reply']> })
  expect(await stream.next()).toMatchObject({ params: { status: 'completed' } })
  await stream.close()
  await expect.poll(() => site.changes.listeners.size).toBe(0)
})

test('a task of somebody else is not listened to, and whoever takes none is told so', async () => {
  const { site, listenTo, taskId } = await working()
  const text = await (await listenTo({ taskIds: [taskId] }, 'mallory')).text()
  expect(text).not.toContain(taskId)
  expect(text).toContain('"resultType":"complete"')
  const response = await site.fetch(listen(1, { taskIds: [taskId] }))
  expect([response.status, (await read(response)).error?.code]).toEqual([400, -32021])
  expect(site.changes.listeners.size).toBe(0)
})
