import type { Refusal } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'

/** Carries a refusal through a library that knows only exceptions. */
export class EgressFault extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

type Init = {
  method?: string
  headers?: HeadersInit | Headers
  body?: unknown
  signal?: AbortSignal | null | undefined
}

/** Documents of an identity provider are small. Redirects are not followed: discovery and tokens have exact addresses. */
const limits = { timeoutMs: 10_000, maxBytes: 256 * 1024, redirect: 'refuse' } as const

/** Our way out in the shape of `fetch`, for oauth4webapi and jose. Throws `EgressFault`. */
export function egressFetch(egress: Egress): (url: string, init?: Init) => Promise<Response> {
  return async (url, { method = 'GET', headers = {}, body } = {}) => {
    const sent = await egress.fetch({
      url,
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(body !== undefined && body !== null && { body: String(body as URLSearchParams | string) }),
      ...limits,
    })
    if (!sent.ok) throw new EgressFault(sent.error)
    const bytes = await sent.value.bytes()
    if (!bytes.ok) throw new EgressFault(bytes.error)
    const { status } = sent.value
    const isEmpty = status === 204 || status === 205 || status === 304
    return new Response(isEmpty ? null : new Uint8Array(bytes.value), { status, headers: sent.value.headers })
  }
}
