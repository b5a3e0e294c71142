import type { Json } from '../core/json.ts'
import type { CompiledRule, CompiledRules } from './compile.ts'
import type { Context } from './context.ts'
import type { Question, Reason } from './decision.ts'
import { candidates } from './rule-index.ts'
import { outcomeOf, TRUE, type Truth } from './truth.ts'

/** What one rule that is about the question says to it. */
export type Voice = { of: CompiledRule; value: Truth; clause: Clause | null }
type Clause = { clause: string; expected: Json; actual: Json | undefined }

export function contextOf(question: Question, now: number, could: boolean): Context {
  return { question, now, could, args: question.arguments, item: undefined, leaf: null, actual: undefined }
}

/** Asks every rule whose selectors match, in the document's order. */
export function weigh(compiled: CompiledRules, context: Context): Voice[] {
  const voices: Voice[] = []
  for (const at of candidates(compiled.index, context.question)) {
    const of = compiled.rules[at]
    if (of === undefined || !of.selects(context.question)) continue
    context.leaf = null
    const value = of.when === null ? TRUE : of.when(context)
    const { leaf, actual } = context as Context
    voices.push({ of, value, clause: leaf === null ? null : { ...leaf, actual } })
  }
  return voices
}

/** The clause that was read last is the one that decided. */
export function reasonOf({ of, value, clause }: Voice): Reason {
  const reason: Reason = { rule: of.rule.id, effect: of.rule.effect, outcome: outcomeOf(value) }
  if (clause === null) return reason
  const { actual } = clause
  return {
    ...reason,
    clause: clause.clause,
    expected: clause.expected,
    ...(actual === undefined ? {} : { actual: shorten(actual) }),
  }
}

const longest = 200

/** A reason is for reading; the whole value is in the call's own record. */
function shorten(value: Json): Json {
  if (typeof value === 'string') return value.length > longest ? `${value.slice(0, longest)}…` : value
  if (typeof value !== 'object' || value === null) return value
  const text = JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : value
}
