import { canonicalJson, type Json, type JsonObject } from '../core/json.ts'
import { equals, interval } from './comparison.ts'
import type { Condition, Size, StepSelector } from './condition.ts'
import type { Check, Context, Leaf } from './context.ts'
import type { Step } from './decision.ts'
import { readDuration } from './duration.ts'
import { matchesGlob, parseGlob } from './glob.ts'
import { lookUp, splitPath } from './path.ts'
import { argumentsOfSelector } from './step-arguments.ts'
import { ERROR, FALSE, sequence, TRUE, truth, UNKNOWN, type Truth } from './truth.ts'

/** Whether the number of the session's steps that the selector means lies within `size`. */
export function compileSteps(
  name: string,
  selector: StepSelector,
  size: Size,
  nested: (condition: Condition) => Check,
): Check {
  const outcome = selector.outcome ?? (name === 'after' ? 'done' : 'any')
  const withinMs = selector.within === undefined ? null : readDuration(selector.within)
  const isOfKind = compileKind(selector)
  const fits = compileArguments(selector, nested)
  const { min, max } = interval(size)
  const leaf: Leaf = { clause: name, expected: (name === 'steps' ? { ...selector, count: size } : selector) as Json }
  return (context) => {
    const { steps, forgottenSteps = 0 } = context.question.session
    const since = withinMs === null ? -Infinity : context.now - withinMs
    let low = 0
    let high = 0
    let unknown = false
    for (let i = steps.length - 1; i >= 0; i--) {
      const step = steps[i]
      // Not in order of `at`: a call that waited for a person is noted when it runs, with the time it was asked.
      if (step === undefined || step.at < since) continue
      if ((outcome !== 'any' && step.outcome !== outcome) || !isOfKind(step)) continue
      const fit = fits(step, context)
      if (fit === FALSE) continue
      high++
      if (fit === TRUE) low++
      else unknown ||= (fit & (TRUE | FALSE)) !== 0
    }
    // Old steps fall out of the session's memory. What cannot be known is an error, or a thousand harmless calls would wash a step away.
    if (forgottenSteps > 0 && (steps[0]?.at ?? Infinity) >= since) high = Infinity
    if (context.could) {
      high = Infinity
      if (withinMs !== null) low = 0
    }
    context.leaf = leaf
    context.actual = low === 1 ? '1 such step' : `${low} such steps`
    if (low >= min && high <= max) return TRUE
    if (high < min || low > max) return FALSE
    if (context.could) return TRUE | FALSE
    return unknown ? UNKNOWN : ERROR
  }
}

function compileKind(selector: StepSelector): (step: Step) => boolean {
  const globs = selector.tools?.map(parseGlob)
  const { operations, destructive, openWorld } = selector
  return (step) =>
    (globs === undefined || globs.some((glob) => matchesGlob(glob, step.tool))) &&
    (operations === undefined || operations.includes(step.behaviour.operation)) &&
    (destructive === undefined || step.behaviour.destructive === destructive) &&
    (openWorld === undefined || step.behaviour.openWorld === openWorld)
}

function compileArguments(
  selector: StepSelector,
  nested: (condition: Condition) => Check,
): (step: Step, context: Context) => Truth {
  const paths = (selector.sameArguments ?? []).map(splitPath)
  const where = selector.where === undefined ? null : nested(selector.where)
  const names = argumentsOfSelector(selector)
  return (step, context) => {
    const own = step.arguments
    // A session remembers what the rules of its time asked for. What was not remembered is not "not given".
    if (names.length > 0 && (own === undefined || !names.every((name) => Object.hasOwn(own, name)))) return ERROR
    let fit: Truth = TRUE
    if (own !== undefined && paths.length > 0) {
      const { args } = context
      const same = paths.map(
        (path) => () => (args === null ? UNKNOWN : sameValue(lookUp(own, path), lookUp(args, path))),
      )
      fit = sequence(same, null, TRUE)
      if (fit === FALSE || fit === ERROR) return fit
    }
    if (where === null) return fit
    return sequence([() => fit, () => evaluateOn(where, own ?? {}, context)], null, TRUE)
  }
}

function evaluateOn(check: Check, own: JsonObject, context: Context): Truth {
  const outer = context.args
  context.args = own
  const value = check(context)
  context.args = outer
  return value
}

function sameValue(a: Json | undefined, b: Json | undefined): Truth {
  if (a === undefined || b === undefined || typeof a !== typeof b) return ERROR
  return typeof a === 'object' ? truth(canonicalJson(a) === canonicalJson(b)) : equals('strict', a, b)
}
