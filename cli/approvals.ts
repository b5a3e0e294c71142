import type { Command } from './command.ts'
import { text } from './command.ts'
import { day, listCommand } from './list.ts'

type Approval = {
  id: string
  gateway: string
  tool: string
  user: string
  agent: string
  status: string
  expiresAt: number
}

export const list = listCommand<Approval>({
  path: '/approvals',
  help: 'Calls that wait for a person. --status: pending, approved, rejected, used or expired.',
  row: (one) => [one.id, one.status, one.gateway, one.tool, one.agent, one.user, `until ${day(one.expiresAt)}`],
  empty: 'There are none.',
  filters: ['status'],
})

const decide = (decision: 'approve' | 'reject'): Command => ({
  usage: '<approval id> [--note <text>]',
  help: `Decides in place of the approvers that the rule names. The record says so, with your token's name.`,
  options: { note: { type: 'string' } },
  async run({ positionals: [id = ''], values }, context) {
    const body = { decision, note: text(values['note']) ?? null }
    const done = await context.api.send<Approval>('POST', `/approvals/${encodeURIComponent(id)}/decide`, body)
    context.printJson(done)
    context.print(`${done.tool}: ${done.status}.`)
  },
})

export const approve = decide('approve')
export const reject = decide('reject')
