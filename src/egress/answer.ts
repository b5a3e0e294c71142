import { fromUtf8 } from '../core/bytes.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { EgressRequest, EgressResponse } from './api.ts'
import type { Watch } from './body.ts'
import { cappedBody, readCapped } from './body.ts'

const defaultMaxBytes = 10 * 1024 * 1024

/** What came back. Its body is read under the cap and the wait of the request, once, as a stream or as a whole. */
export class Answer implements EgressResponse {
  readonly status: number
  readonly headers: Headers
  readonly url: string
  readonly attempts: number
  readonly #response: Response
  readonly #maxBytes: number
  readonly #watch: Watch
  #body: ReadableStream<Uint8Array> | undefined

  constructor(
    { response, url }: { response: Response; url: URL },
    { maxBytes = defaultMaxBytes }: EgressRequest,
    watch: Watch,
    attempts: number,
  ) {
    watch.disarm()
    this.status = response.status
    this.headers = response.headers
    this.url = url.href
    this.attempts = attempts
    this.#response = response
    this.#maxBytes = maxBytes
    this.#watch = watch
  }

  get body(): ReadableStream<Uint8Array> {
    return (this.#body ??= cappedBody(this.#response, this.#maxBytes, this.#watch))
  }

  bytes(): Promise<Result<Uint8Array>> {
    return readCapped(this.#response, this.#maxBytes, this.#watch)
  }

  async text(): Promise<Result<string>> {
    const read = await this.bytes()
    if (!read.ok) return read
    try {
      return ok(fromUtf8(read.value))
    } catch {
      return refuse('egress/unreachable', { evidence: { fault: 'not_utf8' } })
    }
  }
}
