import type { IncomingMessage } from 'node:http'
import { elasticReceiver } from '../../test/support/receivers/elastic.ts'
import type { Receiver } from '../../test/support/receivers/receiver.ts'
import { webhookReceiver } from '../../test/support/receivers/webhook.ts'
import { served } from './chaos-service.ts'

export type Receivers = {
  /** As the admin API wants them, by id, with their secret. */
  sinks: Record<string, { settings: object; secret?: string }>
  /** Ids of the events each holds, repetitions among them. */
  ids(): Record<string, string[]>
  hosts: string[]
  stop(): Promise<void>
}

/** Two receivers of the record, as strict as their documentation, behind real ports. */
export async function startReceivers(): Promise<Receivers> {
  const webhook = webhookReceiver('chaos secret')
  const elastic = elasticReceiver('chaos-key')
  const [hook, search] = await Promise.all([behindPort(webhook), behindPort(elastic)])
  return {
    sinks: {
      hook: { settings: { kind: 'webhook', url: `${hook.url}/`, start: 'beginning' }, secret: 'chaos secret' },
      elastic: { settings: { kind: 'elastic', url: search.url, start: 'beginning' }, secret: 'chaos-key' },
    },
    ids: () => ({ hook: webhook.ids(), elastic: elastic.ids() }),
    hosts: [hook, search].map(({ url }) => new URL(url).host),
    async stop() {
      await Promise.all([hook.stop(), search.stop()])
    },
  }
}

const behindPort = (receiver: Receiver) =>
  served((request, response) => {
    void toRequest(request)
      .then((one) => receiver.handle(one))
      .then(async (answer) => {
        response.writeHead(answer.status, Object.fromEntries(answer.headers))
        response.end(Buffer.from(await answer.arrayBuffer()))
      })
      .catch(() => response.destroy())
  })

async function toRequest(request: IncomingMessage): Promise<Request> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)])
  return new Request(`http://receiver${request.url ?? '/'}`, {
    method: request.method ?? 'GET',
    headers,
    ...(parts.length > 0 ? { body: Buffer.concat(parts) } : {}),
  })
}
