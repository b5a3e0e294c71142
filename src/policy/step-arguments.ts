import type { JsonObject } from '../core/json.ts'
import type { CompiledRules } from './compile.ts'
import type { Condition, StepSelector } from './condition.ts'
import { splitPath, type Path } from './path.ts'
import { clausesOf, referencesOf, selectorsOf } from './walk-condition.ts'

const longest = 4_000

/**
 * What a session has to remember of a call's arguments so that later questions can be answered: those that some rule
 * compares between steps, and null for one that was not given. Undefined when no rule asks, or when it would be more than 4,000
 * characters; a rule that asks then errs, and so denies.
 */
export function argumentsToRemember({ stepArguments }: CompiledRules, args: JsonObject): JsonObject | undefined {
  if (stepArguments.size === 0) return undefined
  const kept = Object.fromEntries(
    [...stepArguments].map((name) => [name, Object.hasOwn(args, name) ? (args[name] ?? null) : null]),
  )
  return JSON.stringify(kept).length > longest ? undefined : kept
}

/** Whether what a session did so far can change the answer. */
export const readsSteps = (condition: Condition): boolean =>
  clausesOf(condition).some((clause) => selectorsOf(clause).length > 0)

/** Names of the arguments that the selectors within a condition look at in steps. */
export const stepArgumentsOf = (condition: Condition): string[] =>
  clausesOf(condition).flatMap(selectorsOf).flatMap(argumentsOfSelector)

export function argumentsOfSelector({ sameArguments = [], where }: StepSelector): string[] {
  return [
    ...sameArguments.map(firstName),
    ...(where === undefined ? [] : [...argumentsOf(where), ...stepArgumentsOf(where)]),
  ]
}

const argumentsOf = (condition: Condition): string[] =>
  clausesOf(condition)
    .flatMap((clause) => [clause, ...referencesOf(clause)])
    .flatMap(({ argument }) => (argument === undefined ? [] : [firstName(argument)]))

const firstName = (path: Path): string => splitPath(path)[0] ?? ''
