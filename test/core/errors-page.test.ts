import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errors } from '../../src/core/errors.ts'

const page = readFileSync('docs/errors.md', 'utf8')

test('docs/errors.md shows the table as it is', () => {
  const shown = page.split('\n').filter((line) => line.startsWith('| `') && line.split('|').length === 8)
  const rows = Object.entries(errors).map(
    ([code, { kind, status, rpc, retryable, text }]) =>
      `| \`${code}\` | ${kind} | ${status} | ${rpc ?? 'result'} | ${retryable ? 'yes' : 'no'} | ${text} |`,
  )
  expect(shown.map((line) => line.replaceAll(/ +/g, ' '))).toEqual(rows)
})

test('docs/errors.md says of every kind what to do', () => {
  for (const { kind } of Object.values(errors)) expect(page).toContain(`| \`${kind}\``)
})
