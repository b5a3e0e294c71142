import type { Command } from './command.ts'
import { Fault, text } from './command.ts'
import { readDocuments } from './document-file.ts'
import { explained } from './explained.ts'
import type { Applied } from './gateway-target.ts'
import { targetHelp, targetOf, targetOptions } from './gateway-target.ts'
import { planText } from './plan-text.ts'

export const command: Command = {
  usage: '<file...> [--note <text>] [--yes] [--via wrangler [--local]]',
  help: `Shows what would change, as plan does, and makes it live. Asks first when a person is at the terminal; --yes, --json
and CI=1 keep it from asking. Of two people who apply at once one is told to plan again.

--note          why, for the list of versions.
${targetHelp}

Examples: npm run behalf -- apply gateways/*.yaml
          npm run behalf -- apply engineering.yaml --via wrangler`,
  options: { note: { type: 'string' }, yes: { type: 'boolean', short: 'y' }, ...targetOptions },
  async run(args, context) {
    const target = targetOf(args, context)
    const planned = []
    for (const read of readDocuments(args.positionals)) {
      const plan = await explained(read, () => target.plan(read.document))
      context.print(planText(plan))
      planned.push({ read, plan })
    }
    const wanted = planned.filter(({ plan }) => plan.action !== 'none')
    const asks = wanted.length > 0 && args.values['yes'] !== true && !context.json
    if (asks && !(await context.confirm('Apply?'))) throw new Fault('Nothing was applied.')
    const applied: Applied[] = []
    for (const { read, plan } of wanted) {
      const note = text(args.values['note']) ?? null
      const done = await explained(read, () => target.apply(read.document, plan.base, note))
      context.print(appliedText(done))
      applied.push(done)
    }
    context.printJson(applied)
  },
}

function appliedText({ name, version, pending }: Applied): string {
  if (pending === null) return `${name}: version ${version} is live. Open sessions take it up within 60 seconds.`
  if (pending === 0) return `${name}: version ${version} is live, in every open session.`
  return `${name}: version ${version} is live. ${pending} open sessions did not answer yet and are tried again.`
}
