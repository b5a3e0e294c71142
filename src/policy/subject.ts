import type { Json } from '../core/json.ts'
import type { Condition, Reference } from './condition.ts'
import type { Context } from './context.ts'
import { lookUp, showPath, splitPath, type Path } from './path.ts'

export const userPaths = new Set(['id', 'kind', 'issuer', 'subject', 'name', 'email', 'groups', 'attributes'])
export const agentPaths = new Set(['id', 'kind', 'clientId', 'name', 'host', 'trust'])
export const connectionPaths = new Set(['provider', 'account', 'scopes'])

/** `unknown`: nobody can say yet. Undefined: it is not there. */
export type Found = { unknown: true } | { unknown: false; value: Json | undefined }

export type Subject = { name: string; read: (context: Context) => Found }

const unknown: Found = { unknown: true }
const found = (value: Json | undefined): Found => ({ unknown: false, value })

export function compileSubject(of: Condition | Reference): Subject {
  if (of.argument !== undefined) return argument(of.argument)
  if (of.user !== undefined) {
    const path = splitPath(of.user)
    return { name: `user ${showPath(of.user)}`, read: (c) => found(lookUp(c.question.user as unknown as Json, path)) }
  }
  if (of.agent !== undefined) {
    const path = splitPath(of.agent)
    return {
      name: `agent ${showPath(of.agent)}`,
      read: (c) => found(lookUp(c.question.agent as unknown as Json, path)),
    }
  }
  if (of.connection !== undefined) return connection(of.connection)
  const path = 'item' in of && of.item !== undefined ? splitPath(of.item) : []
  return { name: ['item', ...path].join(' '), read: (c) => found(lookUp(c.item, path)) }
}

function argument(of: Path): Subject {
  const path = splitPath(of)
  return {
    name: `argument ${showPath(of)}`,
    read: (c) => (c.args === null ? unknown : found(lookUp(c.args, path))),
  }
}

/** Without a connection a condition on it errs, unless the person may connect yet. */
function connection(of: Path): Subject {
  const path = splitPath(of)
  return {
    name: `connection ${showPath(of)}`,
    read: (c) =>
      c.question.connection === undefined && c.mayConnect
        ? unknown
        : found(lookUp(c.question.connection as unknown as Json | undefined, path)),
  }
}
