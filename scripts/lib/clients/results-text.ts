import type { ClientResult } from './check.ts'

/** One line for a client, and below it what a failure needs. */
export function resultText({ name, version, seen, failure, log, notCovered }: ClientResult): string {
  const state = failure === null ? 'passed' : 'FAILED'
  const lines = [`${state}  ${`${name} ${version}`.padEnd(24)} ${seen.join('; ') || 'nothing was seen'}`]
  if (failure !== null) lines.push(`        ${failure.replaceAll('\n', '\n        ')}`, `        Its output: ${log}`)
  if (notCovered !== undefined) lines.push(`        Not covered: ${notCovered}`)
  return lines.join('\n')
}

export function summaryText(results: readonly ClientResult[]): string {
  const bad = results.filter(({ failure }) => failure !== null)
  if (bad.length === 0) return `${results.length} of ${results.length} passed`
  return `${results.length - bad.length} of ${results.length} passed. Not: ${bad.map(({ name }) => name).join(', ')}`
}

/** Those that `--only` names, several with commas. Null: one of the names is of nobody. */
export function chosen<T extends { name: string }>(all: readonly T[], only: string | undefined): T[] | null {
  if (only === undefined) return [...all]
  const names = only.split(',').map((name) => name.trim())
  const found = all.filter(({ name }) => names.includes(name))
  return found.length === new Set(names).size ? found : null
}
