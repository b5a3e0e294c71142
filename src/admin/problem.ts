import { errors } from '../core/errors.ts'
import { isObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'

/**
 * A refusal as a problem (RFC 9457). An administrator is told more than an agent: the code, and which part of what they sent
 * is wrong. Other evidence stays in the record.
 */
export function problem(refusal: Refusal): Response {
  const { status, text } = errors[refusal.code]
  const faults = faultsOf(refusal.evidence)
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  if (refusal.retryAfterMs !== undefined) headers.set('retry-after', `${Math.ceil(refusal.retryAfterMs / 1000)}`)
  if (status === 401) headers.set('www-authenticate', 'Bearer realm="behalf-admin"')
  const body = {
    type: `urn:behalf:error:${refusal.code}`,
    title: text,
    status,
    code: refusal.code,
    ...(refusal.message === undefined ? {} : { detail: refusal.message }),
    ...(faults.length > 0 ? { faults } : {}),
  }
  return new Response(JSON.stringify(body), { status, headers })
}

function faultsOf(evidence: Refusal['evidence']): { path: string; message: string }[] {
  const list = evidence?.['faults'] ?? evidence?.['issues']
  if (!Array.isArray(list)) return []
  return list.flatMap((one: unknown) =>
    isObject(one) && typeof one['path'] === 'string' && typeof one['message'] === 'string'
      ? { path: one['path'], message: one['message'] }
      : [],
  )
}
