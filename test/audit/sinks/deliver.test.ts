import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { eventRow } from '../../../src/audit/event-row.ts'
import { leafText } from '../../../src/audit/leaf.ts'
import { summary } from '../../../src/audit/sinks/flatten.ts'
import { deliver } from '../../../src/audit/sinks/kinds.ts'
import { logsRequest } from '../../../src/audit/sinks/otlp-model.ts'
import { recordOf } from '../../../src/audit/sinks/record.ts'
import { shaped } from '../../../src/audit/sinks/shape.ts'
import type { SinkSettings } from '../../../src/audit/sinks/settings.ts'
import { sinkSettings } from '../../../src/audit/sinks/settings.ts'
import type { SinkTools } from '../../../src/audit/sinks/sink.ts'
import { datadogReceiver } from '../../support/receivers/datadog.ts'
import { elasticReceiver } from '../../support/receivers/elastic.ts'
import { otlpReceiver } from '../../support/receivers/otlp.ts'
import { sentinelReceiver } from '../../support/receivers/sentinel.ts'
import { splunkReceiver } from '../../support/receivers/splunk.ts'
import { webhookReceiver } from '../../support/receivers/webhook.ts'
import { at, head, toolEvent, toolsFor } from '../support/sink-records.ts'

const settings = (value: object): SinkSettings => sinkSettings.parse(value)
const records = [toolEvent(0), toolEvent(1, { outcome: 'failed' }), head(2)]
const ids = records.map((record) => record.event.id)
const send = (to: SinkSettings, tools: SinkTools, some = records) =>
  deliver({ id: 'batch-1', records: some }, to, tools)
const busy =
  (status: number, headers = {}) =>
  () =>
    new Response('busy', { status, headers })

describe('OTLP', () => {
  for (const encoding of ['json', 'protobuf'] as const) {
    const to = settings({ kind: 'otlp', url: 'https://collector.test', encoding, signals: ['logs', 'traces'] })

    it(`delivers logs and spans that the official definitions decode (${encoding})`, async () => {
      const receiver = otlpReceiver('Bearer key')
      expect(await send(to, toolsFor(receiver, 'Bearer key'))).toMatchObject({ kind: 'accepted', refused: [] })
      expect(receiver.ids()).toEqual(ids)
      expect(receiver.logs[0]).toMatchObject({
        eventName: 'behalf.tool.outcome',
        timeUnixNano: `${at}000000`,
        severityNumber: 9,
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        attributes: {
          'user.id': 'u-alice',
          'user.name': 'Alice',
          'gen_ai.tool.name': 'Github_CreateIssue',
          'gen_ai.tool.call.arguments': '{"title":"Hi \\"you\\"\\n"}',
          'behalf.policy.rules': ['r1', 'r2'],
          'behalf.duration_ms': 12.5,
          'behalf.sequence': 0,
        },
      })
      expect(receiver.logs[1]).toMatchObject({ severityNumber: 13 })
      expect(receiver.logs[2]?.attributes['behalf.checkpoint.note']).toContain('behalf.test/ledger/0/acme\n2\n')
      expect(receiver.spans[0]).toMatchObject({
        name: 'tools/call Github_CreateIssue',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        parentSpanId: '00f067aa0ba902b7',
        kind: 2,
      })
      expect(receiver.spans[1]).toMatchObject({ name: 'upstream', parentSpanId: 'b7ad6b7169203331', kind: 3 })
      expect(receiver.spans[2]?.['status']).toMatchObject({ code: 2 })
    })

    it(`sends no span of a trace that its caller does not want sampled, and the event all the same (${encoding})`, async () => {
      const receiver = otlpReceiver()
      const { attributes } = toolEvent(0).event
      const quiet = toolEvent(0, { attributes: { ...attributes, trace_flags: 0 } })
      const refused = toolEvent(1, { type: 'tool.refused', outcome: 'refused' })
      expect(await send(to, toolsFor(receiver), [quiet, refused])).toMatchObject({ kind: 'accepted', refused: [] })
      expect(receiver.logs.map((log) => (log as { flags?: number }).flags ?? 0)).toEqual([0, 1])
      expect(new Set(receiver.spans.map((span) => span.attributes['behalf.event.id'] ?? null))).toEqual(
        new Set([refused.event.id, null]),
      )
      expect(receiver.spans.map(({ name, spanId, parentSpanId }) => [name, spanId, parentSpanId])).toEqual([
        ['tools/call Github_CreateIssue', 'b7ad6b7169203331', '00f067aa0ba902b7'],
        ['upstream', '27ad6b7169203331', 'b7ad6b7169203331'],
      ])
    })

    it(`counts what the receiver says it refused, and does not send it again (${encoding})`, async () => {
      const receiver = otlpReceiver()
      receiver.rejectRecords(200)
      const delivery = await send({ ...to, signals: ['logs'] } as SinkSettings, toolsFor(receiver))
      expect(delivery).toMatchObject({ kind: 'accepted', refused: [{ index: null, count: 200, reason: 'too old' }] })
    })
  }

  const to = settings({ kind: 'otlp', url: 'https://collector.test' })

  it.each([429, 502, 503, 504])('tries again after %i, when the receiver says', async (status) => {
    const receiver = otlpReceiver()
    receiver.trouble.next(busy(status, { 'retry-after': '7' }))
    expect(await send(to, toolsFor(receiver))).toMatchObject({ kind: 'later', afterMs: 7000 })
  })

  it.each([401, 403, 404, 500, 501])('waits for an administrator after %i', async (status) => {
    const receiver = otlpReceiver()
    receiver.trouble.next(busy(status))
    expect(await send(to, toolsFor(receiver))).toMatchObject({ kind: 'later', afterMs: 300_000 })
  })

  it('never sends again what was refused with 400', async () => {
    const receiver = otlpReceiver()
    receiver.trouble.next(busy(400))
    expect(await send(to, toolsFor(receiver))).toMatchObject({ kind: 'refused', reason: '400' })
  })

  it('waits when nobody is there', async () => {
    const nobody = { handle: () => Promise.reject(new Error('gone')) }
    expect(await send(to, toolsFor(nobody))).toEqual({ kind: 'later', reason: 'egress/unreachable' })
  })
})

