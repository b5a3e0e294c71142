import type { EventStream } from './event-stream.ts'
import type { Refusal, Result } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'
import { logFault } from '../core/log.ts'
import { ok } from '../core/result.ts'
import { eventStream } from './event-stream.ts'
import { errorMessage } from './to-wire.ts'

/** After this long an answer that is not there yet becomes a stream. */
const patienceMs = 2_000
/** A call that nobody waits for any more is stopped that soon. */
const keepAliveMs = 1_000

/**
 * The answer to one request: plain JSON when it comes soon, a stream when something has to be said before it or when it takes
 * long. An open stream keeps proxies from giving up, and is the only way to notice that the client has: without one the
 * runtime does not say so.
 */
export class LateStream {
  readonly #first = Promise.withResolvers<Result<Response>>()
  readonly #id: string | number | null
  readonly #onGone: () => void
  #stream: EventStream | null = null

  constructor(id: string | number | null, onGone: () => void) {
    this.#id = id
    this.#onGone = onGone
  }

  /** A message before the answer. */
  send(message: string): void {
    this.#open().send(message)
  }

  async answer(pending: Promise<Result<Response>>, timer: Timer): Promise<Result<Response>> {
    const stop = timer.after(patienceMs, () => this.#open())
    pending.then(
      (answer) => this.#finish(answer),
      (fault: unknown) => {
        if (this.#stream === null) return this.#first.reject(fault)
        logFault('mcp.failed', fault)
        this.#finishWith({ code: 'core/internal' }, this.#stream)
      },
    )
    try {
      return await this.#first.promise
    } finally {
      stop()
    }
  }

  #open(): EventStream {
    if (this.#stream === null) {
      this.#stream = eventStream(this.#onGone, keepAliveMs)
      this.#first.resolve(ok(this.#stream.response))
    }
    return this.#stream
  }

  #finish(answer: Result<Response>): void {
    const stream = this.#stream
    if (stream === null) return this.#first.resolve(answer)
    if (!answer.ok) return this.#finishWith(answer.error, stream)
    this.#copy(answer.value, stream).catch((fault: unknown) => logFault('mcp.stream_failed', fault))
  }

  async #copy(response: Response, stream: EventStream): Promise<void> {
    const events = response.headers.get('content-type')?.startsWith('text/event-stream')
    if (events && response.body) await stream.pipe(response.body)
    else stream.send(await response.text())
    stream.end()
  }

  /** The status was sent long ago; what is left is the error itself. */
  #finishWith(refusal: Refusal, stream: EventStream): void {
    stream.send(JSON.stringify(errorMessage(refusal, this.#id)))
    stream.end()
  }
}
