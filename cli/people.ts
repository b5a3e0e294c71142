import type { Args, Command } from './command.ts'
import { Fault, exitCodes, text } from './command.ts'
import { day, listCommand } from './list.ts'

type User = { id: string; name: string; email: string | null; active: boolean; lastSeenAt: number | null }
type Agent = { id: string; name: string; kind: string; clientId: string; trust: string; disabled: boolean }

export const listUsers = listCommand<User>({
  path: '/users',
  help: 'People and service accounts. --q: part of the name or the address. --active: true or false.',
  row: (one) => [one.id, one.name, one.email ?? '-', one.active ? 'active' : 'LEFT', day(one.lastSeenAt)],
  empty: 'Nobody. People appear when they sign in for the first time, or when the directory sends them.',
  filters: ['q', 'active'],
})

export const deactivate: Command = {
  usage: '<user id>',
  help: `Offboards: every session, grant and browser of this person ends now, their connections are taken back, and no
sign-in works any more. users list shows the ids.`,
  async run({ positionals: [id = ''] }, context) {
    const path = `/users/${encodeURIComponent(id)}/deactivate`
    const done = await context.api.send<{ grants: number; connections: number }>('POST', path)
    context.printJson(done)
    context.print(`Done: ${done.grants} grants ended, ${done.connections} connections taken back.`)
  },
}

export const activate: Command = {
  usage: '<user id>',
  help: 'The person may sign in again, and connects accounts anew.',
  async run({ positionals: [id = ''] }, context) {
    context.printJson(await context.api.send('POST', `/users/${encodeURIComponent(id)}/activate`))
    context.print('Done.')
  },
}

export const listAgents = listCommand<Agent>({
  path: '/agents',
  help: 'Applications that have called, or were made here.',
  row: (one) => [one.id, one.name, one.kind, one.clientId, one.disabled ? 'DISABLED' : one.trust],
  empty: 'No agent has called yet.',
})

export const setAgent: Command = {
  usage: '<agent id> [--trust <unknown|known|trusted>] [--disable | --enable]',
  help: 'Disabling ends the sessions of the agent at once. Rules can ask how far an agent is trusted.',
  options: { trust: { type: 'string' }, disable: { type: 'boolean' }, enable: { type: 'boolean' } },
  async run({ positionals: [id = ''], values }, context) {
    if (values['disable'] === true && values['enable'] === true) {
      throw new Fault('--disable and --enable exclude each other.', exitCodes.usage)
    }
    const trust = text(values['trust'])
    const disabled = values['disable'] === true ? true : values['enable'] === true ? false : undefined
    const body = { ...(trust === undefined ? {} : { trust }), ...(disabled === undefined ? {} : { disabled }) }
    const agent = await context.api.send<Agent>('PATCH', `/agents/${encodeURIComponent(id)}`, body)
    context.printJson(agent)
    context.print(`${agent.name}: ${agent.disabled ? 'disabled' : agent.trust}.`)
  },
}

export const endSessions: Command = {
  usage: '(--user <id> | --agent <id> | --session <id> | --all) [--gateway <name>] [--reason <text>]',
  help: `Kill switch: ends live sessions within 5 seconds. Whoever may sign in can begin a new one: to cut somebody off,
use users deactivate, agents set --disable, keys revoke or gateways disable.`,
  options: {
    user: { type: 'string' },
    agent: { type: 'string' },
    session: { type: 'string' },
    all: { type: 'boolean' },
    gateway: { type: 'string' },
    reason: { type: 'string' },
  },
  async run(args, context) {
    const { values } = args
    const reason = text(values['reason'])
    const body = {
      match: matchOf(args),
      gateway: text(values['gateway']) ?? null,
      ...(reason === undefined ? {} : { reason }),
    }
    const done = await context.api.send<{ sessions: number; pending: number }>('POST', '/sessions/end', body)
    context.printJson(done)
    context.print(
      `${done.sessions} sessions ended${done.pending > 0 ? `, ${done.pending} of them not yet confirmed` : ''}.`,
    )
  },
}

function matchOf({ values }: Args): object {
  const given = (['user', 'agent', 'session', 'all'] as const).filter((name) => values[name] !== undefined)
  const [only, another] = given
  if (!only || another) throw new Fault('Say one of --user, --agent, --session and --all.', exitCodes.usage)
  return { [only]: values[only] }
}
