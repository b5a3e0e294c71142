import type { Json } from '../core/json.ts'
import {
  amongValues,
  contains,
  endsWith,
  equals,
  globMatch,
  oneOf,
  ordered,
  partOf,
  sized,
  startsWith,
  subset,
  type Test,
} from './comparison.ts'
import type { Condition, Reference } from './condition.ts'
import type { Check, Context, Leaf } from './context.ts'
import { compileSubject, type Subject } from './subject.ts'
import { ERROR, negate, sequence, TRUE, FALSE, truth, UNKNOWN, type Truth } from './truth.ts'
import type { TextMode } from './text.ts'

/** Compiles a nested condition; given, because conditions and comparisons contain each other. */
type CompileNested = (condition: Condition) => Check

/** A subject with its operators, each of which must hold. */
export function compileComparison(condition: Condition, nested: CompileNested): Check {
  const subject = compileSubject(condition)
  const mode = condition.text ?? 'strict'
  const checks: Check[] = []
  const add = (operator: string, expected: Json, check: (actual: Json, context: Context) => Truth): void => {
    checks.push(clause(subject, { clause: `${subject.name} ${operator}`, expected }, check))
  }
  const test = (operator: string, expected: Json, holds: Test): void =>
    add(operator, expected, (actual) => holds(actual))
  const { exists, eq, ne, lt, lte, gt, gte, size, sameAs, every, some } = condition

  if (exists !== undefined) checks.push(presence(subject, exists))
  if (eq !== undefined) test('eq', eq, oneOf(mode, [eq]))
  if (ne !== undefined) {
    const same = oneOf(mode, [ne])
    test('ne', ne, (actual) => negate(same(actual)))
  }
  addMembership(condition, mode, add)
  if (lt !== undefined)
    test(
      'lt',
      lt,
      ordered((actual) => actual < lt),
    )
  if (lte !== undefined)
    test(
      'lte',
      lte,
      ordered((actual) => actual <= lte),
    )
  if (gt !== undefined)
    test(
      'gt',
      gt,
      ordered((actual) => actual > gt),
    )
  if (gte !== undefined)
    test(
      'gte',
      gte,
      ordered((actual) => actual >= gte),
    )
  addParts(condition, mode, test)
  if (size !== undefined) test('size', size as Json, sized(size))
  if (sameAs !== undefined) {
    const other = compileSubject(sameAs)
    add('sameAs', sameAs as Json, (actual, context) => {
      const expected = other.read(context)
      if (expected.unknown) return UNKNOWN
      return expected.value === undefined ? ERROR : equals(mode, actual, expected.value)
    })
  }
  if (every !== undefined) add('every', every as Json, elements(nested(every), TRUE))
  if (some !== undefined) add('some', some as Json, elements(nested(some), FALSE))
  const only = checks[0]
  return checks.length === 1 && only !== undefined ? only : (context) => sequence(checks, context, TRUE)
}

type Add = (operator: string, expected: Json, check: (actual: Json, context: Context) => Truth) => void

function addMembership(condition: Condition, mode: TextMode, add: Add): void {
  const member = (list: readonly Json[] | Reference): ((actual: Json, context: Context) => Truth) => {
    if (Array.isArray(list)) return oneOf(mode, list)
    const other = compileSubject(list as Reference)
    return (actual, context) => {
      const values = other.read(context)
      return values.unknown ? UNKNOWN : amongValues(mode, values.value, actual)
    }
  }
  if (condition.in !== undefined) add('in', condition.in as Json, member(condition.in))
  if (condition.notIn !== undefined) {
    const isIn = member(condition.notIn)
    add('notIn', condition.notIn as Json, (actual, context) => negate(isIn(actual, context)))
  }
  if (condition.subsetOf !== undefined) {
    const isIn = member(condition.subsetOf)
    add('subsetOf', condition.subsetOf as Json, (actual, context) => {
      if (Array.isArray(actual) && actual.length > 0 && isIn(actual[0] ?? null, context) === UNKNOWN) return UNKNOWN
      return subset((value) => isIn(value, context))(actual)
    })
  }
}

function addParts(
  condition: Condition,
  mode: TextMode,
  test: (operator: string, expected: Json, holds: Test) => void,
): void {
  const list = (parts: string | string[]): string[] => (typeof parts === 'string' ? [parts] : parts)
  if (condition.startsWith !== undefined) {
    test('startsWith', condition.startsWith, partOf(mode, list(condition.startsWith), startsWith))
  }
  if (condition.endsWith !== undefined)
    test('endsWith', condition.endsWith, partOf(mode, list(condition.endsWith), endsWith))
  if (condition.glob !== undefined) test('glob', condition.glob, partOf(mode, list(condition.glob), globMatch))
  if (condition.contains !== undefined) test('contains', condition.contains, contains(mode, condition.contains))
}

function clause(subject: Subject, leaf: Leaf, check: (actual: Json, context: Context) => Truth): Check {
  return (context) => {
    const found = subject.read(context)
    context.leaf = leaf
    if (found.unknown) {
      context.actual = undefined
      return UNKNOWN
    }
    context.actual = found.value
    return found.value === undefined ? ERROR : check(found.value, context)
  }
}

function presence(subject: Subject, wanted: boolean): Check {
  const leaf: Leaf = { clause: `${subject.name} exists`, expected: wanted }
  return (context) => {
    const found = subject.read(context)
    context.leaf = leaf
    context.actual = found.unknown ? undefined : found.value
    return found.unknown ? TRUE | FALSE : truth((found.value !== undefined) === wanted)
  }
}

function elements(check: Check, goesOn: Truth): (actual: Json, context: Context) => Truth {
  return (actual, context) => {
    if (!Array.isArray(actual)) return ERROR
    const outer = context.item
    let decided = 0
    let left = goesOn
    for (const item of actual) {
      context.item = item
      const value = check(context)
      decided |= value & ~goesOn
      left = value & goesOn
      if (left === 0) break
    }
    context.item = outer
    return decided | left
  }
}
