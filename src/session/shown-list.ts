import type { Caller } from '../core/caller.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { listTools } from '../runtime/runtime.ts'

/**
 * Which tools the caller was shown last, where rules look at the steps of the session: then a step may show or hide one, and
 * the client is to hear of it. Elsewhere, and for who never asked for a list, it costs nothing.
 */
export class ShownList {
  #names: string | null = null

  note(caller: Caller, runtime: Runtime): void {
    if (runtime.gateway.readsSteps) this.#names = namesOf(caller, runtime)
  }

  /** True once for each change. */
  hasChanged(caller: Caller, runtime: Runtime): boolean {
    if (this.#names === null || !runtime.gateway.readsSteps) return false
    const before = this.#names
    this.#names = namesOf(caller, runtime)
    return this.#names !== before
  }
}

const namesOf = (caller: Caller, runtime: Runtime): string =>
  listTools(caller, runtime)
    .map(({ name }) => name)
    .join('\n')
