import { answering, bodyOf, json, must, Trouble } from './receiver.ts'
import type { Receiver } from './receiver.ts'

type HecEvent = { time: number; event: Record<string, unknown>; index?: string; sourcetype?: string }

/** Splunk HTTP Event Collector: "Format events for HTTP Event Collector" and "About HEC Indexer Acknowledgment". */
export function splunkReceiver(token: string, options: { acknowledge?: boolean; pollsUntilIndexed?: number } = {}) {
  const trouble = new Trouble()
  const events: HecEvent[] = []
  const pending = new Map<string, Map<number, number>>()
  let nextAck = 0
  let lose = false

  const receiver: Receiver = {
    ids: () => events.map(({ event }) => String(event['behalf.event.id'])),
    handle: (request) =>
      answering(async () => {
        const url = new URL(request.url)
        const channel = request.headers.get('x-splunk-request-channel') ?? url.searchParams.get('channel')
        must(request.headers.get('authorization') === `Splunk ${token}`, 403, { text: 'Invalid token', code: 4 })
        const down = trouble.take()
        if (down) return down
        if (options.acknowledge) {
          must(channel !== null, 400, { text: 'Data channel is missing', code: 10 })
          must(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(channel), 400, {
            text: 'Invalid data channel',
            code: 11,
          })
        }
        if (url.pathname === '/services/collector/ack') return acknowledge(channel ?? '', await bodyOf(request))
        must(url.pathname === '/services/collector/event', 404, { text: 'not found' })
        const found = read((await bodyOf(request)).toString())
        if (!options.acknowledge) {
          events.push(...found)
          return json(200, { text: 'Success', code: 0 })
        }
        const ackId = nextAck++
        // What is taken but lost on its way to the indexer is never acknowledged.
        const lost = lose
        lose = false
        if (!lost) events.push(...found)
        const ids = pending.get(channel ?? '') ?? new Map<number, number>()
        pending.set(channel ?? '', ids.set(ackId, lost ? Infinity : (options.pollsUntilIndexed ?? 1)))
        return json(200, { text: 'Success', code: 0, ackId })
      }),
  }

  function acknowledge(channel: string, body: Buffer): Response {
    must(options.acknowledge, 400, { text: 'ACK is disabled', code: 14 })
    const { acks } = JSON.parse(body.toString()) as { acks: number[] }
    const ids = pending.get(channel)
    const answer = acks.map((id) => {
      const left = (ids?.get(id) ?? Infinity) - 1
      ids?.set(id, left)
      // An id that was reported true once is forgotten.
      if (left === 0) ids?.delete(id)
      return [id, left === 0]
    })
    return json(200, { acks: Object.fromEntries(answer) as object })
  }

  /** Events stand one behind the other, with or without white space between them. */
  function read(text: string): HecEvent[] {
    must(text !== '', 400, { text: 'No data', code: 5 })
    return text.split('\n').map((line, i) => {
      const invalid = { text: 'Invalid data format', code: 6, 'invalid-event-number': i }
      const value = parsed(line)
      must(value !== null, 400, invalid)
      must(value.event !== undefined, 400, { text: 'Event field is required', code: 12, 'invalid-event-number': i })
      const known = ['time', 'host', 'source', 'sourcetype', 'index', 'fields', 'event']
      must(
        Object.keys(value).every((key) => known.includes(key)),
        400,
        invalid,
      )
      must(typeof value.time === 'number' && value.time > 1e9 && value.time < 1e10, 400, invalid)
      return value
    })
  }

  return { ...receiver, trouble, events, loseNext: () => (lose = true) }
}

function parsed(line: string): HecEvent | null {
  try {
    return JSON.parse(line) as HecEvent
  } catch {
    return null
  }
}
