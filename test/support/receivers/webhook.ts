import { createHmac, timingSafeEqual } from 'node:crypto'
import { answering, bodyOf, json, must, Trouble } from './receiver.ts'
import type { Receiver } from './receiver.ts'

/** Written from docs/audit.md alone: checks the signature and the time, and takes each batch once. */
export function webhookReceiver(secret: string, now: () => number = Date.now) {
  const trouble = new Trouble()
  const events: Record<string, unknown>[] = []
  const seen = new Set<string>()
  const receiver: Receiver = {
    ids: () => events.map((event) => String(event['behalf.event.id'])),
    handle: (request) =>
      answering(async () => {
        const body = await bodyOf(request)
        const id = request.headers.get('webhook-id') ?? ''
        const time = request.headers.get('webhook-timestamp') ?? ''
        must(Math.abs(now() / 1000 - Number(time)) < 300, 401, { error: 'too old' })
        const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
        const wanted = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest()
        const given = (request.headers.get('webhook-signature') ?? '')
          .split(' ')
          .map((one) => Buffer.from(one.replace('v1,', ''), 'base64'))
        must(
          given.some((one) => one.length === wanted.length && timingSafeEqual(one, wanted)),
          401,
          { error: 'signature' },
        )
        const down = trouble.take()
        if (down) return down
        if (!seen.has(id)) events.push(...(JSON.parse(body.toString()) as { data: { events: [] } }).data.events)
        seen.add(id)
        return json(200, {})
      }),
  }
  return { ...receiver, trouble, events, seen }
}
