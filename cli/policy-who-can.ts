import type { Access } from '../src/policy/policy.ts'
import { compileRules, GivenWorld, whoCan } from '../src/policy/policy.ts'
import type { AdminApi } from './admin-api.ts'
import type { Command } from './command.ts'
import { Fault } from './command.ts'
import { aligned } from './main.ts'
import { isFile } from './policy-explain.ts'
import { readPolicies } from './policy-file.ts'

type Row = Pick<Access, 'may' | 'rules'> & { user: string; agent: string }

export const command: Command = {
  usage: '<gateway or file> <tool>',
  help: `Lists who can call a tool, through which agents, and by which rules. always: whatever the arguments. sometimes: it depends
on arguments, the session or the time. approval: somebody has to approve.
With the name of a gateway: the people and agents the deployment knows. With a file: those in the file.

Example: npm run behalf -- policy who-can examples/policy/claims.yaml Claims_ProcessClaim`,
  async run({ positionals }, { api, print, printJson }) {
    const [where = '', tool = ''] = positionals
    const rows = isFile(where) ? await fromFile(where, tool) : await fromDeployment(where, tool, api)
    for (const line of aligned(rows.map(({ user, agent, may, rules }) => [user, agent, may, rules.join(', ')])))
      print(line)
    if (rows.length === 0) print('Nobody.')
    printJson(rows)
  },
}

async function fromDeployment(gateway: string, tool: string, api: AdminApi): Promise<Row[]> {
  const rows: Row[] = []
  const path = `/gateways/${encodeURIComponent(gateway)}/who-can`
  for await (const row of api.all<Row & { name: string; clientId: string }>(path, { tool })) {
    rows.push({ ...row, user: `${row.user} (${row.name})`, agent: row.clientId })
  }
  return rows
}

async function fromFile(file: string, tool: string): Promise<Row[]> {
  const [policy, second] = await readPolicies([file])
  if (policy === undefined || second !== undefined) throw new Fault(`${file} has to hold one document.`)
  const { rules, tests, known } = policy
  const compiled = compileRules(rules)
  const world = new GivenWorld(tests, compiled, known)
  const now = Date.now()
  const question = (user: string | undefined, agent: string | undefined) => {
    const given = { ...(user === undefined ? {} : { user }), ...(agent === undefined ? {} : { agent }) }
    return world.question(given, tool, {}, world.session({}, now), now)
  }
  const users = Object.keys(tests.people ?? {}).map((name) => question(name, undefined).user)
  const agents = Object.keys(tests.agents ?? { agent: {} }).map((name) => question(undefined, name).agent)
  return whoCan(compiled, question(undefined, undefined), { users, agents }, now)
}
