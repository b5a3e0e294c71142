import type { Simulation } from '../src/policy/policy.ts'
import type { Command } from './command.ts'
import { exitCodes, text, Fault } from './command.ts'
import { readDocuments } from './document-file.ts'
import { explained } from './explained.ts'

type Reply = Simulation & { asked: number; unreadable: number }

export const command: Command = {
  usage: '<file> [--last <number>] [--exit-code]',
  help: `Asks what the rules of a gateway document would have decided on the last recorded calls of that gateway, against the
rules that are live now. Writes nothing. Arguments are as the record keeps them: where they were redacted, a rule that
looks at them may decide otherwise than it would have.

--last          how many calls. Default: 500, at most 2000.
--exit-code     ends with 3 when a decision would flip.

Example: npm run behalf -- policy simulate gateways/engineering.yaml --last 1000`,
  options: { last: { type: 'string' }, 'exit-code': { type: 'boolean' } },
  async run({ positionals, values }, { api, print, printJson }) {
    const [read, second] = readDocuments(positionals)
    if (read === undefined || second !== undefined) throw new Fault('One document at a time.', exitCodes.usage)
    const last = Number(text(values['last']) ?? 500)
    if (!Number.isInteger(last) || last < 1 || last > 2000)
      throw new Fault('--last is a number up to 2000.', exitCodes.usage)
    const { document } = read
    const path = `/gateways/${encodeURIComponent(document.name)}/simulate`
    const found = await explained(read, () => api.send<Reply>('POST', path, { document, last }))
    print(`${found.calls} calls: ${found.same} would be decided as before.`)
    for (const { from, to, tool, agent, rules, calls, users, examples } of found.flips) {
      print(
        `  ${calls} of ${users} ${users === 1 ? 'person' : 'people'}: ${tool} through ${agent}: ${from} becomes ${to}`,
      )
      print(`    by ${rules.join(', ') || 'no rule'}; for example ${examples.join(', ')}`)
    }
    if (found.notReproduced > 0) print(`${found.notReproduced} could not be reproduced from the record.`)
    if (found.unreadable > 0)
      print(`${found.unreadable} left out: the person was erased, the tool is gone, or the record keeps no arguments.`)
    printJson(found)
    return found.flips.length > 0 && values['exit-code'] === true ? exitCodes.changes : exitCodes.done
  },
}
