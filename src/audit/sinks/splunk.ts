import { jsonObject, post } from './post.ts'
import type { SplunkSettings } from './settings.ts'
import { shaped } from './shape.ts'
import type { Batch, Delivery, Sink, SinkTools } from './sink.ts'
import { accepted } from './sink.ts'

/**
 * Splunk HTTP Event Collector. With `acknowledge` a batch counts only once the indexer says it has it: a 200 alone means
 * that the data looked well (docs: "About HTTP Event Collector Indexer Acknowledgment").
 */
export const splunk: Sink<SplunkSettings> = {
  limits: { records: 500, bytes: 800_000 },
  async deliver(batch, settings, tools) {
    const channel = channelOf(tools.memory)
    const answer = await post(
      {
        url: `${base(settings)}/services/collector/event`,
        headers: { ...headers(tools, settings, channel), 'content-type': 'application/json' },
        body: batch.records.map((record) => JSON.stringify(eventOf(record, settings))).join('\n'),
        gzip: true,
      },
      tools,
    )
    if (!answer.ok) return aboutSettings(answer.delivery)
    const seen = { status: answer.status, text: answer.text.slice(0, 2_000) }
    const { code, ackId } = jsonObject(answer.text) ?? {}
    if (code !== 0) return { kind: 'later', reason: 'this is not an event collector', answer: seen }
    if (!settings.acknowledge) return accepted(seen)
    if (typeof ackId !== 'number') return { kind: 'later', reason: 'no_ack_id', answer: seen }
    return acknowledged(ackId, channel, settings, tools)
  },
}

const base = ({ url }: SplunkSettings): string => url.replace(/\/+$/, '')

const headers = ({ secret }: SinkTools, { acknowledge }: SplunkSettings, channel: string): Record<string, string> => ({
  authorization: `Splunk ${secret}`,
  ...(acknowledge ? { 'x-splunk-request-channel': channel } : {}),
})

function eventOf(record: Batch['records'][number], { index, source, sourcetype, format }: SplunkSettings) {
  return {
    time: record.event.at / 1000,
    source,
    sourcetype,
    ...(index === undefined ? {} : { index }),
    event: shaped(record, format),
  }
}

/** Codes 7, 10, 11 and 14 come with 400 as well, but are about the index, the channel or the token: the data waits. */
function aboutSettings(delivery: Delivery): Delivery {
  const code = jsonObject(delivery.answer?.text ?? '')?.['code']
  if (delivery.kind !== 'refused' || ![7, 10, 11, 14].includes(Number(code))) return delivery
  return { ...delivery, kind: 'later', reason: `code ${Number(code)}` }
}

const ackPolls = 60
const ackEveryMs = 1_000

async function acknowledged(
  ackId: number,
  channel: string,
  settings: SplunkSettings,
  tools: SinkTools,
): Promise<Delivery> {
  for (let poll = 0; poll < ackPolls; poll++) {
    if (poll > 0) await tools.wait(ackEveryMs)
    const answer = await post(
      {
        url: `${base(settings)}/services/collector/ack?channel=${channel}`,
        headers: { ...headers(tools, settings, channel), 'content-type': 'application/json' },
        body: JSON.stringify({ acks: [ackId] }),
      },
      tools,
    )
    if (!answer.ok) return { ...answer.delivery, kind: 'later', reason: `ack: ${reasonOf(answer.delivery)}` }
    const acks = jsonObject(answer.text)?.['acks'] as Record<string, unknown> | undefined
    if (acks?.[`${ackId}`] === true) return accepted({ status: answer.status, text: answer.text.slice(0, 2_000) })
  }
  // A new channel: an id that was never confirmed must not be mixed up with a new one.
  tools.memory.delete('channel')
  return { kind: 'later', reason: 'not_acknowledged' }
}

const reasonOf = (delivery: Delivery): string => ('reason' in delivery ? delivery.reason : delivery.kind)

function channelOf(memory: Map<string, unknown>): string {
  const known = memory.get('channel')
  if (typeof known === 'string') return known
  const channel = crypto.randomUUID()
  memory.set('channel', channel)
  return channel
}
