import type { Catalogue } from '../src/policy/policy.ts'
import { analyse, toolOfTests } from '../src/policy/policy.ts'
import type { Command } from './command.ts'
import { exitCodes } from './command.ts'
import type { Policy } from './policy-file.ts'
import { readPolicies } from './policy-file.ts'

export const command: Command = {
  usage: '<file...> [--exit-code]',
  help: `Looks for rules that are probably a mistake: that can never hold, that another rule makes pointless, that name tools or
arguments that do not exist. Needs no deployment; plan does the same and also knows the tools of servers and the groups.

--exit-code     ends with 1 when there is something to look at.`,
  options: { 'exit-code': { type: 'boolean' } },
  async run({ positionals, values }, { print, printJson }) {
    const policies = await readPolicies(positionals)
    const found = policies.map((policy) => ({
      name: policy.name,
      findings: analyse(policy.rules, catalogueOf(policy)),
    }))
    for (const { name, findings } of found) {
      if (findings.length === 0) print(`${name}: nothing to look at`)
      for (const { rule, message } of findings) print(`${name}: ${rule === null ? '' : `rule ${rule}: `}${message}`)
    }
    printJson(found)
    const some = found.some(({ findings }) => findings.length > 0)
    return some && values['exit-code'] === true ? exitCodes.failed : exitCodes.done
  },
}

function catalogueOf({ known, schemas, tests }: Policy): Catalogue {
  const described = Object.keys(tests.tools ?? {}).map((name) => toolOfTests(tests, name, known))
  const all = new Map([...known, ...described.map((tool) => [tool.name, tool] as const)])
  return {
    tools: [...all.values()].map((tool) => {
      const inputSchema = schemas.get(tool.name)
      return inputSchema === undefined ? tool : { ...tool, inputSchema }
    }),
  }
}
