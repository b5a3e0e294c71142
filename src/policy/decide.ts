import type { CompiledRules } from './compile.ts'
import type { Context } from './context.ts'
import type { ApprovalDemand, Charge, Decision, Question, Reason, Term } from './decision.ts'
import { ERROR, FALSE, TRUE } from './truth.ts'
import { contextOf, reasonOf, reasonsOf, weigh, type Voice, type Voices } from './weigh.ts'

/**
 * May this agent do this for this person, now? Default deny. Both sides have to permit; a forbid on either wins; an
 * error in a permit is no permit, and in any other rule it denies.
 */
export function decide(compiled: CompiledRules, question: Question, now: number): Decision {
  const context = contextOf(question, now, false)
  return conclude(compiled, context, weigh(compiled, context))
}

/** What follows from what the rules say. Apart from `decide` so that "and if this rule did not say that?" has an answer too. */
export function conclude(compiled: CompiledRules, context: Context, voices: Voices): Decision {
  const { question } = context
  const user = permitTerm('user', voices)
  const agent = permitTerm('agent', voices)
  const forbid: Term = { name: 'forbid', holds: voices.forbid.length === 0, because: reasonsOf(voices.forbid) }
  const scopes = scopesTerm(question)
  const limits = weighLimits(voices, context)
  const approval = weighApprovals(voices, question.approved ?? [])
  const gateway: Term = { name: 'gateway', holds: question.offered !== false, because: [] }
  const terms: Term[] = [gateway, user, agent, forbid, scopes, limits.term, approval.term]
  if (question.external !== undefined) terms.push(externalTerm(question.external))
  const failed = terms.filter((term) => !term.holds && (term !== approval.term || approval.broken))
  if (failed.length > 0) return deny(compiled, context, voices, terms, failed, limits)
  const { demand } = approval
  const decision: Decision = {
    effect: demand === null ? 'permit' : 'approve',
    version: compiled.version,
    terms,
    rules: demand === null ? ruleIds([user, agent, limits.term]) : ruleIds([approval.term]),
    charges: limits.charges,
  }
  if (demand !== null) decision.approval = demand
  return decision
}

/**
 * For lists: is there any argument, and any later moment of this session, with which it could be permitted? The same
 * rules by the same evaluator. A spent budget or missing scopes do not hide a tool: calling it says what is missing.
 */
export function couldPermit(compiled: CompiledRules, question: Question, now: number): boolean {
  return openVoices(compiled, contextOf(question, now, true)) !== null
}

/** What the rules say when something could still be permitted; null: nothing could. */
export function openVoices(compiled: CompiledRules, context: Context): Voices | null {
  const { offered, external } = context.question
  if (offered === false || (external !== undefined && external.decision !== 'permit')) return null
  const voices = weigh(compiled, context)
  return isOpen(voices) ? voices : null
}

/** Whether what is not known yet could turn out so that nothing forbids and both sides permit. */
function isOpen(voices: Voices): boolean {
  return (
    voices.user.some(({ value }) => (value & TRUE) !== 0) &&
    voices.agent.some(({ value }) => (value & TRUE) !== 0) &&
    voices.forbid.every(({ value }) => (value & FALSE) !== 0) &&
    voices.approve.every(({ value }) => value !== ERROR) &&
    voices.limit.every(({ value }) => value !== ERROR)
  )
}

function permitTerm(side: 'user' | 'agent', voices: Voices): Term {
  const matched = voices[side].filter(({ value }) => value === TRUE)
  return { name: side, holds: matched.length > 0, because: reasonsOf(matched.length > 0 ? matched : voices[side]) }
}

/** Without a known connection nothing is missing yet: the runtime asks the person to connect with the scopes it needs. */
function scopesTerm({ tool, connection }: Question): Term {
  if (connection === undefined || tool.scopes.every((scope) => connection.scopes.includes(scope))) {
    return { name: 'scopes', holds: true, because: [] }
  }
  const reason: Reason = {
    rule: null,
    effect: null,
    outcome: 'not_matched',
    clause: 'connection scopes',
    expected: [...tool.scopes],
    actual: [...connection.scopes],
  }
  return { name: 'scopes', holds: false, because: [reason] }
}

type Limits = { term: Term; charges: Charge[]; reached: Charge[]; broken: boolean }

