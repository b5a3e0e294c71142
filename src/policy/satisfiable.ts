import { interval, isSafeNumber } from './comparison.ts'
import type { Condition } from './condition.ts'
import { operators, subjects } from './condition.ts'
import { readText, type TextMode } from './text.ts'

type Scalar = string | number | boolean

/**
 * Whether a condition can ever hold, as far as its shape shows it: true when in doubt. Sees values that exclude each
 * other, empty ranges, and an argument that has to be there and not there.
 */
export function canHold(condition: Condition): boolean {
  return alternatives(condition).some((clauses) => !contradicts(clauses))
}

const mostAlternatives = 256

/** The condition as "this and this, or that and that". Facts and negations stay as they are. */
function alternatives(condition: Condition): Condition[][] {
  if (condition.any !== undefined) return condition.any.flatMap(alternatives)
  if (condition.all === undefined) return [[condition]]
  let rows: Condition[][] = [[]]
  for (const part of condition.all) {
    const parts = alternatives(part)
    if (rows.length * parts.length > mostAlternatives) continue
    rows = rows.flatMap((row) => parts.map((more) => [...row, ...more]))
  }
  return rows
}

/** Clauses on one subject, put together. */
type Facts = {
  values: Scalar[] | null
  not: Scalar[]
  gt: number
  gte: number
  lt: number
  lte: number
  size: { min: number; max: number }
}

function contradicts(clauses: readonly Condition[]): boolean {
  const bySubject = new Map<string, Condition[]>()
  for (const clause of clauses) {
    const subject = subjects.find((key) => clause[key] !== undefined)
    if (subject === undefined) continue
    const key = JSON.stringify([subject, clause[subject], clause.text ?? 'strict'])
    bySubject.set(key, [...(bySubject.get(key) ?? []), clause])
  }
  return [...bySubject.values()].some(
    (same) => presenceConflicts(same) || isEmpty(together(same), same[0]?.text ?? 'strict'),
  )
}

/** Every comparison needs its subject to be there. */
function presenceConflicts(clauses: readonly Condition[]): boolean {
  const compares = (clause: Condition): boolean =>
    operators.some((key) => key !== 'exists' && clause[key] !== undefined)
  const there = clauses.some((clause) => clause.exists === true || compares(clause))
  return there && clauses.some((clause) => clause.exists === false)
}

function together(clauses: readonly Condition[]): Facts {
  const numbers = (key: 'gt' | 'gte' | 'lt' | 'lte'): number[] =>
    clauses.map((clause) => clause[key]).filter((n) => n !== undefined)
  const sizes = clauses.flatMap(({ size }) => (size === undefined ? [] : [interval(size)]))
  const lists = clauses.flatMap(({ eq, in: list }) => [
    ...(eq === undefined ? [] : [[eq]]),
    ...(Array.isArray(list) ? [list] : []),
  ])
  return {
    values:
      lists.length === 0
        ? null
        : lists.reduce<Scalar[]>((both, list) => both.filter((value) => list.includes(value)), lists[0] ?? []),
    not: clauses.flatMap(({ ne, notIn }) => [
      ...(ne === undefined ? [] : [ne]),
      ...(Array.isArray(notIn) ? notIn : []),
    ]),
    gt: Math.max(-Infinity, ...numbers('gt')),
    gte: Math.max(-Infinity, ...numbers('gte')),
    lt: Math.min(Infinity, ...numbers('lt')),
    lte: Math.min(Infinity, ...numbers('lte')),
    size: { min: Math.max(0, ...sizes.map(({ min }) => min)), max: Math.min(Infinity, ...sizes.map(({ max }) => max)) },
  }
}

function isEmpty({ values, not, gt, gte, lt, lte, size }: Facts, mode: TextMode): boolean {
  if (gte > lte || gt >= lte || gte >= lt || gt >= lt || size.min > size.max) return true
  if (values === null) return false
  const spelled = (value: Scalar): Scalar => (typeof value === 'string' ? (readText(mode, value) ?? value) : value)
  const excluded = not.map(spelled)
  const inRange = (value: Scalar): boolean =>
    isSafeNumber(value) && value > gt && value >= gte && value < lt && value <= lte
  const ranged = [gt, gte, lt, lte].some(Number.isFinite)
  return !values.map(spelled).some((value) => !excluded.includes(value) && (!ranged || inRange(value)))
}
