import type { Clock } from '../core/clock.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'

/** How long a changed secret may still be sent as it was. */
const keepMs = 60_000

/**
 * Secrets of the project that this session's tools were given, in its memory for a minute, so that a warm call reads no D1.
 */
export class HeldSecrets {
  readonly #read: (names: readonly string[]) => Promise<Result<ReadonlyMap<string, string>>>
  readonly #now: Clock
  readonly #held = new Map<string, { value: string; until: number }>()

  constructor(read: (names: readonly string[]) => Promise<Result<ReadonlyMap<string, string>>>, now: Clock) {
    this.#read = read
    this.#now = now
  }

  /** All of them or a refusal. */
  async get(names: readonly string[]): Promise<Result<ReadonlyMap<string, string>>> {
    const now = this.#now()
    const known = names.flatMap((name) => {
      const held = this.#held.get(name)
      return held && held.until > now ? [[name, held.value] as const] : []
    })
    if (known.length === names.length) return ok(new Map(known))
    const read = await this.#read(names)
    if (!read.ok) return read
    for (const [name, value] of read.value) this.#held.set(name, { value, until: now + keepMs })
    return read
  }

  /** For scrubbing what leaves: also those that are read anew before they are sent again. */
  values(): string[] {
    return [...this.#held.values()].map(({ value }) => value)
  }
}
