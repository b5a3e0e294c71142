import { splitPath, type Path } from '../../src/policy/path.ts'
import type { Side } from '../../src/policy/policy.ts'
import { get, variable, type Expr } from './expression.ts'

/**
 * How questions look in Cedar. One request per side: on the user side the principal is the person and `context.agent` the
 * application; on the agent side it is the other way round. Both have to be allowed.
 */
export const types = {
  user: 'Behalf::User',
  agent: 'Behalf::Agent',
  tool: 'Behalf::Tool',
  group: 'Behalf::Group',
} as const
export const callAction = { type: 'Behalf::Action', id: 'call' } as const

/** A rule or a part of one that Cedar cannot say, and why. */
export class NotInCedar extends Error {}

export type Subject = 'argument' | 'user' | 'agent' | 'connection'

export function subjectExpr(side: Side, subject: Subject, path: Path = []): Expr {
  const names = splitPath(path)
  if (names.some((name) => /^\d+$/.test(name))) throw new NotInCedar('an element of a list by its number')
  return get(root(side, subject), ...names)
}

export function root(side: Side, subject: Subject): Expr {
  if (subject === 'argument') return get(variable('context'), 'arguments')
  if (subject === 'connection') return get(variable('context'), 'connection')
  return subject === side ? variable('principal') : get(variable('context'), subject)
}
