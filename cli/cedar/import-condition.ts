import type { Condition } from '../../src/policy/condition.ts'
import { pathSchema } from '../../src/policy/path.ts'
import type { Side } from '../../src/policy/policy.ts'
import { Fault } from '../command.ts'
import type { Expr } from './expression.ts'
import {
  argumentOf,
  binary,
  flatten,
  hasOf,
  likeOf,
  literalOf,
  nodeOf,
  pathOf,
  placeOf,
  setOf,
  type Placed,
} from './read-expression.ts'

/** Parts of a conjunction as conditions. Throws a `Fault` for what has no word here. */
export function importConditions(parts: readonly Expr[], side: Side): Condition[] {
  const conditions: Condition[] = []
  for (const [i, part] of parts.entries()) {
    const next = parts[i + 1]
    if (next !== undefined && saysAlready(part, next)) continue
    if (literalOf(part) === true && conditions.length > 0) continue
    conditions.push(importCondition(part, side))
  }
  return conditions
}

/** `x has a && x.a has b` asks for one thing, and so does `x like "*" && x == y`. */
function saysAlready(part: Expr, next: Expr): boolean {
  const outer = hasOf(part)
  const inner = hasOf(next)
  if (outer !== null && inner !== null) {
    const [name] = outer.names
    const expected = JSON.stringify({ '.': { left: outer.left, attr: name } })
    return JSON.stringify(inner.left) === expected
  }
  const text = likeOf(part)
  const same = binary(next, '==')
  return (
    text?.glob === '*' &&
    same !== null &&
    literalOf(same.right) === null &&
    JSON.stringify(text.left) === JSON.stringify(same.left)
  )
}

function importCondition(expr: Expr, side: Side): Condition {
  const { operator } = nodeOf(expr)
  if (operator === '&&') return only('all', importConditions(flatten(expr, '&&'), side))
  if (operator === '||')
    return only(
      'any',
      flatten(expr, '||').map((part) => importCondition(part, side)),
    )
  const negated = argumentOf(expr, '!')
  if (negated !== null) {
    const place = placeOf(negated, side)
    return place === null ? { not: importCondition(negated, side) } : { ...subjectOf(place), eq: false }
  }
  return factOf(expr, side) ?? comparisonOf(expr, side) ?? unknown(expr)
}

const only = (key: 'all' | 'any', parts: Condition[]): Condition =>
  parts.length === 1 && parts[0] !== undefined ? parts[0] : { [key]: parts }

function unknown(expr: Expr): never {
  throw new Fault(`There is no condition for ${JSON.stringify(expr).slice(0, 300)}`)
}

function subjectOf({ subject, names }: Placed): Condition {
  const path = pathSchema.safeParse(pathOf(names))
  if (!path.success || subject === 'tool' || subject === 'context') {
    throw new Fault(`A condition cannot ask for ${[subject, ...names].join('.')}.`)
  }
  return { [subject]: path.data }
}

const ages: Record<string, 'signedInWithin' | 'connectedWithin' | 'startedWithin'> = {
  'context.session.authenticatedAt': 'signedInWithin',
  'connection.createdAt': 'connectedWithin',
  'context.session.startedAt': 'startedWithin',
}

function factOf(expr: Expr, side: Side): Condition | null {
  const { operator, body } = nodeOf(expr)
  if (operator === 'isInRange') {
    const [address, range] = body as [Expr, Expr]
    const network = 'ip' in range ? literalOf((range['ip'] as Expr[])[0] ?? { Value: true }) : null
    return isContext(address, side, 'address') && typeof network === 'string' ? { address: [network] } : null
  }
  const like = likeOf(expr)
  if (like !== null && isContext(like.left, side, 'task')) return { task: like.glob }
  const label = binary(expr, 'contains')
  if (label !== null && isContext(label.left, side, 'session', 'taint')) {
    const text = literalOf(label.right)
    return typeof text === 'string' ? { taint: text.replace(/[\\*]/g, '\\$&') } : null
  }
  const since = binary(expr, '>=')
  if (since !== null && isContext(since.left, side, 'now')) return { time: { since: instant(since.right) } }
  const until = binary(expr, '<')
  if (until !== null && isContext(until.left, side, 'now')) return { time: { until: instant(until.right) } }
  const age = binary(expr, '<=')
  const spent = age === null ? null : binary(age.left, '-')
  if (age === null || spent === null || !isContext(spent.left, side, 'now')) return null
  const place = placeOf(spent.right, side)
  const key = place === null ? undefined : ages[[place.subject, ...place.names].join('.')]
  return key === undefined ? null : { [key]: duration(literalOf(age.right)) }
}