describe('a collector that takes no spans just now', () => {
  const to = settings({ kind: 'otlp', url: 'https://collector.test', signals: ['logs', 'traces'] })
  const broken = (receiver: ReturnType<typeof otlpReceiver>, statuses: number[]) => ({
    handle: (request: Request) => {
      const status = request.url.endsWith('/v1/traces') ? statuses.shift() : undefined
      return status === undefined ? receiver.handle(request) : Promise.resolve(busy(status)())
    },
  })

  it('gets the logs of a batch once, although the spans come again', async () => {
    const receiver = otlpReceiver()
    const tools = toolsFor(broken(receiver, [503, 503]))
    const kinds = [await send(to, tools), await send(to, tools), await send(to, tools)].map(({ kind }) => kind)
    expect(kinds).toEqual(['later', 'later', 'accepted'])
    expect(receiver.ids()).toEqual(records.map(({ event }) => event.id))
    expect(receiver.spans.length).toBeGreaterThan(0)
  })

  it('gets the record all the same when it knows no spans at all', async () => {
    const receiver = otlpReceiver()
    expect(await send(to, toolsFor(broken(receiver, [404])))).toMatchObject({ kind: 'accepted', refused: [] })
    const tracesOnly = { ...to, signals: ['traces'] } as SinkSettings
    expect(await send(tracesOnly, toolsFor(broken(receiver, [404])))).toMatchObject({ kind: 'later', reason: '404' })
  })
})

