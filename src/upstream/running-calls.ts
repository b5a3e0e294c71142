import type { JsonObject } from '../core/json.ts'
import type { Timer } from '../core/timer.ts'
import { callOf } from './call-streams.ts'
import { RunningCall } from './running-call.ts'

/** The calls that are running on one connection, and whose it is what the server says meanwhile. */
export class RunningCalls {
  readonly #all = new Set<RunningCall>()
  readonly #timer: Timer

  constructor(timer: Timer) {
    this.#timer = timer
  }

  get some(): boolean {
    return this.#all.size > 0
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  get(id: string): RunningCall | undefined {
    return [...this.#all].find((call) => call.id === id)
  }

  begin(): RunningCall {
    const call = new RunningCall((late) => this.end(late), this.#timer)
    this.#all.add(call)
    return call
  }

  end(call: RunningCall): void {
    this.#all.delete(call)
  }

  abort(): void {
    for (const call of this.#all) call.abort.abort()
    this.#all.clear()
  }

  /**
   * What did not come on the stream of a call can only be of the one that runs. With several nobody can know: a question would
   * show one person's window what another's call is about.
   */
  whose(message: JsonObject): RunningCall | undefined {
    const id = callOf(message)
    const running = [...this.#all].filter((call) => !call.settled)
    if (id === undefined) return running.length === 1 ? running[0] : undefined
    return running.find((call) => call.id === id)
  }
}
