import { answering, bodyOf, json, must, Trouble } from './receiver.ts'
import type { Receiver } from './receiver.ts'

/** Datadog "Send logs" (v2): 202, at most 1,000 entries and 5 MB, logs older than 18 hours by their timestamp are dropped. */
export function datadogReceiver(key: string, now: () => number = Date.now) {
  const trouble = new Trouble()
  const logs: Record<string, unknown>[] = []
  const receiver: Receiver = {
    ids: () => logs.map((log) => String(log['behalf.event.id'])),
    handle: (request) =>
      answering(async () => {
        must(new URL(request.url).pathname === '/api/v2/logs', 404, { errors: [{ detail: 'Not found' }] })
        must(request.headers.get('dd-api-key') === key, 403, { errors: [{ detail: 'Forbidden' }] })
        const down = trouble.take()
        if (down) return down
        must(request.headers.get('content-type') === 'application/json', 415, {})
        const body = await bodyOf(request)
        must(body.length <= 5_000_000, 413, { errors: [{ detail: 'Payload too large' }] })
        const items = JSON.parse(body.toString()) as Record<string, unknown>[]
        must(Array.isArray(items) && items.length <= 1000, 400, { errors: [{ detail: 'Bad Request' }] })
        for (const item of items) {
          must(typeof item['message'] === 'string', 400, { errors: [{ detail: 'message' }] })
          must(['info', 'warn', 'error'].includes(String(item['status'])), 400, { errors: [{ detail: 'status' }] })
          const at = item['timestamp']
          if (typeof at === 'number' && now() - at > 18 * 3_600_000) continue
          logs.push(item)
        }
        return json(202, {})
      }),
  }
  return { ...receiver, trouble, logs }
}
