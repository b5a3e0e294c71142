import { runRuleTests } from '../src/policy/policy.ts'
import type { Command } from './command.ts'
import { exitCodes } from './command.ts'
import { readPolicies } from './policy-file.ts'

export const command: Command = {
  usage: '<file...>',
  help: `Runs the tests of rules: those in gateway documents (rules.tests) and in files of kind RuleTests. Needs no deployment.
Ends with 1 when one fails. A gateway document whose tests fail cannot be applied.

Example: npm run behalf -- policy test examples/policy/*.yaml`,
  async run({ positionals }, { print, printJson }) {
    const suites = (await readPolicies(positionals)).map(({ name, rules, tests, known }) => ({
      name,
      results: runRuleTests(rules, tests, known),
    }))
    for (const { name, results } of suites) {
      print(`${name}: ${results.filter(({ ok }) => ok).length} of ${results.length} pass`)
      for (const result of results.filter(({ ok }) => !ok)) {
        print(`  ${result.name}`)
        for (const fault of result.faults) print(`    ${fault}`)
      }
    }
    printJson(suites)
    const results = suites.flatMap((suite) => suite.results)
    if (results.length === 0) print('There are no tests in there.')
    return results.every(({ ok }) => ok) ? exitCodes.done : exitCodes.failed
  },
}
