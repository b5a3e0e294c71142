import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'

/**
 * Attempts per key in a fixed window, counted in the memory of one isolate. A Durable Object would count exactly, but it
 * would be one more thing a flood can reach and one hop for every honest sign-in; what is limited here costs little per
 * attempt, and a network rule in front of the Worker is the place for a hard limit.
 */
export function createRateLimit(max: number, windowMs: number, maxKeys = 10_000) {
  const windows = new Map<string, { startedAt: number; count: number }>()
  return (key: string, now: number): Result<null> => {
    const current = windows.get(key)
    if (current === undefined || now >= current.startedAt + windowMs) {
      windows.delete(key)
      const oldest = windows.size < maxKeys ? undefined : windows.keys().next().value
      if (oldest !== undefined) windows.delete(oldest)
      windows.set(key, { startedAt: now, count: 1 })
      return ok(null)
    }
    current.count++
    if (current.count <= max) return ok(null)
    return refuse('identity/too_many_attempts', { retryAfterMs: current.startedAt + windowMs - now })
  }
}

/** A connection of some clients registers a new client each time, and a company may sit behind one address. */
export const registrationLimit = createRateLimit(100, 600_000)
export const signInLimit = createRateLimit(600, 600_000)
