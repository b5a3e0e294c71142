import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { CallReply } from '../../src/core/call.ts'
import type { ListReply } from '../../src/session/session.ts'
import type { ContentBlock, ToolOutput } from '../../src/core/tool.ts'
import { FakeSession, front, gatewayUrl, modernMeta, post, refused, toolNamed } from '../support/fake-front.ts'
import { runs } from '../support/property.ts'

/**
 * The quick lane and the SDK's must be one to the other side. `charset` in the content type changes nothing else, and takes
 * the SDK's lane.
 */
const sdk = 'application/json; charset=utf-8'
const quick = 'application/json'

const json = fc.jsonValue({ maxDepth: 2 })
const object = fc.dictionary(fc.string({ maxLength: 4 }), json, { maxKeys: 3 })
const junk = fc.oneof({ weight: 1, arbitrary: json }, { weight: 1, arbitrary: fc.constant(undefined) })
/** Mostly what clients send, now and then anything. */
const mostly = <T>(usual: T[], odd: fc.Arbitrary<unknown> = junk) =>
  fc.oneof({ weight: 25, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: odd })

const meta = fc.record(
  {
    progressToken: mostly<unknown>([1, 'token']),
    'behalf.dev/task': mostly(['release']),
    traceparent: mostly(['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']),
    other: fc.oneof({ weight: 25, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: json }),
  },
  { requiredKeys: [] },
)
const envelope = mostly<object>(
  [modernMeta(), modernMeta(), modernMeta({ elicitation: { form: {}, url: {} } }), modernMeta({ roots: 'x' })],
  fc.record(
    {
      'io.modelcontextprotocol/protocolVersion': mostly(['2026-07-28', '2025-11-25', '2030-01-01']),
      'io.modelcontextprotocol/clientCapabilities': mostly<object>([{}, { elicitation: {} }]),
      'io.modelcontextprotocol/clientInfo': mostly([{ name: 'x', version: '1' }]),
    },
    { requiredKeys: [] },
  ),
)

const request = fc.record({
  modern: fc.boolean(),
  jsonrpc: mostly(['2.0']),
  id: mostly<unknown>([0, 1, -1, 'a', '', 2 ** 53, 1.5]),
  method: mostly(['tools/call', 'tools/list'], fc.constantFrom('ping', 'tools/execute', 'prompts/list')),
  name: mostly(['Test_Echo', '=?base64?eA==?=']),
  arguments: mostly<unknown>([undefined, {}, { text: 'hi' }]),
  cursor: mostly<unknown>([undefined, undefined, 'next']),
  meta,
  envelope,
  extra: mostly<object>([{}], fc.constantFrom({ inputResponses: {} }, { requestState: 'x' }, { task: {} }, { foo: 1 })),
  headers: mostly<Record<string, string | null>>(
    [{}],
    fc.constantFrom<Record<string, string | null>>(
      { 'mcp-method': null },
      { 'mcp-method': 'tools/list' },
      { 'mcp-name': null },
      { 'mcp-name': 'Other' },
      { 'mcp-protocol-version': null },
      { 'mcp-protocol-version': '2025-06-18' },
      { 'mcp-protocol-version': '2024-10-07' },
      { 'mcp-protocol-version': 'x' },
      { accept: 'application/json' },
      { accept: null },
    ),
  ),
})

