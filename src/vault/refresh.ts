import type { Connection } from './connection.ts'
import { tokenTimeoutMs } from './provider-request.ts'
import type { TokenAnswer } from './token-answer.ts'

/** When to refresh, and what an answer means. Pure: the steps around it are in refreshing.ts. */
export type Plan =
  | { do: 'use' }
  | { do: 'refresh' }
  /** The answer to an earlier attempt may still be on its way to an instance that is gone. */
  | { do: 'wait'; untilAt: number }
  | { do: 'back_off'; untilAt: number }
  /** The API refused a token that cannot be refreshed: ask the provider whether it is dead before troubling the user. */
  | { do: 'probe' }
  | { do: 'sign_in'; reason: string }

/** After this, no request of a crashed attempt is under way any more. */
export const attemptEndsMs = tokenTimeoutMs + 5_000
export const maxTries = 2
/** A token younger than this that the API refuses is not refused for its age: another one would be refused too. */
export const youngMs = 60_000

/** `seenGeneration`: the provider's API refused the token of this generation. */
export function plan(connection: Connection, now: number, seenGeneration?: number): Plan {
  const { accessExpiresAt, refreshExpiresAt, attemptAt, retryAt } = connection
  const isRefused = seenGeneration === connection.generation
  const isUsable = !isRefused && connection.access !== null && (accessExpiresAt === null || accessExpiresAt > now)
  if (isUsable && !isStale(connection, now)) return { do: 'use' }

  const isYoung = connection.tokenAt + youngMs > now
  const canRefresh = connection.refresh !== null && (refreshExpiresAt === null || refreshExpiresAt > now)
  if (!canRefresh) {
    if (isUsable) return { do: 'use' }
    if (isRefused && connection.access !== null) return { do: 'probe' }
    return { do: 'sign_in', reason: connection.reason ?? 'expired' }
  }
  if (isRefused && isYoung) return { do: 'use' }
  if (attemptAt !== null && attemptAt + attemptEndsMs > now) {
    return isUsable ? { do: 'use' } : { do: 'wait', untilAt: attemptAt + attemptEndsMs }
  }
  // A service account's credential is not used up by a try.
  if (connection.kind === 'user' && attemptAt !== null && connection.attemptTries >= maxTries) {
    return isUsable ? { do: 'use' } : { do: 'sign_in', reason: 'refresh_lost' }
  }
  if (retryAt !== null && retryAt > now) return isUsable ? { do: 'use' } : { do: 'back_off', untilAt: retryAt }
  return { do: 'refresh' }
}

/** Early by 2 minutes or a tenth of its life, but never by more than half of it. */
function isStale({ accessExpiresAt, accessLifetimeMs }: Connection, now: number): boolean {
  if (accessExpiresAt === null) return false
  const life = accessLifetimeMs ?? 3_600_000
  const margin = Math.min(Math.max(120_000, life / 10), life / 2)
  return accessExpiresAt - now <= margin
}

/** What a failed refresh leaves behind. What a good one leaves is written together with its new tokens. */
export type Setback = Pick<
  Connection,
  'status' | 'reason' | 'attemptAt' | 'attemptTries' | 'uncertain' | 'failures' | 'retryAt' | 'refresh'
>

const clientFaults = [
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'unsupported_grant_type',
  'incorrect_client_credentials',
  'redirect_uri_mismatch',
  'bad_client_secret',
]
const maxRejections = 5

/** `leewayMs`: for how long the provider takes a used refresh token again. */
export function afterFailure(
  connection: Connection,
  answer: Exclude<TokenAnswer, { kind: 'tokens' }>,
  now: number,
  leewayMs = 0,
): Setback {
  const failures = connection.failures + 1
  const settled = { attemptAt: null, attemptTries: 0, failures }
  const keep = { status: connection.status, reason: connection.reason, refresh: connection.refresh }
  // The access token stays: it may live on until its own expiry.
  const dead = { status: 'needs_sign_in', refresh: null, uncertain: false, retryAt: null } as const
  // What an administrator set stays until they set another: the fault may be at the provider, and only they can tell.
  if (connection.kind !== 'user' && answer.kind !== 'later') {
    return { ...settled, ...keep, uncertain: false, retryAt: now + backOffMs(failures) }
  }
  switch (answer.kind) {
    case 'dead':
      // After a lost answer the refusal is our loss, not a withdrawal: the user is told something else.
      return { ...settled, ...dead, reason: wasLost(connection) ? 'refresh_lost' : 'refresh_refused' }
    case 'rejected':
      if (!clientFaults.includes(answer.error) && failures >= maxRejections) {
        return { ...settled, ...dead, reason: 'refresh_refused' }
      }
      return { ...settled, ...keep, uncertain: connection.uncertain, retryAt: now + backOffMs(failures) }
    case 'later': {
      const own = answer.reached ? withinLeeway(connection, now, leewayMs) : Number.POSITIVE_INFINITY
      const pause = Math.max(Math.min(backOffMs(failures), own), Math.min(answer.retryAfterMs ?? 0, 3_600_000))
      return { ...settled, ...keep, uncertain: connection.uncertain || answer.reached, retryAt: now + pause }
    }
  }
}

const wasLost = (connection: Connection): boolean => connection.uncertain || connection.attemptTries >= maxTries

/** The provider may have acted on it: half of what is left of its leeway, after which the same token would look like theft. */
function withinLeeway({ attemptAt, uncertain }: Connection, now: number, leewayMs: number): number {
  const left = (attemptAt ?? now) + leewayMs - now
  return uncertain || left <= 0 ? Number.POSITIVE_INFINITY : left / 2
}

/** 30 s doubling up to 15 min. */
const backOffMs = (failures: number): number => Math.min(30_000 * 2 ** Math.min(failures - 1, 10), 900_000)
