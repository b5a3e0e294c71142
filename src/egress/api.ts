import type { Result } from '../core/result.ts'

/**
 * The only way out (promise: only `egress` calls the outside `fetch`). Every hop is checked by the address guard:
 * https only outside development, no private, loopback, link-local or mapped address in any spelling, unless allow-listed.
 *
 * Refusals: `egress/blocked`, `egress/timeout`, `egress/unreachable`, `egress/too_large` (when the body is read).
 */
export type Egress = {
  fetch(request: EgressRequest): Promise<Result<EgressResponse>>
}

export type EgressRequest = {
  url: string
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array | ReadableStream<Uint8Array>
  /** For headers, then between chunks of the body. Default 30,000. */
  timeoutMs?: number
  /** Default 10 MiB. */
  maxBytes?: number
  /**
   * `refuse` (default): a redirect is handed back as it is, not followed. `follow`: at most 3 hops, each re-checked by the guard,
   * `authorization` and cookies dropped when the origin changes.
   */
  redirect?: 'refuse' | 'follow'
  /** If given, the host of every hop must be among these origins. */
  allowedOrigins?: readonly string[]
  /** Only for what is safe to repeat: connection failures, 429 and 5xx, honouring Retry-After up to the timeout. Default 0. */
  retries?: number
  signal?: AbortSignal
}

export type EgressResponse = {
  status: number
  headers: Headers
  /** After redirects. */
  url: string
  /** Capped at `maxBytes`: errors with `egress/too_large`. */
  body: ReadableStream<Uint8Array>
  bytes(): Promise<Result<Uint8Array>>
  text(): Promise<Result<string>>
  /** How often it was sent. */
  attempts: number
}
