import { compileCondition } from './compile-condition.ts'
import type { Check } from './context.ts'
import type { ApprovalDemand } from './decision.ts'
import { readDuration } from './duration.ts'
import { compileLimit, type CompiledLimit } from './limit.ts'
import type { Rule, RulesDocument, Side } from './rule.ts'
import { buildIndex, type RuleIndex } from './rule-index.ts'
import { compileSelectors, type Select } from './select.ts'

/** Rules ready to decide with. Immutable; made once per version and isolate, because it holds functions. */
export type CompiledRules = {
  version: string
  rules: readonly CompiledRule[]
  index: RuleIndex
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
  return { version, rules, index: buildIndex(rules.map(({ rule }) => rule)) }
}

function compileRule(rule: Rule, side: Side): CompiledRule {
  return {
    rule,
    side,
    selects: compileSelectors(rule),
    when: rule.when === undefined ? null : compileCondition(rule.when),
    limit: rule.limit === undefined ? null : compileLimit(rule.id, rule.limit),
    demand: demandOf(rule),
  }
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
