import type { Command } from './command.ts'
import { exitCodes } from './command.ts'
import { readDocuments } from './document-file.ts'
import { explained } from './explained.ts'
import { targetHelp, targetOf, targetOptions } from './gateway-target.ts'
import { planText } from './plan-text.ts'

export const command: Command = {
  usage: '<file...> [--exit-code] [--via wrangler [--local]]',
  help: `Reads gateway documents (YAML or JSON, - for standard input), checks them and shows what applying them would change.
Writes nothing.

--exit-code     ends with 3 when there is something to apply, for pipelines.
${targetHelp}

Example: npm run behalf -- plan gateways/engineering.yaml`,
  options: { 'exit-code': { type: 'boolean' }, ...targetOptions },
  async run(args, context) {
    const target = targetOf(args, context)
    const plans = []
    for (const read of readDocuments(args.positionals)) {
      const plan = await explained(read, () => target.plan(read.document))
      context.print(planText(plan))
      plans.push(plan)
    }
    context.printJson(plans)
    const changes = plans.some((plan) => plan.action !== 'none')
    return args.values['exit-code'] === true && changes ? exitCodes.changes : exitCodes.done
  },
}