function isContext(expr: Expr, side: Side, ...names: string[]): boolean {
  const place = placeOf(expr, side)
  return place?.subject === 'context' && JSON.stringify(place.names) === JSON.stringify(names)
}

function instant(expr: Expr): string {
  const at = literalOf(expr)
  if (typeof at !== 'number') throw new Fault('A time has to be a number of milliseconds.')
  return new Date(at).toISOString()
}

function duration(ms: unknown): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const fitting = typeof ms === 'number' && ms > 0 ? units.find(([, length]) => ms % length === 0) : undefined
  if (fitting === undefined) throw new Fault(`${String(ms)} milliseconds are no duration of whole seconds.`)
  return `${Number(ms) / fitting[1]}${fitting[0]}`
}

const orders = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const

function comparisonOf(expr: Expr, side: Side): Condition | null {
  const own = placeOf(expr, side)
  if (own !== null) return { ...subjectOf(own), eq: true }
  const there = hasOf(expr)
  if (there !== null) return presenceOf(there, side)
  const like = likeOf(expr)
  if (like !== null) {
    const subject = subjectOf(placeOf(like.left, side) ?? unknown(expr))
    return like.literal === null
      ? { ...subject, glob: like.glob, text: 'exact' }
      : { ...subject, eq: like.literal, text: 'exact' }
  }
  for (const [operator, key] of Object.entries(orders)) {
    const both = binary(expr, operator)
    const place = both === null ? null : placeOf(both.left, side)
    const number = both === null ? null : literalOf(both.right)
    if (place !== null && typeof number === 'number') return { ...subjectOf(place), [key]: number }
  }
  const differs = binary(expr, '!=')
  if (differs !== null) return { not: importCondition({ '==': differs }, side) }
  return equalityOf(expr, side) ?? membershipOf(expr, side)
}

function presenceOf({ left, names }: { left: Expr; names: string[] }, side: Side): Condition {
  const place = placeOf(left, side)
  const all = place === null ? null : { ...place, names: [...place.names, ...names] }
  return { ...subjectOf(all ?? unknown(left)), exists: true }
}

function equalityOf(expr: Expr, side: Side): Condition | null {
  const both = binary(expr, '==')
  const place = both === null ? null : placeOf(both.left, side)
  if (both === null || place === null) return null
  const literal = literalOf(both.right)
  if (literal !== null)
    return { ...subjectOf(place), eq: literal, ...(typeof literal === 'string' ? { text: 'exact' } : {}) }
  const other = placeOf(both.right, side)
  if (other === null) return null
  return { ...subjectOf(place), sameAs: subjectOf(other), text: 'exact' }
}

function membershipOf(expr: Expr, side: Side): Condition | null {
  const within = binary(expr, 'containsAll')
  if (within !== null) {
    const place = placeOf(within.right, side)
    const list = setOf(within.left, literalOf)
    return place === null || list === null ? null : { ...subjectOf(place), subsetOf: list, text: 'exact' }
  }
  const both = binary(expr, 'contains')
  if (both === null) return null
  const list = setOf(both.left, literalOf)
  const item = placeOf(both.right, side)
  if (list !== null && item !== null) return { ...subjectOf(item), in: list, text: 'exact' }
  const place = placeOf(both.left, side)
  const literal = literalOf(both.right)
  return place === null || literal === null ? null : { ...subjectOf(place), contains: literal, text: 'exact' }
}
