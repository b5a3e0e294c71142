import type { JsonObject } from '../core/json.ts'
import type { CompiledRules } from './compile.ts'
import type { Condition, StepSelector } from './condition.ts'
import { splitPath, type Path } from './path.ts'

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
export function readsSteps({ after, notAfter, steps, all = [], any = [], not }: Condition): boolean {
  if (after !== undefined || notAfter !== undefined || steps !== undefined) return true
  return [...all, ...any, ...(not === undefined ? [] : [not])].some(readsSteps)
}

/** Names of the arguments that the selectors within a condition look at in steps. */
export function stepArgumentsOf(condition: Condition): string[] {
  const children = [...(condition.all ?? []), ...(condition.any ?? [])]
  for (const child of [condition.not, condition.every, condition.some]) if (child !== undefined) children.push(child)
  const selectors = [condition.after, condition.notAfter, condition.steps].filter((selector) => selector !== undefined)
  return [...children.flatMap(stepArgumentsOf), ...selectors.flatMap(argumentsOfSelector)]
}

export function argumentsOfSelector({ sameArguments = [], where }: StepSelector): string[] {
  return [...sameArguments.map(firstName), ...(where === undefined ? [] : argumentsOf(where))]
}

function argumentsOf(condition: Condition): string[] {
  const { argument, not, every, some, sameAs } = condition
  const names: string[] = argument === undefined ? [] : [firstName(argument)]
  for (const reference of [sameAs, condition.in, condition.notIn, condition.subsetOf]) {
    if (reference !== undefined && !Array.isArray(reference) && reference.argument !== undefined) {
      names.push(firstName(reference.argument))
    }
  }
  const children = [...(condition.all ?? []), ...(condition.any ?? [])]
  for (const child of [not, every, some]) if (child !== undefined) children.push(child)
  return [...names, ...children.flatMap(argumentsOf)]
}

const firstName = (path: Path): string => splitPath(path)[0] ?? ''
