import type { Condition, Reference } from '../../src/policy/condition.ts'
import { readDuration } from '../../src/policy/duration.ts'
import { hasWildcard } from '../../src/policy/glob.ts'
import { splitPath } from '../../src/policy/path.ts'
import type { Side } from '../../src/policy/policy.ts'
import {
  above, and, atLeast, atMost, below, call, contains, containsAll, equal, get, globbed, has, isText, like, literally,
  minus, not, or, patternOf, set, value, variable, type Expr,
} from './expression.ts' // prettier-ignore
import { NotInCedar, root, subjectExpr, type Subject } from './vocabulary.ts'

const context = variable('context')

/**
 * A condition as Cedar would have to say it to err where ours errs: `==` is false between different kinds, so a text is
 * compared by `like` and a number by `<=` and `>=`, which err. Throws NotInCedar.
 */
export function conditionExpr(condition: Condition, side: Side): Expr {
  const { all, any, not: inner } = condition
  if (all !== undefined) return join(and, all, side)
  if (any !== undefined) return join(or, any, side)
  if (inner !== undefined) return not(conditionExpr(inner, side))
  return factExpr(condition) ?? comparisonExpr(condition, side)
}

function join(operator: typeof and, parts: readonly Condition[], side: Side): Expr {
  const [first, ...rest] = parts.map((part) => conditionExpr(part, side))
  if (first === undefined) throw new NotInCedar('nothing')
  return operator(first, ...rest)
}

function factExpr(condition: Condition): Expr | null {
  const { address, taint, task, time, signedInWithin, connectedWithin, startedWithin } = condition
  if (condition.after ?? condition.notAfter ?? condition.steps) throw new NotInCedar('steps of the session')
  if (address !== undefined)
    return anyOf(address, (network) => call('isInRange', get(context, 'address'), call('ip', value(network))))
  if (taint !== undefined) {
    const labels = list(taint)
    if (labels.some(hasWildcard)) throw new NotInCedar('a pattern of labels')
    return anyOf(labels, (label) => contains(get(context, 'session', 'taint'), value(label)))
  }
  if (task !== undefined) return anyOf(list(task), (glob) => globbed(get(context, 'task'), glob))
  if (time !== undefined) {
    if (time.zone !== undefined) throw new NotInCedar('a time of day')
    const parts = [
      ...(time.since === undefined ? [] : [atLeast(get(context, 'now'), value(Date.parse(time.since)))]),
      ...(time.until === undefined ? [] : [below(get(context, 'now'), value(Date.parse(time.until)))]),
    ]
    const [first, ...rest] = parts
    return first === undefined ? null : and(first, ...rest)
  }
  if (signedInWithin !== undefined) return ageExpr(get(context, 'session', 'authenticatedAt'), signedInWithin)
  if (connectedWithin !== undefined) return ageExpr(get(context, 'connection', 'createdAt'), connectedWithin)
  return startedWithin === undefined ? null : ageExpr(get(context, 'session', 'startedAt'), startedWithin)
}

const ageExpr = (since: Expr, within: string): Expr =>
  atMost(minus(get(context, 'now'), since), value(readDuration(within)))

const list = (items: string | readonly string[]): readonly string[] => (typeof items === 'string' ? [items] : items)

function anyOf<T>(items: readonly T[], make: (item: T) => Expr): Expr {
  const [first, ...rest] = items.map(make)
  if (first === undefined) throw new NotInCedar('an empty list')
  return or(first, ...rest)
}

const impossible = ['size', 'every', 'some', 'item'] as const

/** The operators in the order in which they are read. */
function comparisonExpr(condition: Condition, side: Side): Expr {
  for (const key of impossible) if (condition[key] !== undefined) throw new NotInCedar(key)
  const [kind, path] = subjectOf(condition)
  const subject = subjectExpr(side, kind, path)
  const scalarsOnly = !isTextList(kind, path)
  const parts: Expr[] = []
  const push = (wanted: boolean, expr: () => Expr): void => void (wanted && parts.push(expr()))
  const { exists, eq, ne, lt, lte, gt, gte, startsWith, endsWith, glob, sameAs } = condition
  push(exists !== undefined, () => presenceExpr(side, kind, splitPath(path), exists === true))
  push(eq !== undefined, () => equals(subject, eq ?? '', condition))
  push(ne !== undefined, () => not(equals(subject, ne ?? '', condition)))
  push(condition.in !== undefined, () => member(subject, condition.in, condition))
  push(condition.notIn !== undefined, () => not(member(subject, condition.notIn, condition)))
  push(condition.subsetOf !== undefined, () => subset(subject, scalarsOnly, condition))
  push(lt !== undefined, () => below(subject, whole(lt)))
  push(lte !== undefined, () => atMost(subject, whole(lte)))
  push(gt !== undefined, () => above(subject, whole(gt)))
  push(gte !== undefined, () => atLeast(subject, whole(gte)))
  push(startsWith !== undefined, () => partsOf(subject, startsWith, (part) => [literal(part), 'Wildcard'], condition))
  push(endsWith !== undefined, () => partsOf(subject, endsWith, (part) => ['Wildcard', literal(part)], condition))
  push(glob !== undefined, () => partsOf(subject, glob, patternOf, condition))
  push(condition.contains !== undefined, () => {
    if (scalarsOnly) throw new NotInCedar('contains on a value of any kind')
    if (typeof condition.contains !== 'string') throw new NotInCedar('a list of texts that contains something else')
    exactOnly(condition)
    return contains(subject, value(condition.contains))
  })
  push(sameAs !== undefined, () => same(subject, sameAs ?? {}, side, condition))
  const [first, ...rest] = parts
  if (first === undefined) throw new NotInCedar('nothing')
  return and(first, ...rest)
}

