import type { Json } from '../core/json.ts'
import type { CompiledRule, CompiledRules } from './compile.ts'
import type { Context, Leaf } from './context.ts'
import type { Question, Reason } from './decision.ts'
import { candidates } from './rule-index.ts'
import { FALSE, outcomeOf, TRUE, type Truth } from './truth.ts'

/** What one rule that is about the question says to it, and the clause that was read last: the one that decided. */
export type Voice = { of: CompiledRule; value: Truth; leaf: Leaf | null; actual: Json | undefined }

/** Permits with whatever they say; of the others those that do not just say no. In the document's order. */
export type Voices = { user: Voice[]; agent: Voice[]; forbid: Voice[]; approve: Voice[]; limit: Voice[] }

export function contextOf(question: Question, now: number, could: boolean, mayConnect: boolean = could): Context {
  return { question, now, could, mayConnect, args: question.arguments, item: undefined, leaf: null, actual: undefined }
}

/** Asks every rule whose selectors match. */
export function weigh(compiled: CompiledRules, context: Context): Voices {
  const voices: Voices = { user: [], agent: [], forbid: [], approve: [], limit: [] }
  for (const at of candidates(compiled.index, context.question)) {
    const of = compiled.rules[at]
    if (of === undefined || !of.selects(context.question)) continue
    context.leaf = null
    context.actual = undefined
    const value = of.when === null ? TRUE : of.when(context)
    const { effect } = of.rule
    if (effect === 'permit') voices[of.side].push({ of, value, leaf: context.leaf, actual: context.actual })
    else if (value !== FALSE) voices[effect].push({ of, value, leaf: context.leaf, actual: context.actual })
  }
  return voices
}

const mostReasons = 20

export function reasonsOf(voices: readonly Voice[]): Reason[] {
  return voices.slice(0, mostReasons).map(reasonOf)
}

export function reasonOf({ of, value, leaf, actual }: Voice): Reason {
  const reason: Reason = { rule: of.rule.id, effect: of.rule.effect, outcome: outcomeOf(value) }
  if (leaf === null) return reason
  reason.clause = leaf.clause
  reason.expected = leaf.expected
  if (actual !== undefined) reason.actual = shorten(actual)
  return reason
}

const longest = 200

/** A reason is for reading; the whole value is in the call's own record. */
function shorten(value: Json): Json {
  if (typeof value === 'string') return value.length > longest ? `${value.slice(0, longest)}…` : value
  if (typeof value !== 'object' || value === null) return value
  const text = JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : value
}
