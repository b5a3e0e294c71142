import { base64, fromBase64, hmac, hmacKey, utf8 } from '../../core/bytes.ts'
import type { Bytes } from '../../core/bytes.ts'
import { post } from './post.ts'
import type { WebhookSettings } from './settings.ts'
import { isoTime, shaped } from './shape.ts'
import type { Sink } from './sink.ts'
import { accepted } from './sink.ts'

/**
 * A webhook in the form of standardwebhooks.com: `webhook-id` is the same each time a batch is sent, so a receiver can tell
 * a repetition; `webhook-timestamp` lets it refuse an old one; `webhook-signature` is HMAC-SHA256 over id, time and body.
 */
export const webhook: Sink<WebhookSettings> = {
  limits: { records: 200, bytes: 500_000 },
  async deliver(batch, settings, tools) {
    const now = tools.now()
    const body = JSON.stringify({
      type: 'behalf.events',
      timestamp: isoTime(now),
      data: { events: batch.records.map((record) => shaped(record, settings.format)) },
    })
    const seconds = Math.floor(now / 1000)
    const headers = {
      ...settings.headers,
      'content-type': 'application/json',
      'webhook-id': batch.id,
      'webhook-timestamp': `${seconds}`,
      'webhook-signature': await sign(tools.secret, batch.id, seconds, body),
    }
    const answer = await post({ url: settings.url, headers, body, takesPages: true }, tools)
    return answer.ok ? accepted({ status: answer.status, text: answer.text.slice(0, 2_000) }) : answer.delivery
  },
}

async function sign(secret: string, id: string, seconds: number, body: string): Promise<string> {
  const mac = await hmac(await hmacKey(keyOf(secret)), `${id}.${seconds}.${body}`)
  return `v1,${base64(mac)}`
}

/** `whsec_` and base64, as the standard has it; any other text is taken as it is. */
function keyOf(secret: string): Bytes {
  return secret.startsWith('whsec_') ? fromBase64(secret.slice('whsec_'.length)) : utf8(secret)
}
