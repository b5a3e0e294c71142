import type { Progress } from '../core/call.ts'
import { randomToken } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'
import type { UpstreamReply } from './api.ts'
import type { CallState } from './call-state.ts'
import { writeState } from './call-state.ts'

type Ask = { request: JsonObject; sent: boolean; answer: (response: JsonObject) => void }

/** How long a person may take before a call that waits for them is given up. */
const parkedMs = 10 * 60_000

/**
 * A request on its way to a 2025-era server, which may ask our client something before it answers. Each leg ends with the
 * outcome or with what was asked; the request itself goes on upstream while our client, of either era, gets the question
 * as `input_required` and comes back with the answer.
 */
export class RunningCall {
  #id: string | null = null
  readonly abort = new AbortController()
  /** Of the present leg: the client that asked first may have gone. */
  report: { onProgress?: (progress: Progress) => void; onLog?: (entry: JsonObject) => void } = {}
  /** The upstream no longer knows the session, so it did nothing. */
  sessionLost = false
  readonly #asks = new Map<string, Ask>()
  #asked = 0
  #outcome: Result<UpstreamReply> | null = null
  /** One for each leg: a client may send its answer twice. */
  readonly #waiting = new Set<() => void>()
  #disarm: () => void = () => {}
  #timeoutMs = 0
  #expired = false
  readonly #forget: (call: RunningCall) => void
  readonly #timer: Timer

  /** `forget`: nobody has come back for it in time. */
  constructor(forget: (call: RunningCall) => void, timer: Timer) {
    this.#forget = forget
    this.#timer = timer
  }

  /** Made when somebody needs it: most calls are over before they have to be found again. */
  get id(): string {
    return (this.#id ??= randomToken())
  }

  settle(outcome: Result<UpstreamReply>): void {
    // Otherwise the clock runs on: where nobody waits, the outcome is kept for as long as an answer may still come.
    if (this.abort.signal.aborted) this.#disarm()
    // Stopped by us, when the session ended: the server is not to blame.
    const isStopped = this.abort.signal.aborted && !outcome.ok
    this.#outcome = this.#expired ? refuse('egress/timeout') : isStopped ? refuse('runtime/cancelled') : outcome
    this.#wake()
  }

  get settled(): boolean {
    return this.#outcome !== null
  }

  /** A sign of life. */
  touch(): void {
    if (this.#timeoutMs > 0) this.#arm(this.#timeoutMs)
  }

  /** It has taken too long. */
  expire(): void {
    if (this.#waiting.size === 0) this.#forget(this)
    this.#expired = true
    this.abort.abort()
    // Whoever holds the connection may not notice an abort; the caller must not wait for that.
    this.settle(refuse('egress/timeout'))
  }

  /** The server asks. Resolves with what our client answered. */
  ask(request: JsonObject): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      this.abort.signal.addEventListener('abort', () => reject(new Error('The call was cancelled.')), { once: true })
      // A key is never used twice: an answer that comes again must not answer another question.
      this.#asks.set(`ask_${++this.#asked}`, { request, sent: false, answer: resolve })
      this.#wake()
    })
  }

  answer(responses: JsonObject): void {
    for (const [key, ask] of this.#asks) {
      const response = Object.hasOwn(responses, key) ? responses[key] : undefined
      if (typeof response !== 'object' || response === null || Array.isArray(response)) continue
      this.#asks.delete(key)
      ask.answer(response)
    }
    // What was asked and not answered is asked again.
    for (const ask of this.#asks.values()) ask.sent = false
  }

  /** One leg: until the outcome, a question or the end of patience. */
  async next(timeoutMs: number, signal?: AbortSignal): Promise<Result<UpstreamReply>> {
    const stop = (): void => this.abort.abort()
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
    this.#timeoutMs = timeoutMs
    this.#arm(timeoutMs)
    try {
      if (this.#outcome === null && !this.#hasNews()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
      return this.#outcome ?? this.#questions()
    } finally {
      if (this.settled) this.#disarm()
      signal?.removeEventListener('abort', stop)
    }
  }

  #wake(): void {
    for (const leg of this.#waiting) leg()
    this.#waiting.clear()
  }

  #hasNews(): boolean {
    return [...this.#asks.values()].some((ask) => !ask.sent)
  }

  #questions(): Result<UpstreamReply> {
    const requests: JsonObject = {}
    for (const [key, ask] of this.#asks) {
      ask.sent = true
      requests[key] = ask.request
    }
    this.#timeoutMs = 0
    this.#arm(parkedMs)
    const state: CallState = { kind: 'running', call: this.id }
    return ok({ kind: 'input_required', requests, state: writeState(state), held: 'memory' })
  }

  #arm(ms: number): void {
    this.#disarm()
    if (this.#outcome !== null) return
    this.#disarm = this.#timer.after(ms, () => this.expire())
  }
}
