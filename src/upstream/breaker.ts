/** A circuit breaker as data. Closed while failures are few; open after five in a row; then one probe at a time. */
export type Breaker = { failures: number; openUntil: number; probing: boolean }

export const closedBreaker: Breaker = { failures: 0, openUntil: 0, probing: false }

const threshold = 5
const firstPauseMs = 5_000
const longestPauseMs = 5 * 60_000

/** May a call go out now? `next` has to be kept: it remembers who probes. */
export function admit(breaker: Breaker, now: number): { next: Breaker; retryAfterMs: number | null } {
  if (breaker.failures < threshold) return { next: breaker, retryAfterMs: null }
  if (now < breaker.openUntil) return { next: breaker, retryAfterMs: breaker.openUntil - now }
  if (breaker.probing) return { next: breaker, retryAfterMs: firstPauseMs }
  return { next: { ...breaker, probing: true }, retryAfterMs: null }
}

/** An answer of any kind means the server is there: start again from `closedBreaker`. */
export function afterFailure(breaker: Breaker, now: number): Breaker {
  const failures = breaker.failures + 1
  const pause = Math.min(firstPauseMs * 2 ** Math.max(0, failures - threshold), longestPauseMs)
  return { failures, openUntil: failures >= threshold ? now + pause : 0, probing: false }
}

/** Ended without telling anything, e.g. cancelled by the caller. */
export function afterNothing(breaker: Breaker): Breaker {
  return breaker.probing ? { ...breaker, probing: false } : breaker
}
