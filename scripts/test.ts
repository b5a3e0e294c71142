import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, stateFolder } from './lib/root.ts'

/**
 * npm test [-- filters and vitest options], e.g. `npm test -- test/policy` or `npm test -- test/e2e`.
 * Shows each file as it ends; the last line counts. Exit code 1 when a test fails, when no test ran, or when vitest breaks.
 */
const reportFile = join(stateFolder, 'test-report.json')

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

function readReport(): Report | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'))
  } catch {
    return undefined
  }
}

/** Files that failed as a whole: an import, a hook. None of their tests may have run. */
const brokenFiles = (report: Report): number =>
  report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length

function summary(report: Report | undefined, code: number | null): string {
  if (report === undefined) return `no result: vitest ended with ${code ?? 'a signal'}`
  if (report.testResults.length === 0) return 'no test ran'
  const broken = brokenFiles(report)
  const skipped = report.numPendingTests + report.numTodoTests
  const parts = [`${report.numPassedTests} passed`, `${report.numFailedTests} failed`, `${skipped} skipped`]
  if (broken > 0) parts.push(`${broken} files broken`)
  if (code !== 0 && report.numFailedTests + broken === 0) parts.push('an error outside the tests')
  return parts.join(', ')
}

mkdirSync(stateFolder, { recursive: true })
rmSync(reportFile, { force: true })
const startedAt = Date.now()
const reporters = ['default', 'json', './test/support/canary-reporter.ts'].map((one) => `--reporter=${one}`)
const args = ['run', ...reporters, `--outputFile.json=${reportFile}`]
const child = spawn('vitest', [...args, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
// With a terminal, Ctrl-C reaches vitest by itself, and a second one would cut its cleaning up short.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))

child.on('exit', (code) => {
  const report = readReport()
  console.log(`${summary(report, code)} in ${Math.round((Date.now() - startedAt) / 1000)} s`)
  process.exitCode = code === 0 && report !== undefined && report.numPassedTests > 0 ? 0 : (code ?? 1) || 1
})