describe('a web page instead of a receiver', () => {
  const page = { handle: async () => new Response('<!DOCTYPE html><title>Sign in</title>', { status: 200 }) }
  const sentinelMemory = () => new Map([['token', { value: 't', expiresAt: Number.MAX_SAFE_INTEGER }]])

  it.each<[object]>([
    [{ kind: 'otlp', url: 'https://x.test' }],
    [{ kind: 'splunk', url: 'https://x.test' }],
    [{ kind: 'datadog' }],
    [{ kind: 'elastic', url: 'https://x.test' }],
    [
      {
        kind: 'sentinel',
        url: 'https://x.test',
        ruleId: `dcr-${'0'.repeat(32)}`,
        stream: 'Custom-X',
        tenant: 't',
        clientId: 'c',
      },
    ],
  ])('is not taken for an answer, and nothing is lost (%o)', async (value) => {
    const tools = toolsFor(page, 's', { memory: sentinelMemory() })
    expect(await send(settings(value), tools)).toMatchObject({ kind: 'later', reason: 'a web page answered' })
  })

  it('is an answer of a webhook, whose receiver anybody may write', async () => {
    expect(await send(settings({ kind: 'webhook', url: 'https://x.test' }), toolsFor(page, 's'))).toMatchObject({
      kind: 'accepted',
    })
  })
})

describe('Splunk', () => {
  const to = (more = {}) => settings({ kind: 'splunk', url: 'https://splunk.test:8088', index: 'audit', ...more })

  it('delivers events with their time', async () => {
    const receiver = splunkReceiver('token')
    expect(await send(to(), toolsFor(receiver, 'token'))).toMatchObject({ kind: 'accepted' })
    expect(receiver.ids()).toEqual(ids)
    expect(receiver.events[0]).toMatchObject({ time: at / 1000, index: 'audit', sourcetype: 'behalf:audit' })
  })

  it('counts a batch only when the indexer has it', async () => {
    const receiver = splunkReceiver('token', { acknowledge: true, pollsUntilIndexed: 3 })
    expect(await send(to({ acknowledge: true }), toolsFor(receiver, 'token'))).toMatchObject({ kind: 'accepted' })
    receiver.loseNext()
    const tools = toolsFor(receiver, 'token')
    expect(await send(to({ acknowledge: true }), tools)).toMatchObject({ kind: 'later', reason: 'not_acknowledged' })
    expect(await send(to({ acknowledge: true }), tools)).toMatchObject({ kind: 'accepted' })
    expect(receiver.ids()).toEqual([...ids, ...ids])
  })

  it('waits when the token, the index or the channel is not right, and blames the data only for the data', async () => {
    const receiver = splunkReceiver('token', { acknowledge: true })
    expect(await send(to(), toolsFor(receiver, 'token'))).toMatchObject({ kind: 'later', reason: 'code 10' })
    expect(await send(to(), toolsFor(receiver, 'wrong'))).toMatchObject({ kind: 'later', reason: '403' })
    receiver.trouble.next(() => Response.json({ text: 'Incorrect index', code: 7 }, { status: 400 }))
    expect(await send(to(), toolsFor(receiver, 'token'))).toMatchObject({ kind: 'later', reason: 'code 7' })
    receiver.trouble.next(() => Response.json({ text: 'Invalid data format', code: 6 }, { status: 400 }))
    expect(await send(to(), toolsFor(receiver, 'token'))).toMatchObject({ kind: 'refused' })
    receiver.trouble.next(() => Response.json({ text: 'Server is busy', code: 9 }, { status: 503 }))
    expect(await send(to(), toolsFor(receiver, 'token'))).toMatchObject({ kind: 'later', reason: '503' })
  })
})

describe('Datadog', () => {
  const to = settings({ kind: 'datadog', site: 'datadoghq.eu', tags: ['env:prod'] })

  it('delivers to the intake of its site', async () => {
    const receiver = datadogReceiver('key', () => at)
    const seen: string[] = []
    const spy = { handle: (request: Request) => (seen.push(request.url), receiver.handle(request)) }
    expect(await send(to, toolsFor(spy, 'key'))).toMatchObject({ kind: 'accepted' })
    expect(receiver.ids()).toEqual(ids)
    expect(seen).toEqual(['https://http-intake.logs.datadoghq.eu/api/v2/logs'])
    expect(receiver.logs[0]).toMatchObject({ ddsource: 'behalf', ddtags: 'env:prod', status: 'info', timestamp: at })
    expect(receiver.logs[1]).toMatchObject({ status: 'warn' })
  })

  it('loses nothing after an outage longer than the 18 hours that Datadog takes', async () => {
    const later = at + 30 * 3_600_000
    const receiver = datadogReceiver('key', () => later)
    await send(to, toolsFor(receiver, 'key', { now: () => later }))
    expect(receiver.ids()).toEqual(ids)
    expect(receiver.logs[0]).toMatchObject({ 'behalf.at': at })
  })
})

