import type { Json } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import { errors } from '../core/errors.ts'
import { isObject } from '../core/json.ts'
import { errorPage } from '../core/page.ts'

/** How the other side reads: a JSON-RPC client, a program or a person. */
export type Audience = { kind: 'mcp'; body?: Json | undefined } | { kind: 'json' } | { kind: 'person' }

/** The only place where a refusal becomes an HTTP response. */
export function toResponse(
  refusal: Refusal,
  audience: Audience,
  headers: HeadersInit = {},
): Response | Promise<Response> {
  const { kind, status, retryable, rpc, text } = errors[refusal.code]
  const message = refusal.message ?? text
  const all = new Headers(headers)
  if (refusal.retryAfterMs !== undefined) all.set('retry-after', `${Math.ceil(refusal.retryAfterMs / 1000)}`)
  if (audience.kind === 'person') return errorPage(refusal.code, { text: message, headers: all })
  const detail = { kind, retryable, ...(refusal.help && { help: refusal.help }) }
  if (audience.kind === 'json') return Response.json({ error: { ...detail, message } }, { status, headers: all })
  const error = { code: rpc ?? -32603, message, data: { 'behalf.dev/error': detail } }
  return Response.json({ jsonrpc: '2.0', id: requestId(audience.body), error }, { status, headers: all })
}

/** The id of the request that is refused, where there was one to read; JSON-RPC 2.0 §5 says null otherwise. */
function requestId(body: Json | undefined): string | number | null {
  const id = isObject(body) && typeof body['method'] === 'string' ? body['id'] : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}
