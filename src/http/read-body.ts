import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { concat, fromUtf8 } from '../core/bytes.ts'
import { parseJson } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'

export const maxBodyBytes = 1024 * 1024
const maxReadMs = 10_000

/**
 * The JSON of a body of at most 1 MB that arrives within 10 s, read as it comes: a body without a length or with a false one
 * is given up at the limit, not after it (attack case 45).
 *
 * Errors: `core/too_large`, `core/invalid_json`, `core/bad_request` when it does not arrive.
 */
export async function readJson(request: Request, limitMs = maxReadMs): Promise<Result<Json>> {
  const bytes = await readBytes(request, limitMs)
  if (!bytes.ok) return bytes
  try {
    return parseJson(fromUtf8(bytes.value))
  } catch {
    return refuse('core/invalid_json', { evidence: { fault: 'not_utf8' } })
  }
}

async function readBytes(request: Request, limitMs: number): Promise<Result<Uint8Array>> {
  if (Number(request.headers.get('content-length')) > maxBodyBytes) return refuse('core/too_large')
  if (request.body === null) return ok(new Uint8Array())
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), limitMs)
  const deadline = Date.now() + limitMs
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.byteLength
      if (size > maxBodyBytes) return refuse('core/too_large')
      chunks.push(value)
    }
  } catch {
    return refuse('core/bad_request', { message: 'The body did not arrive.' })
  } finally {
    clearTimeout(timer)
    if (size > maxBodyBytes) await reader.cancel().catch(() => {})
  }
  if (Date.now() >= deadline) return refuse('core/bad_request', { message: 'The body did not arrive in time.' })
  return ok(chunks.length === 1 && chunks[0] ? chunks[0] : concat(...chunks))
}