describe('Elastic', () => {
  const to = settings({ kind: 'elastic', url: 'https://es.test', index: 'logs-behalf-audit' })

  it('stores each event once, however often it is sent', async () => {
    const receiver = elasticReceiver('key')
    const tools = toolsFor(receiver, 'key')
    expect(await send(to, tools)).toMatchObject({ kind: 'accepted', refused: [] })
    expect(await send(to, tools)).toMatchObject({ kind: 'accepted', refused: [] })
    expect(receiver.ids()).toEqual(ids)
    expect(receiver.documents.get(ids[0] as string)).toMatchObject({ '@timestamp': new Date(at).toISOString() })
  })

  it('tries again when some could not be taken, and names those that never will', async () => {
    const receiver = elasticReceiver('key')
    const tools = toolsFor(receiver, 'key')
    receiver.itemTrouble.set(1, 429)
    expect(await send(to, tools)).toMatchObject({ kind: 'later', reason: '429' })
    receiver.itemTrouble.set(1, 400)
    expect(await send(to, tools)).toMatchObject({
      kind: 'accepted',
      refused: [{ index: 1, count: 1, reason: '400 document_parsing_exception' }],
    })
  })
})

describe('Sentinel', () => {
  const client = {
    tenant: 'contoso',
    clientId: 'app',
    secret: 's',
    ruleId: `dcr-${'a'.repeat(32)}`,
    stream: 'Custom-Behalf_CL',
  }
  const { secret: _, ...place } = client
  const to = settings({ kind: 'sentinel', url: 'https://dce.test', authority: 'https://login.test', ...place })

  it('delivers the declared columns, with one token for many batches', async () => {
    const receiver = sentinelReceiver(client)
    const tools = toolsFor(receiver, 's')
    expect(await send(to, tools)).toMatchObject({ kind: 'accepted' })
    expect(await send(to, tools, [toolEvent(5)])).toMatchObject({ kind: 'accepted' })
    expect(receiver.ids()).toEqual([...ids, toolEvent(5).event.id])
    expect(receiver.tokensIssued()).toBe(1)
    expect(receiver.rows[0]).toMatchObject({
      TimeGenerated: new Date(at).toISOString(),
      Tool: 'Github_CreateIssue',
      Sequence: 0,
    })
  })

  it('asks for a new token when the old one is refused', async () => {
    const receiver = sentinelReceiver(client)
    const tools = toolsFor(receiver, 's')
    await send(to, tools)
    receiver.expireTokens()
    expect(await send(to, tools)).toMatchObject({ kind: 'later', reason: '401' })
    expect(await send(to, tools)).toMatchObject({ kind: 'accepted' })
    expect(await send(to, toolsFor(receiver, 'wrong'))).toMatchObject({ kind: 'later', reason: 'token: 401' })
  })
})

describe('a webhook', () => {
  const to = settings({ kind: 'webhook', url: 'https://hook.test/behalf' })

  it.each(['whsec_c2VjcmV0IGtleSBmb3IgdGVzdHM=', 'any other text'])('is signed, with secret %s', async (secret) => {
    const receiver = webhookReceiver(secret, () => at)
    expect(await send(to, toolsFor(receiver, secret))).toMatchObject({ kind: 'accepted' })
    expect(await send(to, toolsFor(receiver, secret))).toMatchObject({ kind: 'accepted' })
    expect(receiver.ids()).toEqual(ids)
    expect([...receiver.seen]).toEqual(['batch-1'])
  })

  it('is refused by the receiver when it is forged or old', async () => {
    const receiver = webhookReceiver('right', () => at)
    expect(await send(to, toolsFor(receiver, 'wrong'))).toMatchObject({ kind: 'later', reason: '401' })
    const late = webhookReceiver('right', () => at + 600_000)
    expect(await send(to, toolsFor(late, 'right'))).toMatchObject({ kind: 'later', reason: '401' })
  })
})

