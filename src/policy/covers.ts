import type { Condition } from './condition.ts'
import type { Rule } from './rule.ts'

/** What a rule selects, and which of the gateway's tools that are. */
export type Reach = { rule: Rule; tools: ReadonlySet<string> }

/** Whether every question that the inner rule is about and holds for is one of the outer rule too. False when in doubt. */
export function covers(outer: Reach, inner: Reach): boolean {
  for (const tool of inner.tools) if (!outer.tools.has(tool)) return false
  return (
    selectsAll(outer.rule.users, inner.rule.users) &&
    selectsAll(outer.rule.agents, inner.rule.agents) &&
    listCovers(outer.rule.gateways, inner.rule.gateways) &&
    (outer.rule.when === undefined || (inner.rule.when !== undefined && implies(inner.rule.when, outer.rule.when)))
  )
}

/** Each key of a selector narrows, so the outer one may have none that the inner one lacks. */
function selectsAll(outer: object | undefined, inner: object | undefined): boolean {
  if (outer === undefined) return true
  if (inner === undefined) return false
  const from = inner as Record<string, readonly unknown[] | undefined>
  return Object.entries(outer).every(
    ([key, list]) => list === undefined || listCovers(list as readonly unknown[], from[key]),
  )
}

function listCovers(outer: readonly unknown[] | undefined, inner: readonly unknown[] | undefined): boolean {
  if (outer === undefined) return true
  const known = new Set(outer.map((value) => JSON.stringify(value)))
  return inner !== undefined && inner.every((value) => known.has(JSON.stringify(value)))
}

/** Whether the second condition holds wherever the first does. */
export function implies(first: Condition, second: Condition): boolean {
  if (JSON.stringify(first) === JSON.stringify(second)) return true
  if (second.all !== undefined) return second.all.every((part) => implies(first, part))
  if (first.any !== undefined) return first.any.every((part) => implies(part, second))
  if (second.any !== undefined)
    return second.any.some((part) => implies(first, part)) && !mayErrBefore(second.any, first)
  if (first.all !== undefined) return first.all.some((part) => implies(part, second))
  return clauseImplies(first, second)
}

/** `any` is read in order, so an earlier part may err where a later one would hold. The first part cannot be overtaken. */
function mayErrBefore(parts: readonly Condition[], first: Condition): boolean {
  const [head] = parts
  return head === undefined || !implies(first, head)
}

const keys = ['argument', 'item', 'user', 'agent', 'connection', 'text'] as const

function clauseImplies(first: Condition, second: Condition): boolean {
  if (!keys.every((key) => JSON.stringify(first[key]) === JSON.stringify(second[key]))) return false
  const values = first.eq === undefined ? (Array.isArray(first.in) ? first.in : null) : [first.eq]
  const rest = Object.keys(second).filter((key) => !(keys as readonly string[]).includes(key))
  return rest.every((operator) => {
    switch (operator) {
      case 'eq':
        return values !== null && values.every((value) => value === second.eq)
      case 'in':
        return (
          values !== null &&
          Array.isArray(second.in) &&
          values.every((value) => (second.in as unknown[]).includes(value))
        )
      case 'lte':
        return upper(first) <= (second.lte ?? -Infinity)
      case 'lt':
        return (
          upper(first) < (second.lt ?? -Infinity) || (first.lt !== undefined && first.lt <= (second.lt ?? -Infinity))
        )
      case 'gte':
        return lower(first) >= (second.gte ?? Infinity)
      case 'gt':
        return lower(first) > (second.gt ?? Infinity) || (first.gt !== undefined && first.gt >= (second.gt ?? Infinity))
      case 'exists':
        return second.exists === true && first.exists !== false
      default:
        return (
          JSON.stringify(first[operator as keyof Condition]) === JSON.stringify(second[operator as keyof Condition])
        )
    }
  })
}

const upper = ({ eq, lt, lte }: Condition): number =>
  typeof eq === 'number' ? eq : Math.min(lt ?? Infinity, lte ?? Infinity)
const lower = ({ eq, gt, gte }: Condition): number =>
  typeof eq === 'number' ? eq : Math.max(gt ?? -Infinity, gte ?? -Infinity)
