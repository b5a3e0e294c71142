import type { Condition } from './condition.ts'
import type { Rule } from './rule.ts'
import { clausesOf, selectorsOf } from './walk-condition.ts'

/** Every tool (with `*`) and every group that a rule names: in its selectors, its conditions and as approvers. */
export function namesInRule({ tools, users, approval, when }: Rule): { tools: string[]; groups: string[] } {
  const clauses = when === undefined ? [] : clausesOf(when)
  const steps = clauses.flatMap(selectorsOf).flatMap((selector) => selector.tools ?? [])
  return {
    tools: unique([...(tools?.names ?? []), ...steps]),
    groups: unique([...(users?.groups ?? []), ...(approval?.groups ?? []), ...clauses.flatMap(groupsIn)]),
  }
}

/** `{ user: groups, contains: staff }` says of a group what a selector says. */
function groupsIn({ user, contains, subsetOf }: Condition): string[] {
  if (user !== 'groups') return []
  return [contains, ...(Array.isArray(subsetOf) ? subsetOf : [])].filter((name) => typeof name === 'string')
}

const unique = (names: readonly string[]): string[] => [...new Set(names)]
