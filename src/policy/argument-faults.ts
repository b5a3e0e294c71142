import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Condition } from './condition.ts'
import { showPath, splitPath, type Path } from './path.ts'
import { clausesOf, referencesOf, selectorsOf } from './walk-condition.ts'

export type ArgumentFault = { kind: 'unknown_argument' | 'wrong_type'; message: string }

/** Clauses on arguments that a tool does not have, or compared with what they can never be. They would always err. */
export function argumentFaults(condition: Condition, schemas: readonly JsonObject[]): ArgumentFault[] {
  const faults: ArgumentFault[] = []
  const closed = schemas.map(propertiesOf)
  if (closed.length === 0 || closed.includes(null)) return faults
  const check = (path: Path, clause: Condition | null): void => {
    const name = splitPath(path)[0] ?? ''
    const found = closed.map((properties) => properties?.[name]).filter((schema) => schema !== undefined)
    if (found.length === 0) {
      faults.push({
        kind: 'unknown_argument',
        message: `No tool that the rule is about has an argument ${showPath(path)}.`,
      })
    } else if (clause !== null && splitPath(path).length === 1 && found.every((schema) => cannotBe(schema, clause))) {
      faults.push({
        kind: 'wrong_type',
        message: `${showPath(path)} is never of the kind that the rule compares it with.`,
      })
    }
  }
  for (const clause of clausesOf(condition)) {
    for (const path of selectorsOf(clause).flatMap(({ sameArguments = [] }) => sameArguments)) check(path, null)
    if (clause.argument !== undefined) check(clause.argument, clause)
    for (const { argument } of referencesOf(clause)) if (argument !== undefined) check(argument, null)
  }
  return faults
}

/** Null where a tool takes whatever it is given. */
function propertiesOf({ properties }: JsonObject): Record<string, Json> | null {
  return isObject(properties) ? Object.assign(Object.create(null) as Record<string, Json>, properties) : null
}

function cannotBe(schema: Json, clause: Condition): boolean {
  if (!isObject(schema) || typeof schema['type'] !== 'string') return false
  const type = schema['type'] === 'integer' ? 'number' : schema['type']
  const literals = [clause.eq, clause.ne, clause.in, clause.notIn]
    .flat()
    .filter((value) => value !== undefined && typeof value !== 'object')
  if (literals.length > 0 && literals.every((value) => typeof value !== type)) return true
  const numeric = [clause.lt, clause.lte, clause.gt, clause.gte].some((value) => value !== undefined)
  const textual = [clause.startsWith, clause.endsWith, clause.glob].some((value) => value !== undefined)
  const list = [clause.every, clause.some, clause.subsetOf].some((value) => value !== undefined)
  return (numeric && type !== 'number') || (textual && type !== 'string') || (list && type !== 'array')
}
