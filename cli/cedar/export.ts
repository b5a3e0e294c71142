import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Rule, RulesDocument, Side } from '../../src/policy/policy.ts'
import { policyToText } from './cedar.ts'
import { and, contains, get, not, value, variable } from './expression.ts'
import { conditionExpr } from './export-condition.ts'
import { selectorExprs } from './export-selectors.ts'
import { NotInCedar } from './vocabulary.ts'

export type Exported = {
  /** Cedar text, one policy set per side. */
  user: string
  agent: string
  /** Rules that Cedar cannot say. Without a skipped forbid, approval or limit the text permits more than the rules do. */
  skipped: { rule: string; why: string }[]
}

/** Rules as Cedar text. What a rule is beside its Cedar policy stands in annotations, so that it can be read back. */
export function exportRules(document: RulesDocument): Exported {
  const exported: Exported = { user: '', agent: '', skipped: [] }
  for (const side of ['user', 'agent'] as const) {
    const texts: string[] = []
    for (const rule of document[side]) {
      const policy = ruleToCedar(rule, side)
      if (typeof policy === 'string') exported.skipped.push({ rule: rule.id, why: policy })
      else texts.push(policyToText(policy))
    }
    exported[side] = texts.map((text) => `${text}\n`).join('\n')
  }
  return exported
}

/** The policy, or why there is none. */
export function ruleToCedar(rule: Rule, side: Side): PolicyJson | string {
  if (rule.effect === 'limit') return 'counting'
  try {
    const parts = [...selectorExprs(rule, side), ...(rule.when === undefined ? [] : [conditionExpr(rule.when, side)])]
    // An approval that is not there yet is a refusal.
    if (rule.effect === 'approve') parts.push(not(contains(get(variable('context'), 'approved'), value(rule.id))))
    const [first, ...rest] = parts
    return {
      effect: rule.effect === 'permit' ? 'permit' : 'forbid',
      principal: { op: 'All' },
      action: { op: 'All' },
      resource: { op: 'All' },
      conditions: first === undefined ? [] : [{ kind: 'when', body: and(first, ...rest) }],
      annotations: annotationsOf(rule),
    }
  } catch (cause) {
    if (cause instanceof NotInCedar) return cause.message
    throw cause
  }
}

function annotationsOf({ id, effect, description, help, approval }: Rule): Record<string, string> {
  return {
    id,
    ...(effect === 'approve' ? { approval: JSON.stringify(approval) } : {}),
    ...(description === undefined ? {} : { description }),
    ...(help === undefined ? {} : { help }),
  }
}
