import { relative } from 'node:path'
import type { Reporter, Vitest } from 'vitest/node'
import { secretIn } from './canaries.ts'

/**
 * Reads every line that anything under test writes, in all projects, whether it is shown or not. One secret in one line, and
 * the run has failed (promise 2).
 */
export class CanaryReporter implements Reporter {
  readonly #leaks = new Set<string>()
  #lines = 0
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onUserConsoleLog({ content, taskId }: { content: string; taskId?: string }): void {
    for (const line of content.split('\n')) {
      if (line !== '') this.#lines++
      const secret = secretIn(line)
      if (secret !== null) this.#leaks.add(`${secret} in ${this.#fileOf(taskId)}`)
    }
  }

  onTestRunEnd(): void {
    if (this.#leaks.size === 0) return console.log(`No secret in ${this.#lines} lines of logs.`)
    console.error(`Secrets in the logs of the tests:\n${[...this.#leaks].map((leak) => `  ${leak}`).join('\n')}`)
    process.exitCode = 1
  }

  #fileOf(taskId?: string): string {
    const file = taskId === undefined ? undefined : this.#vitest?.state.idMap.get(taskId)?.file.filepath
    return file === undefined ? 'no test in particular' : relative(process.cwd(), file)
  }
}

// Vitest loads a reporter by its default export.
export default CanaryReporter
