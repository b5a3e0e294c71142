import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { LogEntry } from '../core/log-entry.ts'
import { leftOutEntry, readLogEntry } from '../core/log-entry.ts'
import { PerSecond } from '../core/per-second.ts'

/** What a server logs outside of any call, at a rate that everybody who listens can take (attack case 66). */
export const mostOutsideEntries = 20

export class OutsideLog {
  readonly #rate: PerSecond
  readonly #tell: (entry: LogEntry) => void

  constructor(now: Clock, tell: (entry: LogEntry) => void) {
    this.#rate = new PerSecond(mostOutsideEntries, now)
    this.#tell = tell
  }

  take(params: JsonObject): void {
    if (!this.#rate.take()) return
    const leftOut = this.#rate.takeLeftOut()
    if (leftOut > 0) this.#tell(leftOutEntry(leftOut))
    this.#tell(readLogEntry(params))
  }
}
