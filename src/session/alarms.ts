/** Why an object wants to be woken. */
type Reason = 'outbox' | 'idle' | 'tasks'

/**
 * One Durable Object has one alarm; this shares it among reasons. The times are kept in memory: after an eviction the
 * alarm that is set still rings, every reason is asked, and each says when it wants to be asked again.
 */
export class Alarms {
  readonly #storage: DurableObjectStorage
  readonly #due = new Map<Reason, number>()
  #setFor = Number.POSITIVE_INFINITY

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  wakeAt(reason: Reason, at: number): void {
    this.#due.set(reason, at)
    this.#set()
  }

  /** Never throws: an alarm that throws is tried six times and then never again. */
  async ring(now: number, work: Record<Reason, () => Promise<number | null>>): Promise<void> {
    this.#setFor = Number.POSITIVE_INFINITY
    for (const [reason, run] of Object.entries(work) as [Reason, () => Promise<number | null>][]) {
      const due = this.#due.get(reason)
      if (due !== undefined && due > now) continue
      this.#due.delete(reason)
      const again = await run().catch(() => now + 30_000)
      if (again !== null) this.#due.set(reason, Math.min(again, this.#due.get(reason) ?? again))
    }
    this.#set()
  }

  #set(): void {
    const next = Math.min(...this.#due.values(), Number.POSITIVE_INFINITY)
    if (next >= this.#setFor) return
    this.#setFor = next
    void this.#storage.setAlarm(next)
  }
}
