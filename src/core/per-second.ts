import type { Clock } from './clock.ts'

/** Lets at most so many through in one second, and counts the rest. */
export class PerSecond {
  readonly #most: number
  readonly #now: Clock
  #since = Number.NEGATIVE_INFINITY
  #taken = 0
  #leftOut = 0

  constructor(most: number, now: Clock) {
    this.#most = most
    this.#now = now
  }

  take(): boolean {
    const now = this.#now()
    if (now - this.#since >= 1_000) {
      this.#since = now
      this.#taken = 0
    }
    if (this.#taken >= this.#most) {
      this.#leftOut++
      return false
    }
    this.#taken++
    return true
  }

  /** In how many ms the next one is let through. */
  get waitMs(): number {
    const restMs = this.#since + 1_000 - this.#now()
    return this.#taken < this.#most || restMs < 0 ? 0 : restMs
  }

  /** How many were left out since this was last asked. */
  takeLeftOut(): number {
    const count = this.#leftOut
    this.#leftOut = 0
    return count
  }
}
