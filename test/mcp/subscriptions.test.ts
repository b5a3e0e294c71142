import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { refuse } from '../../src/core/result.ts'
import { front, gatewayUrl, modern, read } from '../support/fake-front.ts'

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
