import type { Progress } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { leftOutEntry, readLogEntry, reaches } from '../core/log-entry.ts'
import { PerSecond } from '../core/per-second.ts'
import { after } from '../core/timer.ts'
import type { ToolCall } from './ports.ts'

/** In any second of one call. Nobody reads or draws more. */
export const mostProgress = 50
export const mostEntries = 50

const longestMessage = 1_000

/**
 * What the tool says before its answer, at a rate that a client and its stream can take (attack case 66). Of progress that
 * comes faster only the newest is kept, and it arrives in any case; log entries beyond the rate are counted.
 */
export class CallNotices {
  /** The call as whoever runs the tool gets it. */
  readonly watched: ToolCall
  readonly #call: ToolCall
  readonly #progress: PerSecond
  readonly #entries: PerSecond
  #held: Progress | null = null
  #superseded = 0
  #disarm: (() => void) | null = null

  constructor(call: ToolCall, now: Clock) {
    const { onProgress, onLog } = call
    this.#call = call
    this.#progress = new PerSecond(mostProgress, now)
    this.#entries = new PerSecond(mostEntries, now)
    this.watched = {
      ...call,
      ...(onProgress && { onProgress: (progress) => this.#told(progress) }),
      ...(onLog && {
        onLog: (params) => {
          const entry = readLogEntry(params)
          if (reaches(entry, call.logLevel) && this.#entries.take()) onLog(entry)
        },
      }),
    }
  }

  /** Before the answer goes: the last progress, and how much was left out. */
  end(): number {
    this.#tellHeld()
    const entries = this.#entries.takeLeftOut()
    const entry = leftOutEntry(entries)
    if (entries > 0 && reaches(entry, this.#call.logLevel)) this.#call.onLog?.(entry)
    return entries + this.#superseded
  }

  #told({ message, ...rest }: Progress): void {
    const progress = message === undefined ? rest : { ...rest, message: message.slice(0, longestMessage) }
    if (this.#held !== null) this.#superseded++
    this.#held = progress
    if (this.#progress.waitMs === 0) return this.#tellHeld()
    this.#disarm ??= after(this.#progress.waitMs, () => this.#tellHeld())
  }

  #tellHeld(): void {
    this.#disarm?.()
    this.#disarm = null
    const held = this.#held
    if (held === null) return
    this.#held = null
    this.#progress.take()
    this.#call.onProgress?.(held)
  }
}
