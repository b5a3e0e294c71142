import type { Condition } from './condition.ts'
import { splitPath } from './path.ts'
import { agentPaths, connectionPaths, userPaths } from './subject.ts'
import { readText } from './text.ts'
import { childrenOf, referencesOf } from './walk-condition.ts'

export type ConditionFault = { path: (string | number)[]; message: string }

const maxDepth = 12
const maxClauses = 200

/** What a condition's shape alone does not show: how deep it goes, and whether its names and literals make sense. */
export function checkCondition(condition: Condition): ConditionFault[] {
  const faults: ConditionFault[] = []
  let clauses = 0
  const visit = (at: Condition, path: (string | number)[], depth: number, inElement: boolean): void => {
    const fault = (message: string): void => void faults.push({ path, message })
    if (++clauses > maxClauses)
      return clauses === maxClauses + 1 ? fault(`More than ${maxClauses} clauses.`) : undefined
    if (depth > maxDepth) return fault(`Nested deeper than ${maxDepth}.`)
    for (const { path: below, condition: child, asks } of childrenOf(at)) {
      visit(child, [...path, ...below], depth + 1, asks === 'element' || (asks === 'call' && inElement))
    }
    if (isComparison(at) && !inElement && !hasSubject(at))
      fault('There is no element here: name a subject, such as argument.')
    for (const message of [...pathFaults(at), ...literalFaults(at)]) fault(message)
  }
  visit(condition, [], 1, false)
  return faults
}

const hasSubject = (c: Condition): boolean =>
  [c.argument, c.user, c.agent, c.connection].some((subject) => subject !== undefined)

const notComparisons = [
  'all', 'any', 'not', 'address', 'time', 'after', 'notAfter', 'steps', 'taint', 'signedInWithin', 'connectedWithin',
  'startedWithin', 'task',
] as const // prettier-ignore

const isComparison = (c: Condition): boolean => notComparisons.every((key) => c[key] === undefined)

function pathFaults(condition: Condition): string[] {
  const faults: string[] = []
  const check = (kind: string, known: Set<string>, path: string | string[] | undefined): void => {
    if (path === undefined) return
    const first = splitPath(path)[0] ?? ''
    if (!known.has(first)) faults.push(`${kind} has no ${first}. It has ${[...known].join(', ')}.`)
  }
  for (const { user, agent, connection } of [condition, ...referencesOf(condition)]) {
    check('user', userPaths, user)
    check('agent', agentPaths, agent)
    check('connection', connectionPaths, connection)
  }
  return faults
}

/** A literal that is no branch, address, path or host in its own mode would never be equal to anything. */
function literalFaults(condition: Condition): string[] {
  const mode = condition.text
  if (mode === undefined) return []
  const literals = [condition.eq, condition.ne, condition.in, condition.notIn, condition.subsetOf]
    .flatMap((literal) => (Array.isArray(literal) ? literal : [literal]))
    .filter((literal) => typeof literal === 'string')
  return literals
    .filter((literal) => readText(mode, literal) === null)
    .map((literal) => `${JSON.stringify(literal)} is not what text: ${mode} reads.`)
}
