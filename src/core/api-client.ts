import type { Json, JsonObject } from './json.ts'
import type { Refusal } from './result.ts'

/**
 * A provider's API as a tool sees it: paths in, JSON out. The credential is put on outside the tool and only for the
 * provider's own hosts; a tool can neither read nor redirect it. Retries, rate limits and size caps happen below.
 * Throws `ProviderError` on an answer that is not 2xx; kit/errors.ts turns it into what the model is told.
 */
export type ApiClient = {
  request(call: ApiCall): Promise<ApiAnswer>
}

export type ApiCall = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with '/', relative to the provider's API base; or an absolute URL on an allowed origin (for paging links). */
  path: string
  query?: Record<string, string | number | boolean | readonly string[] | undefined>
  headers?: Record<string, string>
  body?: JsonObject | Json[] | { form: Record<string, string> } | { raw: string | Uint8Array; contentType: string }
  /** The caller knows that doing it twice is doing it once. GET, PUT and DELETE are by default. */
  idempotent?: boolean
  /** How to read the answer. Default `json`. */
  read?: 'json' | 'text' | 'bytes'
}

export type ApiAnswer = {
  status: number
  headers: Record<string, string>
  body: Json
  text?: string
  bytes?: Uint8Array
}

/**
 * The provider said no, or did not answer. `code` is its machine-readable reason, never its prose: a provider's text may
 * carry instructions.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  /** 0 when there was no answer; `refusal` says why. */
  readonly status: number
  readonly code: string | null
  readonly retryAfterMs: number | undefined
  /** When the reason is ours: `egress/timeout`, or `vault/authorization_needed` after a 401. */
  readonly refusal: Refusal | undefined

  constructor(
    status: number,
    code: string | null,
    more: { retryAfterMs?: number; refusal?: Refusal; cause?: unknown } = {},
  ) {
    super(status === 0 ? 'the provider did not answer' : `the provider answered ${status}`, { cause: more.cause })
    this.status = status
    this.code = code
    this.retryAfterMs = more.retryAfterMs
    this.refusal = more.refusal
  }
}
