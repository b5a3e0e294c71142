import type { Reporter } from 'vitest/node'
import { secretIn } from './canaries.ts'

/**
 * Reads every line that anything under test writes, in all projects, whether it is shown or not. One secret in one line, and
 * the run has failed (promise 2).
 */
export class CanaryReporter implements Reporter {
  readonly #leaks: string[] = []
  #lines = 0

  onUserConsoleLog({ content, taskId }: { content: string; taskId?: string }): void {
    for (const line of content.split('\n')) {
      if (line !== '') this.#lines++
      const secret = secretIn(line)
      if (secret !== null) this.#leaks.push(`${secret} in ${taskId ?? 'an unknown test'}: ${line.slice(0, 40)}…`)
    }
  }

  onTestRunEnd(): void {
    if (this.#leaks.length === 0) return console.log(`No secret in ${this.#lines} lines of logs.`)
    console.error(`Secrets in the logs of the tests:\n${this.#leaks.map((leak) => `  ${leak}`).join('\n')}`)
    process.exitCode = 1
  }
}

// Vitest loads a reporter by its default export.
export default CanaryReporter
