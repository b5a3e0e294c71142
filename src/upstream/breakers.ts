import type { Code } from '../core/errors.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Breaker } from './breaker.ts'
import { admit, afterFailure, afterNothing, closedBreaker } from './breaker.ts'

/** Refusals that say the server is not there. Every other one is an answer. */
const silence: readonly Code[] = ['egress/timeout', 'egress/unreachable', 'upstream/unavailable']

/** One breaker per URL. Bounded: a URL that answers needs no entry. */
export class Breakers {
  readonly #byUrl = new Map<string, Breaker>()

  admit(url: string, now: number): Result<null> {
    const known = this.#byUrl.get(url)
    if (!known) return ok(null)
    const { next, retryAfterMs } = admit(known, now)
    this.#byUrl.set(url, next)
    if (retryAfterMs === null) return ok(null)
    return refuse('upstream/unavailable', { retryAfterMs, evidence: { fault: 'circuit_open' } })
  }

  learn(url: string, result: Result<unknown>, now: number): void {
    const known = this.#byUrl.get(url)
    if (!result.ok && result.error.code === 'runtime/cancelled') {
      if (known) this.#byUrl.set(url, afterNothing(known))
    } else if (!result.ok && silence.includes(result.error.code)) {
      this.#byUrl.set(url, afterFailure(known ?? closedBreaker, now))
    } else if (known) {
      this.#byUrl.delete(url)
    }
  }

  state(url: string, now: number): 'closed' | 'open' | 'half_open' {
    const known = this.#byUrl.get(url)
    if (!known || known.openUntil === 0) return 'closed'
    return now < known.openUntil ? 'open' : 'half_open'
  }
}
