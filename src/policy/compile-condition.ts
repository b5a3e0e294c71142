import type { Json } from '../core/json.ts'
import { inNetwork, parseAddress, parseNetwork } from './address.ts'
import { compileComparison } from './compile-comparison.ts'
import { compileSteps } from './compile-steps.ts'
import type { Condition } from './condition.ts'
import type { Check, Context, Leaf } from './context.ts'
import { readDuration } from './duration.ts'
import { matchesGlob, parseGlob, type Glob } from './glob.ts'
import { compileTimeWindow, isOver, type TimeWindow } from './time-window.ts'
import { ERROR, FALSE, negate, sequence, TRUE, truth, UNKNOWN, type Truth } from './truth.ts'

export function compileCondition(condition: Condition): Check {
  const { all, any, not, after, notAfter, steps, count, time, address, taint, task } = condition
  const { signedInWithin, connectedWithin, startedWithin } = condition
  if (all !== undefined) {
    const parts = all.map(compileCondition)
    return (context) => sequence(parts, context, TRUE)
  }
  if (any !== undefined) {
    const parts = any.map(compileCondition)
    return (context) => sequence(parts, context, FALSE)
  }
  if (not !== undefined) {
    const part = compileCondition(not)
    return (context) => {
      const value = negate(part(context))
      const { leaf } = context
      if (leaf !== null) context.leaf = { clause: `not ${leaf.clause}`, expected: leaf.expected }
      return value
    }
  }
  if (after !== undefined) return compileSteps('after', after, { gte: 1 }, compileCondition)
  if (notAfter !== undefined) return compileSteps('notAfter', notAfter, { eq: 0 }, compileCondition)
  if (steps !== undefined) return compileSteps('steps', steps, count ?? { gte: 1 }, compileCondition)
  if (time !== undefined) return compileTime(time)
  if (address !== undefined) return compileAddress(address)
  if (taint !== undefined) return compileTaint(taint)
  if (task !== undefined) return compileTask(task)
  if (signedInWithin !== undefined) {
    return compileAge('signedInWithin', signedInWithin, (c) => c.question.session.authenticatedAt, TRUE | FALSE)
  }
  if (connectedWithin !== undefined) {
    return compileAge('connectedWithin', connectedWithin, (c) => c.question.connection?.createdAt, TRUE | FALSE)
  }
  if (startedWithin !== undefined) {
    return compileAge('startedWithin', startedWithin, (c) => c.question.session.startedAt, FALSE)
  }
  return compileComparison(condition, compileCondition)
}

function fact(leaf: Leaf, check: (context: Context) => Truth): Check {
  return (context) => {
    context.leaf = leaf
    return check(context)
  }
}

/** `later`: what an answer of "too long ago" may still become in this session. */
function compileAge(clause: string, within: string, at: (context: Context) => number | undefined, later: Truth): Check {
  const withinMs = readDuration(within)
  return fact({ clause, expected: within }, (context) => {
    const since = at(context)
    const ageMs = since === undefined ? Number.NaN : context.now - since
    context.actual = Number.isFinite(ageMs) ? `${Math.round(ageMs / 1000)}s ago` : undefined
    if (!Number.isFinite(ageMs)) return context.mayConnect && since === undefined ? TRUE | FALSE : ERROR
    if (!context.could) return truth(ageMs <= withinMs)
    return ageMs <= withinMs ? TRUE | FALSE : later
  })
}

function compileTime(window: TimeWindow): Check {
  const inWindow = compileTimeWindow(window)
  return fact({ clause: 'time', expected: window as Json }, (context) => {
    context.actual = new Date(context.now).toISOString()
    if (context.could) return isOver(window, context.now) ? FALSE : TRUE | FALSE
    return inWindow(context.now)
  })
}

function compileAddress(networks: readonly string[]): Check {
  const parsed = networks.map((text) => parseNetwork(text)).filter((network) => network !== null)
  return fact({ clause: 'address', expected: [...networks] }, (context) => {
    const text = context.question.clientAddress
    context.actual = text
    const address = text === undefined ? null : parseAddress(text)
    if (address === null) return ERROR
    return truth(parsed.some((network) => inNetwork(network, address)))
  })
}

const globsOf = (patterns: string | readonly string[]): Glob[] =>
  (typeof patterns === 'string' ? [patterns] : patterns).map(parseGlob)

/** Taint stays until the session ends; what is clean now may be tainted later. */
function compileTaint(patterns: string | string[]): Check {
  const globs = globsOf(patterns)
  return fact({ clause: 'taint', expected: patterns }, (context) => {
    const { taint } = context.question.session
    context.actual = [...taint]
    if (taint.some((label) => globs.some((glob) => matchesGlob(glob, label)))) return TRUE
    return context.could ? TRUE | FALSE : FALSE
  })
}

function compileTask(patterns: string | string[]): Check {
  const globs = globsOf(patterns)
  return fact({ clause: 'task', expected: patterns }, (context) => {
    const { task } = context.question
    context.actual = task
    // A list is asked for without a task; the call may name one.
    if (task === undefined) return context.could ? UNKNOWN : ERROR
    return truth(globs.some((glob) => matchesGlob(glob, task)))
  })
}
