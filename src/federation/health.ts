import { z } from 'zod'
import type { Result } from '../core/result.ts'

const shape = z.object({
  state: z.enum(['unknown', 'up', 'down', 'needs_sign_in']),
  checkedAt: z.number(),
  /** When the state became what it is. */
  since: z.number(),
  failures: z.number(),
  /** A code of ours. */
  reason: z.string().nullable(),
})

export type Health = z.output<typeof shape>

const unknown: Health = { state: 'unknown', checkedAt: 0, since: 0, failures: 0, reason: null }

export function readHealth(stored: unknown): Health {
  const parsed = shape.safeParse(stored)
  return parsed.success ? parsed.data : unknown
}

export function healthAfter(before: Health, result: Result<unknown>, now: number): Health {
  const reason = result.ok ? null : result.error.code
  const state = reason === null ? 'up' : reason.endsWith('/authorization_needed') ? 'needs_sign_in' : 'down'
  const since = state === before.state ? before.since : now
  return { state, checkedAt: now, since, failures: state === 'down' ? before.failures + 1 : 0, reason }
}

const minute = 60_000

/**
 * When to look again: every quarter of an hour; one that is down soon, so that it is used again when it is back, and less and
 * less often when it stays down.
 */
export function nextCheckAt({ checkedAt, failures }: Health): number {
  return checkedAt + (failures === 0 ? 15 * minute : Math.min(minute * 2 ** (failures - 1), 360 * minute))
}
