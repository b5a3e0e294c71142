import type { Code } from '../core/errors.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Breaker } from './breaker.ts'
import { admit, afterFailure, afterNothing, closedBreaker } from './breaker.ts'

/** Refusals that say the server is not there. Every other one is an answer. */
const silence: readonly Code[] = ['egress/timeout', 'egress/unreachable', 'upstream/unavailable']

/** HTTP 429 is an answer, and often meant for one person only: it must not cost the others the server. */
const isSilence = ({ code, evidence }: Refusal): boolean => silence.includes(code) && evidence?.['status'] !== 429

/** The caller gave up, or a person answered too late. */
const tellsNothing = ({ code, evidence }: Refusal): boolean =>
  code === 'runtime/cancelled' || evidence?.['fault'] === 'call_gone'

/** One breaker per key, of a server as one project knows it. Bounded: a server that answers needs no entry. */
export class Breakers {
  readonly #byKey = new Map<string, Breaker>()

  admit(key: string, now: number): Result<null> {
    const known = this.#byKey.get(key)
    if (!known) return ok(null)
    const { next, retryAfterMs } = admit(known, now)
    this.#byKey.set(key, next)
    if (retryAfterMs === null) return ok(null)
    return refuse('upstream/unavailable', { retryAfterMs, evidence: { fault: 'circuit_open' } })
  }

  learn(key: string, result: Result<unknown>, now: number): void {
    const known = this.#byKey.get(key)
    if (!result.ok && tellsNothing(result.error)) {
      if (known) this.#byKey.set(key, afterNothing(known))
    } else if (!result.ok && isSilence(result.error)) {
      this.#byKey.set(key, afterFailure(known ?? closedBreaker, now))
    } else if (known) {
      this.#byKey.delete(key)
    }
  }

  state(key: string, now: number): 'closed' | 'open' | 'half_open' {
    const known = this.#byKey.get(key)
    if (!known || known.openUntil === 0) return 'closed'
    return now < known.openUntil ? 'open' : 'half_open'
  }
}
