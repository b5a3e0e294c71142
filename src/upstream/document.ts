import type { JsonObject } from '../core/json.ts'
import { isObject, parseJson } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Egress, EgressRequest } from '../egress/egress.ts'

const maxBytes = 64 * 1024
const timeoutMs = 10_000

/**
 * A small JSON document somebody else serves. Null: there is none here (404 and the like, or a page instead of JSON).
 * Redirects stay on the origin that was asked.
 */
export async function getDocument(url: string, egress: Egress): Promise<Result<JsonObject | null>> {
  const origin = URL.parse(url)?.origin
  const allowedOrigins = origin === undefined ? [] : [origin]
  const request: EgressRequest = {
    url,
    headers: { accept: 'application/json' },
    timeoutMs,
    maxBytes,
    redirect: 'follow',
    allowedOrigins,
  }
  const answer = await egress.fetch(request)
  if (!answer.ok) return answer
  const { status } = answer.value
  if (status < 200 || status > 299) {
    await answer.value.body.cancel()
    return status >= 500 ? refuse('upstream/unavailable', { evidence: { status } }) : ok(null)
  }
  const text = await answer.value.text()
  if (!text.ok) return text
  const json = parseJson(text.value)
  return ok(json.ok && isObject(json.value) ? (json.value as JsonObject) : null)
}

/** Posts JSON and reads a JSON answer of whatever status. */
export async function postDocument(
  url: string,
  body: JsonObject,
  egress: Egress,
): Promise<Result<{ status: number; body: JsonObject | null }>> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  const answer = await egress.fetch({ url, method: 'POST', headers, body: JSON.stringify(body), timeoutMs, maxBytes })
  if (!answer.ok) return answer
  const text = await answer.value.text()
  if (!text.ok) return text
  const json = parseJson(text.value)
  return ok({ status: answer.value.status, body: json.ok && isObject(json.value) ? (json.value as JsonObject) : null })
}
