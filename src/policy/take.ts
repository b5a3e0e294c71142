import type { Charge } from './decision.ts'

/** A counter as its one writer keeps it. `resetsAt: null`: with the session. */
export type Counter = { spent: number; resetsAt: number | null }

export type Taken = { ok: true; counters: Record<string, Counter> } | { ok: false; reached: Charge }

/**
 * All charges or none, so that a call that one budget refuses costs nothing in another. Call it where the counters
 * have one writer (the session, or the gateway's Hub) and store the result before anything is awaited: then a limit
 * of 3 lets 3 of 50 simultaneous calls through.
 */
export function takeCharges(
  counterOf: (key: string) => Counter | undefined,
  charges: readonly Charge[],
  now: number,
): Taken {
  const counters: Record<string, Counter> = Object.create(null) as Record<string, Counter>
  for (const charge of charges) {
    const counter = counters[charge.key] ?? counterOf(charge.key)
    const spent = counter === undefined || isOver(counter, now) ? 0 : counter.spent
    if (!(spent + charge.amount <= charge.max)) return { ok: false, reached: charge }
    counters[charge.key] = { spent: spent + charge.amount, resetsAt: charge.resetsAt }
  }
  return { ok: true, counters }
}

/** For a call that did not run after all. Never below zero. */
export function giveBack(
  counterOf: (key: string) => Counter | undefined,
  charges: readonly Charge[],
  now: number,
): Record<string, Counter> {
  const counters: Record<string, Counter> = Object.create(null) as Record<string, Counter>
  for (const charge of charges) {
    const counter = counters[charge.key] ?? counterOf(charge.key)
    if (counter === undefined || isOver(counter, now)) continue
    counters[charge.key] = { ...counter, spent: Math.max(0, counter.spent - charge.amount) }
  }
  return counters
}

const isOver = (counter: Counter, now: number): boolean => counter.resetsAt !== null && counter.resetsAt <= now