const content = fc.constantFrom<ContentBlock[]>(
  [],
  [{ type: 'text', text: 'hello' }],
  [{ type: 'image', data: 'eA==', mimeType: 'image/png' }],
  [
    { type: 'resource_link', uri: 'test://x', name: 'x' },
    { type: 'text', text: 'y', annotations: { audience: ['user'] } },
  ],
  [{ type: 'resource', resource: { uri: 'test://x', text: 'z' } }],
)
const output = fc.record(
  {
    content,
    structuredContent: fc.oneof(object, json),
    isError: fc.boolean(),
    meta: fc.constantFrom(
      {},
      { 'test/x': 1 },
      { 'io.modelcontextprotocol/serverInfo': { name: 'theirs', version: '9' } },
    ),
  },
  { requiredKeys: ['content'] },
)
const reply: fc.Arbitrary<CallReply | Error> = fc.oneof(
  {
    weight: 5,
    arbitrary: output.map((one): CallReply => ({ kind: 'output', callId: 'call-1', output: one as ToolOutput })),
  },
  fc.constantFrom<CallReply | Error>(
    refused('policy/denied'),
    refused('policy/limit_reached', { retryAfterMs: 10 }),
    refused('session/ended'),
    {
      ...refused('vault/authorization_needed', { help: { url: 'https://behalf.test/c/1' } }),
      resume: { callId: 'call-1', wait: 'authorization' },
    } as CallReply,
    {
      kind: 'input_required',
      callId: 'call-1',
      requests: {
        a: {
          method: 'elicitation/create',
          params: { mode: 'form', message: 'm', requestedSchema: { type: 'object', properties: {} } },
        },
      },
      resume: { callId: 'call-1', wait: 'upstream' },
    },
    new Error('canary-internal'),
  ),
)
const listReply: fc.Arbitrary<ListReply> = fc.constantFrom<ListReply>(
  { ok: true, version: 1, tools: [] },
  {
    ok: true,
    version: 1,
    tools: [
      toolNamed('A_One', { outputSchema: { type: 'object', properties: {} } }),
      toolNamed('B', { outputSchema: { anyOf: [] } }),
    ],
  },
  {
    ok: true,
    version: 1,
    tools: [toolNamed('A_One', { meta: { x: 1 }, icons: [{ src: 'https://x.test/i.png' }] })],
    nextCursor: 'n',
  },
  { ok: false, error: { code: 'session/ended' } },
  { ok: false, error: { code: 'core/internal' } },
)

type Case = typeof request extends fc.Arbitrary<infer T> ? T : never
const fields = (value: unknown): Record<string, never> => ({ ...(value as Record<string, never>) })

function build(one: Case, type: string): Request {
  const { modern, jsonrpc, id, method } = one
  const params = {
    ...(method === 'tools/call' && { name: one.name, arguments: one.arguments }),
    ...(method === 'tools/list' && { cursor: one.cursor }),
    ...fields(one.extra),
    ...((modern || Object.keys(one.meta).length > 0) && {
      _meta: { ...one.meta, ...(modern && fields(one.envelope)) },
    }),
  }
  const name = typeof one.name === 'string' && method === 'tools/call' ? one.name : null
  const standard = modern
    ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': String(method), 'mcp-name': name }
    : { 'mcp-protocol-version': '2025-11-25' }
  return post(
    gatewayUrl,
    { jsonrpc, id, method, params },
    { authorization: 'Bearer alice', ...standard, ...fields(one.headers), 'content-type': type },
  )
}

/** What the other side sees, and what the session was asked, without what is random: ids, keys, seals. */
async function run(one: Case, type: string, made: CallReply | Error, list: ListReply) {
  const asked: unknown[] = []
  const session = new FakeSession({
    callTool: async ({ onProgress, ...call }) => {
      asked.push({ ...call, cancelKey: null })
      if (made instanceof Error) throw made
      // A session that has ended makes no progress, so that its refusal is always a status.
      if (made.kind === 'refused' && made.error.code === 'session/ended') return made
      await onProgress?.({ progress: 1 })
      await onProgress?.({ progress: 1 })
      return made
    },
    listTools: async (request) => {
      asked.push({ ...request, known: null })
      return list
    },
  })
  const response = await front(session).fetch(build(one, type))
  const text = await response.text()
  const messages = text.startsWith('event:') ? [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data) : [text]
  const quickly = text.startsWith('{"jsonrpc"') || text.includes('data: {"jsonrpc":"2.0","id"')
  const same = messages.map((message) =>
    message
      ? JSON.parse(message, (key, value) => (['requestState', 'elicitationId'].includes(key) ? '…' : value))
      : null,
  )
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    messages: same,
    asked,
    quickly,
  }
}

test('both lanes give the same answer and ask the session the same, whatever comes', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(console, 'log').mockImplementation(() => {})
  let quickly = 0
  await fc.assert(
    fc.asyncProperty(request, reply, listReply, async (one, made, list) => {
      const { quickly: never, ...slow } = await run(one, sdk, made, list)
      const { quickly: did, ...fast } = await run(one, quick, made, list)
      if (did && fast.messages[0]?.result) quickly++
      expect(fast).toEqual(slow)
      expect(never && slow.status === 200 && Boolean(slow.messages[0]?.result)).toBe(false)
    }),
    { numRuns: runs(400) },
  )
  vi.restoreAllMocks()
  expect(quickly).toBeGreaterThan(40)
}, 60_000)
