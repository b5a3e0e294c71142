const longestWaitMs = 25_000

/** Lets readers wait for what comes next. */
export class Growth {
  readonly #waiting = new Set<() => void>()

  happened(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Resolves when something came, or after `waitMs` (at most 25 s). */
  next(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      setTimeout(
        () => {
          this.#waiting.delete(resolve)
          resolve()
        },
        Math.min(waitMs, longestWaitMs),
      )
    })
  }
}
