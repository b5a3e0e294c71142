import { expect, test, vi } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { BodyError } from '../../src/egress/egress.ts'
import type { EgressRequest, EgressResponse } from '../../src/egress/egress.ts'
import { failureOf } from '../../src/upstream/failure.ts'
import type { ModernRequest } from '../../src/upstream/modern-request.ts'
import { askModern } from '../../src/upstream/modern-request.ts'

const request: ModernRequest = {
  id: 7,
  method: 'tools/call',
  params: { name: 'find', arguments: { text: 'x' }, _meta: { 'io.modelcontextprotocol/clientCapabilities': {} } },
}
const result = { resultType: 'complete', content: [{ type: 'text', text: 'found' }] }
const answer = { jsonrpc: '2.0', id: 7, result }

test('sends one request that says the same in its headers and its body', async () => {
  const sent: Partial<EgressRequest>[] = []
  const params = { ...request.params, name: 'suche ü' }
  const headers = { 'mcp-param-region': 'eu' }
  await ask(json(answer), { ...request, params, headers, onProgress: () => {} }, sent)
  expect(sent).toHaveLength(1)
  expect(sent[0]?.headers).toEqual({
    'mcp-param-region': 'eu',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': `=?base64?${Buffer.from('suche ü').toString('base64')}?=`,
  })
  expect(JSON.parse(sent[0]?.body as string)).toEqual({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'behalf', version: '1' },
        progressToken: 7,
      },
    },
  })
})

test('names what is asked for by its name, its address or its task', async () => {
  const sent: Partial<EgressRequest>[] = []
  const asked: [string, JsonObject][] = [
    ['prompts/get', { name: 'greet' }],
    ['resources/read', { uri: 'note://1' }],
    ['tasks/get', { taskId: 't1' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'greet' } }],
  ]
  for (const [method, params] of asked)
    await ask(json(answer), { id: 7, method, params: { ...params, _meta: {} } }, sent)
  expect(sent.map(({ headers }) => headers?.['mcp-name'])).toEqual(['greet', 'note://1', 't1', undefined])
})

test('an answer is JSON or the last of a stream, however its bytes are cut', async () => {
  expect(await ask(json(answer))).toEqual(result)
  const heard: unknown[] = []
  const listening: ModernRequest = {
    ...request,
    onProgress: (progress) => heard.push(progress),
    onLog: (entry) => heard.push(entry),
  }
  const text = events(
    notice('notifications/progress', { progressToken: 7, progress: 1, total: 2, message: 'hälfte' }),
    notice('notifications/message', { level: 'info', data: 'ü' }),
    notice('notifications/progress', { progressToken: 8, progress: 9 }),
    notice('notifications/tools/list_changed', {}),
    answer,
  )
  for (const size of [1, 7, 100_000]) {
    heard.length = 0
    expect(await ask(stream(cut(text, size)), listening)).toEqual(result)
    expect(heard).toEqual([
      { progress: 1, total: 2, message: 'hälfte' },
      { level: 'info', data: 'ü' },
    ])
  }
})

test('waits for nothing after the answer', async () => {
  const cancelled = vi.fn<() => void>()
  const held = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(events(answer))),
    cancel: cancelled,
  })
  expect(await ask(stream(held))).toEqual(result)
  expect(cancelled).toHaveBeenCalledOnce()
})

const error = { code: -32602, message: 'no such tool', data: { tool: 'find' } }

test('an error of the protocol is the same in a 200, a stream and a 400', async () => {
  const said = { jsonrpc: '2.0', id: 7, error }
  for (const response of [json(said), stream(cut(events(said), 9)), json(said, 400)]) {
    expect(await failure(response)).toMatchObject({
      refusal: { code: 'upstream/invalid_params', evidence: { rpcCode: -32602, rpcMessage: 'no such tool' } },
      rpc: { code: -32602, data: { tool: 'find' } },
    })
  }
})

const notAnswers: Record<string, EgressResponse> = {
  'to another request': json({ ...answer, id: 8 }),
  'to a request of the same number as text': json({ ...answer, id: '7' }),
  'of another protocol': json({ ...answer, jsonrpc: '1.0' }),
  'without a result': json({ jsonrpc: '2.0', id: 7 }),
  'with a result that is no object': json({ ...answer, result: 'done' }),
  'with a result of an unknown type': json({ ...answer, result: { resultType: 'soon' } }),
  'with an error that has no code': json({ jsonrpc: '2.0', id: 7, error: { message: 'x' } }),
  'in a batch': json([answer]),
  'that is not JSON': response('{"jsonrpc"', 'application/json'),
  'that is a page': response('<html>', 'text/html'),
  'in a stream that says something else': stream(cut('data: hello\n\n', 5)),
}

test.for(Object.keys(notAnswers))('takes no answer %s', async (name) => {
  expect(await failure(notAnswers[name] as EgressResponse)).toMatchObject({ refusal: { code: 'upstream/failed' } })
})

test('says how a stream ended that brought no answer', async () => {
  const progress = events(notice('notifications/progress', { progressToken: 7, progress: 1 }))
  expect(await failure(stream(cut(progress, 50)))).toMatchObject({ refusal: { code: 'egress/unreachable' } })
  for (const code of ['egress/too_large', 'egress/timeout', 'egress/unreachable'] as const) {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new BodyError(code)) })
    expect(await failure(stream(broken))).toMatchObject({ refusal: { code } })
  }
})

test('another status says what it was', async () => {
  expect(await failure(response('no', 'text/plain', 404))).toMatchObject({
    refusal: { code: 'upstream/failed', evidence: { status: 404 } },
  })
})

const notice = (method: string, params: object): object => ({ jsonrpc: '2.0', method, params })
const events = (...messages: object[]): string =>
  messages.map((message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`).join('')

function cut(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, (at += size)))
    },
  })
}

function response(text: string, type: string, status = 200): EgressResponse {
  return {
    status,
    headers: new Headers({ 'content-type': type }),
    url: 'https://server.test/mcp',
    attempts: 1,
    body: cut(text, 1_000),
    bytes: async () => ({ ok: true, value: new TextEncoder().encode(text) }),
    text: async () => ({ ok: true, value: text }),
  }
}

function json(value: unknown, status = 200): EgressResponse {
  return response(JSON.stringify(value), 'application/json; charset=utf-8', status)
}

function stream(body: ReadableStream<Uint8Array>): EgressResponse {
  return { ...response('', 'text/event-stream'), body }
}

function ask(given: EgressResponse, asked = request, sent: Partial<EgressRequest>[] = []): Promise<unknown> {
  const send = async (one: Partial<EgressRequest>): Promise<EgressResponse> => {
    sent.push(one)
    return given
  }
  return askModern(send, { name: 'behalf', version: '1' }, asked)
}

const failure = (given: EgressResponse): Promise<unknown> =>
  ask(given).then(
    (value) => ({ answered: value }),
    (fault: unknown) => failureOf(fault),
  )
