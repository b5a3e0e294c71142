import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { concat, fromUtf8 } from '../core/bytes.ts'
import { parseJson } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'

export const maxBodyBytes = 1024 * 1024
const maxReadMs = 10_000

/**
 * The JSON of a body of at most 1 MB that arrives within 10 s (attack case 45).
 *
 * Errors: `core/too_large`, `core/invalid_json`, `core/bad_request` when it does not arrive.
 */
export async function readJson(request: Request, timer: Timer): Promise<Result<Json>> {
  const declared = request.headers.get('content-length')
  if (Number(declared) > maxBodyBytes) return refuse('core/too_large')
  const late = Promise.withResolvers<Result<Uint8Array>>()
  const stop = timer.after(maxReadMs, () =>
    late.resolve(refuse('core/bad_request', { message: 'The body did not arrive in time.' })),
  )
  const body = declared === null ? readStream(request) : readWhole(request)
  const bytes = await Promise.race([body, late.promise])
  stop()
  if (!bytes.ok) return bytes
  try {
    return parseJson(fromUtf8(bytes.value))
  } catch {
    return refuse('core/invalid_json', { evidence: { fault: 'not_utf8' } })
  }
}

const lost = refuse('core/bad_request', { message: 'The body did not arrive.' })

/** Of a declared length, which HTTP holds the sender to (RFC 9112 §6.3). Three times cheaper than chunk by chunk. */
async function readWhole(request: Request): Promise<Result<Uint8Array>> {
  try {
    return ok(new Uint8Array(await request.arrayBuffer()))
  } catch {
    return lost
  }
}

/** Of no declared length: given up at the limit, not after it. */
async function readStream(request: Request): Promise<Result<Uint8Array>> {
  if (request.body === null) return ok(new Uint8Array())
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return ok(concat(...chunks))
      size += value.byteLength
      if (size > maxBodyBytes) {
        await reader.cancel()
        return refuse('core/too_large')
      }
      chunks.push(value)
    }
  } catch {
    return lost
  }
}
