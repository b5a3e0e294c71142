import type { Explanation } from '../src/policy/policy.ts'
import { compileRules, explain, GivenWorld } from '../src/policy/policy.ts'
import type { Args, Command, Context } from './command.ts'
import { Fault } from './command.ts'
import { readPolicies } from './policy-file.ts'
import { questionHelp, questionOf, questionOptions } from './policy-question.ts'

export const command: Command = {
  usage: '<gateway or file> --tool <name> [--user <who>] [--agent <what>] [--arguments <json>]',
  help: `Says what would be decided, by which rules, and what would change it. With the name of a gateway the deployment is asked,
about its people (user id) and agents (client id); with a file its own rules, people and agents.

${questionHelp}

Examples: npm run behalf -- policy explain engineering --user u_123 --agent desk --tool GitHub_CreateIssue
          npm run behalf -- policy explain examples/policy/claims.yaml --user alice --agent desk \\
            --tool Claims_ProcessClaim --arguments '{"claim_id":"C-1","amount":900}'`,
  options: questionOptions,
  async run(args, context) {
    const [where = ''] = args.positionals
    const found = isFile(where) ? await fromFile(where, args) : await fromDeployment(where, args, context)
    context.print(explanationText(found))
    context.printJson(found)
  },
}

export const isFile = (name: string): boolean => /\.(ya?ml|json)$|^-$|\//.test(name)

async function fromFile(file: string, args: Args): Promise<Explanation> {
  const given = questionOf(args)
  const [policy, second] = await readPolicies([file])
  if (policy === undefined || second !== undefined) throw new Fault(`${file} has to hold one document.`)
  const now = given.at === undefined ? Date.now() : Date.parse(given.at)
  const rules = compileRules(policy.rules)
  const world = new GivenWorld(policy.tests, rules, policy.known)
  return explain(rules, world.question(given, given.tool, given.arguments ?? {}, world.session(given, now), now), now)
}

const fromDeployment = (gateway: string, args: Args, { api }: Context): Promise<Explanation> =>
  api.send('POST', `/gateways/${encodeURIComponent(gateway)}/explain`, { given: questionOf(args) })

const words = { permit: 'Permitted', deny: 'Denied', approve: 'Waits for an approval' } as const

function explanationText({ decision, listed, changes }: Explanation): string {
  const by = decision.rules.length > 0 ? ` by ${decision.rules.join(', ')}` : ''
  const lines = [`${words[decision.effect]}${by} (version ${decision.version}).`]
  for (const { name, holds, because } of decision.terms) {
    const reasons = because.map(({ rule, outcome }) => `${rule ?? 'nobody'} ${outcome.replace('_', ' ')}`)
    lines.push(`  ${holds ? 'yes' : 'no '}  ${name}${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}`)
  }
  if (!listed) lines.push('The tool is not on the list of this person through this agent.')
  if (changes.length > 0) lines.push(decision.effect === 'permit' ? 'It hangs on:' : 'What would change it:')
  for (const { what, enough } of changes) lines.push(`  ${what}${enough ? ' That alone decides.' : ''}`)
  return lines.join('\n')
}
