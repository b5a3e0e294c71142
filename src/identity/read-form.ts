import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'

/** Forms of people and of OAuth clients are small; a client assertion is the longest thing in one. */
const maxBytes = 64 * 1024

/** The body as text, read up to the limit. Errors: `core/too_large`, `core/bad_request` when it is not UTF-8. */
export async function readSmallBody(request: Request): Promise<Result<string>> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return refuse('core/too_large')
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) return refuse('core/too_large')
      text += decoder.decode(chunk, { stream: true })
    }
    return ok(text + decoder.decode())
  } catch {
    return refuse('core/bad_request')
  }
}

/** `application/x-www-form-urlencoded` only: a cross-site form can also send text/plain (attack case 33). */
export async function readForm(request: Request): Promise<Result<URLSearchParams>> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return refuse('core/bad_request')
  const body = await readSmallBody(request)
  return body.ok ? ok(new URLSearchParams(body.value)) : body
}
