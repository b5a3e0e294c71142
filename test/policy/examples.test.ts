import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPolicies } from '../../cli/policy-file.ts'
import { runRuleTests } from '../../src/policy/policy.ts'

const folder = join(import.meta.dirname, '../../examples/policy')

describe.each(readdirSync(folder))('examples/policy/%s', (name) => {
  it('passes its tests', async () => {
    for (const { rules, tests, known } of await readPolicies([join(folder, name)])) {
      const results = runRuleTests(rules, tests, known)
      expect(results.length).toBeGreaterThan(3)
      expect(results.filter(({ ok }) => !ok)).toEqual([])
    }
  })

  it('has a test that fails for every rule that is taken away', async () => {
    for (const { rules, tests, known } of await readPolicies([join(folder, name)])) {
      const ids = [...rules.user, ...rules.agent].map(({ id }) => id)
      const notMissed = ids.filter((id) => {
        const without = {
          user: rules.user.filter((rule) => rule.id !== id),
          agent: rules.agent.filter((rule) => rule.id !== id),
        }
        return runRuleTests(without, tests, known).every(({ ok }) => ok)
      })
      expect(notMissed).toEqual([])
    }
  })
})
