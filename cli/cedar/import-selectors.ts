import type { Side } from '../../src/policy/policy.ts'
import type { Expr } from './expression.ts'
import { binary, entityOf, flatten, hasOf, likeOf, literalOf, placeOf, setOf, type Placed } from './read-expression.ts'
import { types } from './vocabulary.ts'

type List = Record<string, unknown>
export type Selectors = { users: List; agents: List; tools: List; gateways: string[] | null }

/** Takes the parts that are selectors of ours out of a conjunction, and returns the rest. */
export function takeSelectors(parts: readonly Expr[], side: Side, into: Selectors): Expr[] {
  const rest: Expr[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (part === undefined) continue
    const guarded = takeGuarded(parts, i, side, into)
    if (guarded > 0) i += guarded - 1
    else if (!takeOne(part, side, into)) rest.push(part)
  }
  return rest
}

/** A selector may be given once; a second one narrows, which only a condition can say. */
function put(list: List, key: string, value: unknown): boolean {
  if (Object.hasOwn(list, key)) return false
  list[key] = value
  return true
}

/** `resource has toolkit && [...].contains(resource.toolkit)`, issuer with subject, and the three parts of a CIMD host. */
function takeGuarded(parts: readonly Expr[], at: number, side: Side, into: Selectors): number {
  const [first, second, third] = parts.slice(at, at + 3)
  if (first === undefined || second === undefined) return 0
  const guard = hasOf(first)
  const guarded = guard === null ? null : placeOf(guard.left, side)
  if (guarded?.subject === 'tool' && guarded.names.length === 0) {
    const key = { toolkit: 'toolkits', upstream: 'upstreams' }[guard?.names[0] ?? '']
    const list = listOf(second, side, 'tool', guard?.names[0] ?? '')
    return key !== undefined && list !== null && put(into.tools, key, list) ? 2 : 0
  }
  const subject = subjectOf(first, second, side)
  if (subject !== null) return put(into.users, 'subjects', [subject]) ? 2 : 0
  const kind = binary(first, '==')
  const host = hasOf(second)
  if (
    kind === null ||
    host === null ||
    third === undefined ||
    literalOf(kind.right) !== 'cimd' ||
    host.names[0] !== 'host'
  )
    return 0
  if (!isAt(placeOf(kind.left, side), 'agent', 'kind')) return 0
  const globs = flatten(third, '||').map((one) => {
    const like = likeOf(one)
    return like !== null && isAt(placeOf(like.left, side), 'agent', 'host') ? like.glob : null
  })
  return !globs.includes(null) && put(into.agents, 'hosts', globs) ? 3 : 0
}

function takeOne(part: Expr, side: Side, into: Selectors): boolean {
  const names = toolNames(part, side)
  if (names !== null) return put(into.tools, 'names', names)
  const group = binary(part, 'in')
  if (group !== null && isAt(placeOf(group.left, side), 'user')) {
    const one = entityOf(group.right, types.group)
    const groups = one === null ? setOf(group.right, (item) => entityOf(item, types.group)) : [one]
    if (groups !== null) return put(into.users, 'groups', groups)
  }
  const subjects = subjectsOf(part, side)
  if (subjects !== null) return put(into.users, 'subjects', subjects)
  for (const [list, place, attribute, key] of lists(into)) {
    const found = listOf(part, side, place, attribute)
    if (found !== null) return put(list, key, found)
  }
  const gateways = listOf(part, side, 'context', 'gateway')
  if (gateways !== null && into.gateways === null) {
    into.gateways = gateways
    return true
  }
  const trait = binary(part, '==')
  const place = trait === null ? null : placeOf(trait.left, side)
  const wanted = trait === null ? null : literalOf(trait.right)
  const isTrait =
    place?.subject === 'tool' && ['destructive', 'idempotent', 'openWorld'].includes(place.names.join('.'))
  return isTrait && typeof wanted === 'boolean' && put(into.tools, place.names.join('.'), wanted)
}

const lists = ({ users, agents, tools }: Selectors) =>
  [
    [users, 'user', 'id', 'ids'],
    [users, 'user', 'issuer', 'issuers'],
    [users, 'user', 'kind', 'kinds'],
    [agents, 'agent', 'id', 'ids'],
    [agents, 'agent', 'clientId', 'clientIds'],
    [agents, 'agent', 'kind', 'kinds'],
    [agents, 'agent', 'trust', 'trust'],
    [tools, 'tool', 'kind', 'kinds'],
    [tools, 'tool', 'operation', 'operations'],
  ] as const

const isAt = (place: Placed | null, subject: Placed['subject'], ...names: string[]): boolean =>
  place?.subject === subject && place.names.join('.') === names.join('.')

/** `["a", "b"].contains(x.attribute)` */
function listOf(part: Expr, side: Side, subject: Placed['subject'], attribute: string): string[] | null {
  const both = binary(part, 'contains')
  if (both === null || !isAt(placeOf(both.right, side), subject, attribute)) return null
  return setOf(both.left, (item) => {
    const literal = literalOf(item)
    return typeof literal === 'string' ? literal : null
  })
}

function toolNames(part: Expr, side: Side): string[] | null {
  const names = flatten(part, '||').flatMap((one): (string | null)[] => {
    const exact = listOf(one, side, 'tool', 'name')
    if (exact !== null) return exact.map((name) => name.replace(/[\\*]/g, '\\$&'))
    const like = likeOf(one)
    if (like !== null && isAt(placeOf(like.left, side), 'tool', 'name')) return [like.glob]
    const same = binary(one, '==')
    const literal = same === null ? null : literalOf(same.right)
    if (same === null || typeof literal !== 'string' || !isAt(placeOf(same.left, side), 'tool', 'name')) return [null]
    return [literal.replace(/[\\*]/g, '\\$&')]
  })
  return names.includes(null) ? null : names.filter((name) => name !== null)
}

function subjectsOf(part: Expr, side: Side): { issuer: string; subject: string }[] | null {
  const found = flatten(part, '||').map((one) => {
    const [issuer, subject, ...more] = flatten(one, '&&')
    return issuer === undefined || subject === undefined || more.length > 0 ? null : subjectOf(issuer, subject, side)
  })
  return found.includes(null) ? null : found.filter((one) => one !== null)
}

function subjectOf(first: Expr, second: Expr, side: Side): { issuer: string; subject: string } | null {
  const issuer = binary(first, '==')
  const subject = binary(second, '==')
  if (issuer === null || subject === null) return null
  if (!isAt(placeOf(issuer.left, side), 'user', 'issuer') || !isAt(placeOf(subject.left, side), 'user', 'subject'))
    return null
  const [a, b] = [literalOf(issuer.right), literalOf(subject.right)]
  return typeof a === 'string' && typeof b === 'string' ? { issuer: a, subject: b } : null
}