function weighLimits({ limit }: Voices, context: Context): Limits {
  const { spent } = context.question.session
  const charges: Charge[] = []
  const reached: Charge[] = []
  const against: Reason[] = []
  let broken = false
  for (const voice of limit) {
    const charge = voice.value === TRUE ? (voice.of.limit?.(context) ?? null) : 'error'
    if (charge === null) continue
    if (charge === 'error') {
      broken = true
      against.push({ ...reasonOf(voice), outcome: 'error' })
      continue
    }
    charges.push(charge)
    const total = charge.amount + (Object.hasOwn(spent, charge.key) ? (spent[charge.key] ?? 0) : 0)
    if (total <= charge.max) continue
    reached.push(charge)
    against.push({ ...reasonOf(voice), clause: 'limit', expected: charge.max, actual: total })
  }
  const holds = against.length === 0
  return { term: { name: 'limits', holds, because: holds ? reasonsOf(limit) : against }, charges, reached, broken }
}

type Approval = { term: Term; demand: ApprovalDemand | null; broken: boolean }

/** Each rule demands its own approval; those of other people are asked for before the person's own confirmation. */
function weighApprovals({ approve }: Voices, approved: readonly string[]): Approval {
  if (approve.length === 0) return { term: { name: 'approval', holds: true, because: [] }, demand: null, broken: false }
  const open = approve.filter(({ of, value }) => value !== TRUE || !approved.includes(of.rule.id))
  const broken = open.filter(({ value }) => value !== TRUE)
  const first = open.find(({ of }) => of.demand?.approvers.self === false) ?? open[0]
  const because = broken.length > 0 ? broken : first === undefined ? approve : [first]
  return {
    term: { name: 'approval', holds: open.length === 0, because: reasonsOf(because) },
    demand: first?.of.demand ?? null,
    broken: broken.length > 0,
  }
}

function externalTerm(external: NonNullable<Question['external']>): Term {
  const reason: Reason = {
    rule: null,
    effect: null,
    outcome: external.decision === 'permit' ? 'matched' : external.decision === 'deny' ? 'not_matched' : 'error',
    clause: external.source ?? 'decision point',
    expected: 'permit',
    actual: [external.reason ?? external.decision, ...(external.detail === undefined ? [] : [external.detail])].join(
      ': ',
    ),
  }
  return { name: 'external', holds: external.decision === 'permit', because: [reason] }
}

function deny(
  compiled: CompiledRules,
  { question, now }: Context,
  voices: Voices,
  terms: readonly Term[],
  failed: readonly Term[],
  limits: Limits,
): Decision {
  const only = (name: Term['name']): boolean => failed.every((term) => term.name === name)
  const decision: Decision = { effect: 'deny', version: compiled.version, terms, rules: ruleIds(failed), charges: [] }
  decision.refusal = 'denied'
  if (only('scopes')) decision.refusal = 'scopes_missing'
  if (question.connection === undefined && failed.every(({ name }) => turnsOnRules.has(name))) {
    const open = isOpen(weigh(compiled, contextOf(question, now, false, true)))
    if (open) decision.refusal = 'connection_needed'
  }
  if (only('external') && question.external?.decision !== 'deny') decision.refusal = 'undecided'
  if (only('limits') && !limits.broken) {
    decision.refusal = 'limit_reached'
    const resets = limits.reached.map(({ resetsAt }) => resetsAt)
    if (resets.every((at) => at !== null)) decision.resetsAt = Math.max(...resets)
  }
  const help = helpOf(voices, decision.rules)
  // A hint on a tool that is not on the list would tell that it exists.
  if (help !== undefined && couldPermit(compiled, { ...question, arguments: null }, now)) decision.help = help
  return decision
}

/** Terms that a condition on the connection can be in the way of. */
const turnsOnRules: ReadonlySet<string> = new Set(['user', 'agent', 'forbid', 'approval'])

function helpOf(voices: Voices, rules: readonly string[]): string | undefined {
  const helps = (voice: Voice): boolean => voice.of.rule.help !== undefined && rules.includes(voice.of.rule.id)
  for (const group of Object.values(voices)) {
    const found = group.find(helps)
    if (found !== undefined) return found.of.rule.help
  }
  return undefined
}

function ruleIds(terms: readonly Term[]): string[] {
  const ids: string[] = []
  for (const { because } of terms) {
    for (const { rule } of because) if (rule !== null && !ids.includes(rule)) ids.push(rule)
  }
  return ids
}
