import type { Refusal } from '../core/result.ts'

const usualPauseMs = 250
/** Who is told to come back later than this is told so: the agent knows better whether to wait. */
const longestPauseMs = 5_000

/** A gateway before the server, or a server that starts anew. Not 500: it may fail in the same way for ever. */
const passing: readonly unknown[] = [502, 503, 504]

/**
 * How long to wait before a call that harms nothing when it is done twice goes out once more. Null: it does not.
 * `leftMs` is what remains of the time it may take in all.
 */
export function pauseBeforeRepeat({ code, evidence, retryAfterMs }: Refusal, leftMs: number): number | null {
  const isPassing = code === 'upstream/unavailable' && passing.includes(evidence?.['status'])
  if (code !== 'egress/unreachable' && !isPassing) return null
  const pauseMs = isPassing ? (retryAfterMs ?? usualPauseMs) : 0
  return pauseMs <= longestPauseMs && pauseMs < leftMs ? pauseMs : null
}
