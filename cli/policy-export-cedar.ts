import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportRules } from './cedar/export.ts'
import type { Command } from './command.ts'
import { exitCodes, text } from './command.ts'
import { readPolicies } from './policy-file.ts'

export const command: Command = {
  usage: '<file> [--out <folder>] [--exit-code]',
  help: `Writes the rules of a file as Cedar policies: one policy set for the user side and one for the agent side; both have to
allow. Rules that Cedar cannot say are named and left out. docs/policy.md says how a question looks in Cedar.

--out           writes user.cedar and agent.cedar into this folder instead of printing them.
--exit-code     ends with 1 when a rule was left out.

Example: npm run behalf -- policy export-cedar examples/policy/sales.yaml --out cedar`,
  options: { out: { type: 'string' }, 'exit-code': { type: 'boolean' } },
  async run({ positionals, values }, { print, printJson, note }) {
    const policies = await readPolicies(positionals)
    const out = text(values['out'])
    const exported = policies.map(({ rules }) => exportRules(rules))
    for (const { user, agent, skipped } of exported) {
      if (out === undefined)
        print(
          `// The user side: the principal is the person.\n\n${user}\n// The agent side: the principal is the application.\n\n${agent}`,
        )
      else writeFiles(out, { user, agent })
      for (const { rule, why } of skipped) note(`Left out: ${rule}. Cedar has no word for ${why}.`)
      if (skipped.length > 0) note('Without a rule that was left out the policies may permit more than the rules do.')
    }
    printJson(exported)
    return values['exit-code'] === true && exported.some(({ skipped }) => skipped.length > 0)
      ? exitCodes.failed
      : exitCodes.done
  },
}

function writeFiles(folder: string, sides: { user: string; agent: string }): void {
  mkdirSync(folder, { recursive: true })
  for (const [side, cedar] of Object.entries(sides)) writeFileSync(join(folder, `${side}.cedar`), cedar)
}
