import { z } from 'zod'
import type { Caller } from '../core/caller.ts'
import { appClientId } from '../core/ids.ts'

/** A person by what the sign-in says, or by our id. Never by e-mail: addresses are reassigned (attack case 18). */
const person = z.union([
  z.strictObject({ issuer: z.string().min(1).max(500), subject: z.string().min(1).max(500) }),
  z.strictObject({ id: z.string().min(1).max(100) }),
])

const names = (what: string) => z.array(z.string().min(1).max(500)).max(1000).default([]).describe(what)

export const assignmentSchema = z
  .strictObject({
    everyone: z
      .boolean()
      .default(false)
      .describe('Everybody who can sign in to the project, and every service account.'),
    users: z.array(person).max(1000).default([]),
    groups: names('Names of groups, as the directory or the sign-in says.'),
    serviceAccounts: names('Service accounts, by the name of the agent that their key was made for.'),
    agents: names(
      'Client ids of the agents that may connect. Empty: any agent; the rules still decide what each may do.',
    ),
  })
  .prefault({})
  .describe('Who the gateway is for. Nobody by default.')

export type Assignment = z.output<typeof assignmentSchema>

/** Is this gateway for this person through this agent? It opens the door only; the rules decide about every tool. */
export function isFor(assignment: Assignment, { user, agent }: Pick<Caller, 'user' | 'agent'>): boolean {
  const { agents } = assignment
  if (agents.length > 0 && !agents.includes(agent.clientId) && !agents.includes(agent.id)) return false
  if (assignment.everyone) return true
  if (user.groups.some((group) => assignment.groups.includes(group))) return true
  if (
    user.kind === 'service_account' &&
    assignment.serviceAccounts.some((name) => agent.clientId === appClientId(name))
  ) {
    return true
  }
  return assignment.users.some((one) =>
    'id' in one ? one.id === user.id : one.issuer === user.issuer && one.subject === user.subject,
  )
}
