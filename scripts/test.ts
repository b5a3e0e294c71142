import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, stateFolder } from './lib/root.ts'

/**
 * npm test [-- filters and vitest options], e.g. `npm test -- test/policy` or `npm test -- --project e2e`.
 * Shows each file as it ends; the last line counts. Exit code 1 when a test fails, when no test ran, or when vitest breaks.
 */
const report = join(stateFolder, 'test-report.json')

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
}

function readReport(): Report | undefined {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return undefined
  }
}

mkdirSync(stateFolder, { recursive: true })
rmSync(report, { force: true })
const startedAt = Date.now()
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)]
const child = spawn('vitest', args, { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
process.on('SIGINT', () => child.kill('SIGINT'))

child.on('exit', (code) => {
  const result = readReport()
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  if (result === undefined) {
    console.log(`no result: vitest ended with ${code ?? 'a signal'} after ${seconds} s`)
    process.exitCode = 1
    return
  }
  const skipped = result.numPendingTests + result.numTodoTests
  console.log(`${result.numPassedTests} passed, ${result.numFailedTests} failed, ${skipped} skipped in ${seconds} s`)
  process.exitCode = code === 0 && result.success && result.numPassedTests > 0 ? 0 : 1
})
