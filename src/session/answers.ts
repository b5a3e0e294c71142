import type { JsonObject } from '../core/json.ts'

/**
 * Where a question that was pushed to a legacy client meets its answer. The client sends the answer as a request of its own,
 * which another isolate may get; the session is the place that both know. In memory: a question does not outlive the call that
 * asks it.
 */
export class Answers {
  readonly #waiting = new Map<string, (answer: JsonObject | null) => void>()

  wait(conversation: string, question: string, timeoutMs: number): Promise<JsonObject | null> {
    const key = `${conversation} ${question}`
    const { promise, resolve } = Promise.withResolvers<JsonObject | null>()
    const timer = setTimeout(() => this.#settle(key, null), timeoutMs)
    this.#waiting.set(key, (answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    return promise
  }

  deliver(conversation: string, question: string, answer: JsonObject): void {
    this.#settle(`${conversation} ${question}`, answer)
  }

  /** The session has ended. */
  giveUp(): void {
    for (const key of this.#waiting.keys()) this.#settle(key, null)
  }

  #settle(key: string, answer: JsonObject | null): void {
    this.#waiting.get(key)?.(answer)
    this.#waiting.delete(key)
  }
}
