import { stringify } from 'yaml'
import { importRules } from './cedar/import.ts'
import type { Command } from './command.ts'
import { text } from './command.ts'
import { readText } from './yaml-file.ts'

export const command: Command = {
  usage: '<file> [--agent <file>]',
  help: `Reads Cedar policies and prints them as rules, for the rules of a gateway document. The file holds the user side;
--agent names one with the agent side. A policy with a part that has no equivalent is refused, with the part.

Example: npm run behalf -- policy import-cedar user.cedar --agent agent.cedar > rules.yaml`,
  options: { agent: { type: 'string' } },
  async run({ positionals, values }, { print, printJson }) {
    const [file = ''] = positionals
    const other = text(values['agent'])
    const rules = {
      user: importRules(readText(file), 'user'),
      agent: other === undefined ? [] : importRules(readText(other), 'agent'),
    }
    print(stringify({ rules }, { lineWidth: 120 }).trimEnd())
    printJson({ rules })
  },
}
