import { compileCondition } from './compile-condition.ts'
import type { Check } from './context.ts'
import type { ApprovalDemand } from './decision.ts'
import { readDuration } from './duration.ts'
import { compileLimit, type CompiledLimit } from './limit.ts'
import type { Rule, RulesDocument, Side } from './rule.ts'
import { buildIndex, type RuleIndex } from './rule-index.ts'
import { compileSelectors, type Select } from './select.ts'
import { readsSteps, stepArgumentsOf } from './step-arguments.ts'
import { taintPatterns } from './taint-patterns.ts'

/** Rules ready to decide with. Immutable; made once per version and isolate, because it holds functions. */
export type CompiledRules = {
  version: string
  rules: readonly CompiledRule[]
  index: RuleIndex
  /** Arguments of steps that some rule looks at. */
  stepArguments: ReadonlySet<string>
  /** Some rule turns on what tainted the session. */
  readsTaint: boolean
  readsSteps: boolean
}

export type CompiledRule = {
  rule: Rule
  side: Side
  selects: Select
  /** Null: whenever it selects. */
  when: Check | null
  limit: CompiledLimit | null
  demand: ApprovalDemand | null
}

/** `version` is what every decision carries; by default the document's own. The document comes from `parseRules`. */
export function compileRules(document: RulesDocument, version: string = document.version ?? 'draft'): CompiledRules {
  const rules = [
    ...document.user.map((rule) => compileRule(rule, 'user')),
    ...document.agent.map((rule) => compileRule(rule, 'agent')),
  ]
  const conditions = rules.map(({ rule }) => rule.when).filter((when) => when !== undefined)
  return {
    version,
    rules,
    index: buildIndex(rules.map(({ rule }) => rule)),
    stepArguments: new Set(conditions.flatMap(stepArgumentsOf)),
    readsSteps: conditions.some(readsSteps),
    readsTaint: conditions.some((when) => taintPatterns(when).length > 0),
  }
}

function compileRule(rule: Rule, side: Side): CompiledRule {
  const { when, limit } = rule
  return {
    rule,
    side,
    selects: whenFirstUsed(() => compileSelectors(rule)),
    when: when === undefined ? null : whenFirstUsed(() => compileCondition(when)),
    limit: limit === undefined ? null : whenFirstUsed(() => compileLimit(rule.id, limit)),
    demand: demandOf(rule),
  }
}

/** Most rules of a large document are about nobody in this isolate, so nothing is made of them before somebody asks. */
function whenFirstUsed<In, Out>(compile: () => (input: In) => Out): (input: In) => Out {
  let compiled: ((input: In) => Out) | null = null
  return (input) => (compiled ??= compile())(input)
}

function demandOf({ id, approval }: Rule): ApprovalDemand | null {
  if (approval === undefined) return null
  return {
    rule: id,
    approvers: {
      self: approval.self,
      manager: approval.manager,
      groups: approval.groups ?? [],
      users: approval.users ?? [],
    },
    notRequester: approval.notRequester ?? !approval.self,
    validMs: readDuration(approval.validFor),
  }
}
