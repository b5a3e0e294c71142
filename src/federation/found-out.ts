import { isObject } from '../core/json.ts'
import type { Discovered } from '../upstream/upstream.ts'
import { offersAlike } from '../upstream/upstream.ts'

/** `changedAt`: when the gateways were last told that it speaks or can do otherwise. */
export type KnownSpeech = Discovered & { changedAt: number }

const changeEveryMs = 60 * 60_000

/**
 * What is known from now on of how a server speaks and what it can do, and whether its gateways need a new version for that. Null:
 * it is another than before, and what is known stays, because it has been another within the hour. With `atOnce` that is no reason.
 */
export function foundOut(
  before: unknown,
  found: Discovered,
  now: number,
  atOnce: boolean,
): { speech: KnownSpeech; isOther: boolean } | null {
  const changedAt = isObject(before) && typeof before['changedAt'] === 'number' ? before['changedAt'] : 0
  if (offersAlike(before, found)) return { speech: { ...found, changedAt }, isOther: false }
  if (!atOnce && now - changedAt < changeEveryMs) return null
  return { speech: { ...found, changedAt: now }, isOther: true }
}
