import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseDocument } from '../../src/gateways/gateways.ts'
import { parseRules, runRuleTests } from '../../src/policy/policy.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
const page = read('policy.md')
const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '')
const settings = [...`${page}${read('screening.md')}`.matchAll(/```yml\n([^]*?)```/g)].map((match) => match[1] ?? '')

it.each(blocks)('an example of docs/policy.md is valid, and its tests pass: %#', (block) => {
  const rules = parseRules(parse(block))
  expect(rules).toMatchObject({ ok: true })
  const results = rules.ok ? runRuleTests(rules.value, rules.value.tests ?? { cases: [] }) : []
  expect(results.filter(({ ok }) => !ok)).toEqual([])
})

it('settings in docs/policy.md and docs/screening.md are valid', () => {
  expect(settings).toHaveLength(2)
  for (const block of settings) {
    expect(parseDocument({ kind: 'Gateway', name: 'x', ...parse(block) })).toMatchObject({ ok: true })
  }
})
