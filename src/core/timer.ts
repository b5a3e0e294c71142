/** Runs it once after so long; the returned function calls it off. Hides that timers are numbers here and objects there. */
export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms) as unknown as number
  return () => clearTimeout(timer)
}

/** Resolves after so long, or as soon as nobody waits any more. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const stop = after(ms, done)
    if (signal?.aborted) done()
    else signal?.addEventListener('abort', done)
  })
}

export type Timer = Pick<SharedTimer, 'after'>

type Waiting = { at: number; run: () => void }

/** A pending timer keeps a Durable Object awake: after the last wait was called off no longer than this, or than it took. */
const shortestTickMs = 1_000

/**
 * Many waits, one platform timer. Setting and clearing one costs some 50 µs, as much as a call's decision, and nearly every
 * wait of a call is called off: here that is an entry in a set. Runs on time, whatever the tick.
 *
 * One for each Durable Object or request: the platform lets no timer reach into another's.
 */
export class SharedTimer {
  readonly #waiting = new Set<Waiting>()
  #wakesAt = Number.POSITIVE_INFINITY
  #tickMs = shortestTickMs

  /** As the function of that name. */
  after(ms: number, run: () => void): () => void {
    const waiting = { at: performance.now() + ms, run }
    this.#waiting.add(waiting)
    this.#tickMs = shortestTickMs
    this.#wakeBy(waiting.at)
    return () => void this.#waiting.delete(waiting)
  }

  #wakeBy(at: number): void {
    const now = performance.now()
    const wakesAt = Math.min(at, now + this.#tickMs)
    if (wakesAt >= this.#wakesAt) return
    this.#wakesAt = wakesAt
    setTimeout(() => this.#wake(wakesAt), Math.max(0, wakesAt - now))
  }

  /**
   * The first that is due; the next one gets a task of its own, so that a fault in one is not the others'. Of two platform
   * timers the later one was set first, and has nothing to do any more.
   */
  #wake(wakesAt: number): void {
    if (wakesAt !== this.#wakesAt) return
    this.#wakesAt = Number.POSITIVE_INFINITY
    const [first] = [...this.#waiting].toSorted((a, b) => a.at - b.at)
    if (!first) return
    const isDue = first.at <= performance.now()
    if (!isDue) this.#tickMs *= 2
    if (isDue) this.#waiting.delete(first)
    for (const { at } of this.#waiting) this.#wakeBy(at)
    if (isDue) first.run()
  }
}