const literal = (text: string): { Literal: string } => ({ Literal: text })

function subjectOf(condition: Condition): [Subject, string | string[]] {
  for (const kind of ['argument', 'user', 'agent', 'connection'] as const) {
    const path = condition[kind]
    if (path !== undefined) return [kind, path]
  }
  throw new NotInCedar('an element of a list')
}

/** Lists that hold texts and nothing else, whoever asks. */
function isTextList(kind: Subject, path: string | string[]): boolean {
  const names = splitPath(path).join('.')
  return (kind === 'user' && names === 'groups') || (kind === 'connection' && names === 'scopes')
}

/** Look-alikes are an error in every mode but `exact`, and Cedar has no word for that. */
function exactOnly({ text }: Condition): void {
  if (text !== 'exact') throw new NotInCedar('text that is not exact')
}

function equals(subject: Expr, expected: string | number | boolean, condition: Condition): Expr {
  if (typeof expected === 'string') {
    exactOnly(condition)
    return literally(subject, expected)
  }
  if (typeof expected === 'boolean') return expected ? and(subject, value(true)) : not(subject)
  return and(atMost(subject, whole(expected)), atLeast(subject, whole(expected)))
}

function whole(number: number | undefined): Expr {
  if (number === undefined || !Number.isSafeInteger(number)) throw new NotInCedar('a number that is not whole')
  return value(number)
}

function member(subject: Expr, of: Condition['in'], condition: Condition): Expr {
  if (!Array.isArray(of)) throw new NotInCedar('a list from somewhere else')
  if (new Set(of.map((item) => typeof item)).size > 1) throw new NotInCedar('a list of different kinds')
  return anyOf(of, (item) => equals(subject, item, condition))
}

function subset(subject: Expr, scalarsOnly: boolean, condition: Condition): Expr {
  const { subsetOf } = condition
  if (scalarsOnly || !Array.isArray(subsetOf)) throw new NotInCedar('subsetOf on a list of any kind')
  if (subsetOf.some((item) => typeof item !== 'string')) throw new NotInCedar('a list of texts within something else')
  exactOnly(condition)
  return containsAll(set(subsetOf.map(value)), subject)
}

function partsOf(
  subject: Expr,
  items: string | string[] | undefined,
  pattern: (part: string) => Parameters<typeof like>[1],
  condition: Condition,
): Expr {
  exactOnly(condition)
  return anyOf(list(items ?? []), (part) => like(subject, pattern(part)))
}

const texts = new Set(['id', 'kind', 'issuer', 'subject', 'name', 'email', 'clientId', 'host', 'trust'])

function same(subject: Expr, of: Reference, side: Side, condition: Condition): Expr {
  exactOnly(condition)
  const [kind, path] = subjectOf(of)
  const [name, ...rest] = splitPath(path)
  if ((kind !== 'user' && kind !== 'agent') || rest.length > 0 || !texts.has(name ?? '')) {
    throw new NotInCedar('the same as a value of any kind')
  }
  return and(isText(subject), equal(subject, subjectExpr(side, kind, path)))
}

function presenceExpr(side: Side, kind: Subject, path: readonly string[], wanted: boolean): Expr {
  const checks = path.map((name, i) => has(get(root(side, kind), ...path.slice(0, i)), name))
  // The connection as a whole may be missing.
  if (kind === 'connection') checks.unshift(has(context, 'connection'))
  const [first, ...rest] = checks
  if (first === undefined) throw new NotInCedar('nothing')
  return wanted ? and(first, ...rest) : not(and(first, ...rest))
}
