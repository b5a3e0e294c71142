import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseRules, runRuleTests } from '../../src/policy/policy.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/policy.md'), 'utf8')
const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? '')

it.each(blocks)('an example of docs/policy.md is valid, and its tests pass: %#', (block) => {
  const rules = parseRules(parse(block))
  expect(rules).toMatchObject({ ok: true })
  const results = rules.ok ? runRuleTests(rules.value, rules.value.tests ?? { cases: [] }) : []
  expect(results.filter(({ ok }) => !ok)).toEqual([])
})
