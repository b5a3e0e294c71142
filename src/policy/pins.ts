import type { Json } from '../core/json.ts'
import { oneOf } from './comparison.ts'
import type { Condition, Reference } from './condition.ts'
import type { Context } from './context.ts'
import { splitPath } from './path.ts'
import { compileSubject } from './subject.ts'
import { FALSE } from './truth.ts'

type Scalar = string | number | boolean

/** The only values this argument can have where the condition holds. Null: any. */
export function pinnedValues(condition: Condition, argument: string, context: Context): Scalar[] | null {
  if (condition.all !== undefined) {
    const pins = condition.all.map((part) => pinnedValues(part, argument, context)).filter((values) => values !== null)
    return pins.length === 0 ? null : pins.reduce((both, values) => both.filter((value) => values.includes(value)))
  }
  if (condition.any !== undefined) {
    const pins = condition.any.map((part) => pinnedValues(part, argument, context))
    return pins.includes(null) ? null : [...new Set(pins.flatMap((values) => values ?? []))]
  }
  if (condition.not !== undefined) return onlyUnless(condition.not, argument, context)
  return isAbout(condition, argument) ? wanted(condition, context) : null
}

/** The only values with which the condition does not hold: those of a single `ne` or `notIn`. */
export function onlyUnless(condition: Condition, argument: string, context: Context): Scalar[] | null {
  if (!isAbout(condition, argument) || operatorsOf(condition) !== 1) return null
  const { ne, notIn } = condition
  if (ne !== undefined) return [ne]
  return notIn === undefined ? null : listOf(notIn, context)
}

/** Whether a condition that is nothing but one `eq` or `in` on this argument speaks against the value. */
export function speaksOf(condition: Condition, argument: string, value: Json, context: Context): boolean {
  if (!isAbout(condition, argument) || operatorsOf(condition) !== 1) return false
  const values = condition.eq === undefined ? listOf(condition.in, context) : [condition.eq]
  return values !== null && oneOf(condition.text ?? 'strict', values)(value) !== FALSE
}

function wanted(condition: Condition, context: Context): Scalar[] | null {
  if (condition.eq !== undefined) return [condition.eq]
  if (condition.in !== undefined) return listOf(condition.in, context)
  if (condition.sameAs === undefined) return null
  const found = compileSubject(condition.sameAs).read(context)
  return found.unknown || !isScalar(found.value) ? null : [found.value]
}

function listOf(list: Scalar[] | Reference | undefined, context: Context): Scalar[] | null {
  if (list === undefined || Array.isArray(list)) return list ?? null
  const found = compileSubject(list).read(context)
  return found.unknown || !Array.isArray(found.value) ? null : found.value.filter(isScalar)
}

const isScalar = (value: Json | undefined): value is Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

function isAbout({ argument }: Condition, name: string): boolean {
  if (argument === undefined) return false
  const path = splitPath(argument)
  return path.length === 1 && path[0] === name
}

const operatorsOf = (condition: Condition): number =>
  Object.keys(condition).filter((key) => key !== 'argument' && key !== 'text').length