describe('R2', () => {
  it('writes one file a batch, the same one when it is sent again', async () => {
    const files = new Map<string, Uint8Array>()
    const archive = { put: async (key: string, bytes: Uint8Array) => void files.set(key, bytes) } as unknown as R2Bucket
    const nobody = { handle: () => Promise.reject(new Error('no network')) }
    const tools = toolsFor(nobody, '', { archive })
    await send(settings({ kind: 'r2' }), tools)
    await send(settings({ kind: 'r2' }), tools)
    expect([...files.keys()]).toEqual(['events/0/acme/2026/11/22/000000000000-000000000001-3.ndjson.gz'])
    const lines = gunzipSync([...files.values()][0] as Uint8Array)
      .toString()
      .trim()
      .split('\n')
    expect(lines.map((line) => (JSON.parse(line) as Record<string, string>)['behalf.event.id'])).toEqual(ids)
    expect(await send(settings({ kind: 'r2' }), toolsFor(nobody))).toMatchObject({ kind: 'later' })
  })
})

describe('what somebody put into a name (attack case 59)', () => {
  const evil = 'x"}\n{"outcome":"done"}\r\n\u001b[2J\u202e\u0000\u{e0041}'
  const {
    id,
    user,
    head: leafHead,
  } = eventRow({
    ...toolEvent(0).event,
    tool: evil,
    agent: evil,
    gateway: evil,
    attributes: { 'behalf.client.id': evil, [evil]: evil },
    payload: { user: { name: evil }, arguments: { [evil]: evil } },
  })
  const record = recordOf('0/acme', 0, leafText(leafHead, at, null), { user: { name: evil } })
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- this is what must not be there
  const unsafe = /[\u0000-\u001f\u202e]|\u{e0041}/u

  it('is a value and nothing else, in every form of the record', () => {
    expect([id, user]).toEqual([toolEvent(0).event.id, 'u-alice'])
    for (const format of ['native', 'ocsf'] as const) {
      const text = JSON.stringify(shaped(record, format))
      for (const c of ['\n', '\r', '\u001b']) expect(text).not.toContain(c)
      expect(JSON.parse(text)).toEqual(shaped(record, format))
    }
    expect(summary(record)).not.toMatch(unsafe)
    expect(record.event.tool).not.toMatch(unsafe)
    expect(Object.keys(record.event.attributes).join('')).not.toMatch(unsafe)
    expect(record.event.outcome).toBe('done')
    expect(logsRequest([record])).toMatchObject({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] })
  })

  it('makes no second line of what a sink sends', async () => {
    for (const [to, secret, receiver] of [
      [settings({ kind: 'splunk', url: 'https://splunk.test:8088' }), 'token', splunkReceiver('token')],
      [settings({ kind: 'elastic', url: 'https://elastic.test' }), 'key', elasticReceiver('key')],
    ] as const) {
      expect(await send(to, toolsFor(receiver, secret), [record, toolEvent(1)])).toMatchObject({ kind: 'accepted' })
      expect(receiver.ids()).toEqual([record.event.id, toolEvent(1).event.id])
    }
  })
})

describe('OCSF', () => {
  it('has the required fields of each class', async () => {
    const receiver = splunkReceiver('t')
    const to = settings({ kind: 'splunk', url: 'https://splunk.test', format: 'ocsf' })
    const some = [
      toolEvent(0),
      toolEvent(1, { type: 'identity.signed_in' }),
      toolEvent(2, { type: 'gateway.published' }),
      head(3),
    ]
    await send(to, toolsFor(receiver, 't'), some)
    const events = receiver.events.map(({ event }) => event)
    expect(events.map((event) => [event['class_uid'], event['type_uid']])).toEqual([
      [6003, 600301],
      [3002, 300201],
      [3004, 300403],
      [3004, 300403],
    ])
    for (const event of events) {
      expect(event).toMatchObject({
        category_uid: Math.floor(Number(event['class_uid']) / 1000),
        severity_id: expect.any(Number),
      })
      expect(event['metadata']).toMatchObject({ version: '1.7.0', product: { vendor_name: 'Behalf' } })
    }
    expect(events[0]).toMatchObject({
      actor: { user: { uid: 'u-alice' } },
      api: { operation: 'Github_CreateIssue' },
      src_endpoint: {},
    })
  })
})
