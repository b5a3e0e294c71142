import type { Clock } from '../core/clock.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { Lease } from '../vault/vault.ts'

/** As long as a lease, however long the token itself may live. */
const keepMs = 5 * 60_000
/** Before its end it is not used any more: a call takes time. */
const marginMs = 30_000

type Made = { token: string; connection: string; until: number }
export type Exchange = () => Promise<Result<{ token: string; expiresAt: number | null }>>

/** Tokens that were made for a user's own, in this session's memory and nowhere else (promise 2). They go when the lease does. */
export class ExchangedTokens {
  readonly #now: Clock
  readonly #made = new Map<string, Made>()
  readonly #making = new Map<string, Promise<Result<string>>>()
  #forgotten = 0

  constructor(now: Clock) {
    this.#now = now
  }

  /** One exchange at a time for one server and one token, however many calls wait for it. */
  async get(server: string, { connection, generation }: Lease, exchange: Exchange): Promise<Result<string>> {
    const key = JSON.stringify([server, connection, generation])
    const known = this.#made.get(key)
    if (known && known.until > this.#now()) return ok(known.token)
    const running = this.#making.get(key)
    if (running) return running
    const making = this.#make(key, connection, exchange).finally(() => this.#making.delete(key))
    this.#making.set(key, making)
    return making
  }

  /** The server refused it, or the lease behind it was called back. */
  forget(connections: readonly string[] | null): void {
    this.#forgotten++
    for (const [key, { connection }] of this.#made) {
      if (connections === null || connections.includes(connection)) this.#made.delete(key)
    }
  }

  secrets(): string[] {
    return [...this.#made.values()].map(({ token }) => token)
  }

  async #make(key: string, connection: string, exchange: Exchange): Promise<Result<string>> {
    const forgotten = this.#forgotten
    const made = await exchange()
    if (!made.ok) return made
    const { token, expiresAt } = made.value
    const until = Math.min(this.#now() + keepMs, (expiresAt ?? Number.POSITIVE_INFINITY) - marginMs)
    if (forgotten === this.#forgotten) this.#made.set(key, { token, connection, until })
    return ok(token)
  }
}
