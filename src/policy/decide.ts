import type { CompiledRules } from './compile.ts'
import type { ApprovalDemand, Charge, Decision, Question, Reason, Term } from './decision.ts'
import type { Rule, Side } from './rule.ts'
import { ERROR, FALSE, TRUE } from './truth.ts'
import { contextOf, reasonOf, weigh, type Voice } from './weigh.ts'

/**
 * May this agent do this for this person, now? Default deny. Both sides have to permit; a forbid on either wins; an
 * error in a permit is no permit, and in any other rule it denies.
 */
export function decide(compiled: CompiledRules, question: Question, now: number): Decision {
  const context = contextOf(question, now, false)
  const voices = weigh(compiled, context)
  const limits = limitsTerm(voices, (voice) => voice.of.limit?.(context) ?? null, question)
  const approval = approvalTerm(voices, question.approved ?? [])
  const terms: Term[] = [
    { name: 'gateway', holds: question.offered !== false, because: [] },
    permitTerm('user', voices),
    permitTerm('agent', voices),
    forbidTerm(voices),
    scopesTerm(question),
    limits.term,
    approval.term,
    ...externalTerm(question),
  ]
  const failed = terms.filter((term) => !term.holds)
  const denied = failed.filter((term) => term !== approval.term || approval.broken)
  if (denied.length > 0) return deny(compiled, question, now, voices, terms, denied, limits)
  const spoke = approval.demand === null ? ['user', 'agent', 'limits', 'approval'] : ['approval']
  const decision: Decision = {
    effect: approval.demand === null ? 'permit' : 'approve',
    version: compiled.version,
    terms,
    rules: ruleIds(terms.filter((term) => spoke.includes(term.name))),
    charges: limits.charges,
  }
  if (approval.demand !== null) decision.approval = approval.demand
  return decision
}

/**
 * For lists: is there any argument, and any later moment of this session, with which it could be permitted? The same
 * rules by the same evaluator. A spent budget or missing scopes do not hide a tool: calling it says what is missing.
 */
export function couldPermit(compiled: CompiledRules, question: Question, now: number): boolean {
  if (question.offered === false || (question.external !== undefined && question.external.decision !== 'permit'))
    return false
  const permitted = { user: false, agent: false }
  for (const { of, value } of weigh(compiled, contextOf(question, now, true))) {
    if (of.rule.effect === 'permit') permitted[of.side] ||= (value & TRUE) !== 0
    else if (of.rule.effect === 'forbid' ? (value & FALSE) === 0 : value === ERROR) return false
  }
  return permitted.user && permitted.agent
}

const effectIs = (voices: readonly Voice[], effect: Rule['effect']): Voice[] =>
  voices.filter(({ of }) => of.rule.effect === effect)

const mostReasons = 20

function permitTerm(side: Side, voices: readonly Voice[]): Term {
  const permits = effectIs(voices, 'permit').filter(({ of }) => of.side === side)
  const matched = permits.filter(({ value }) => value === TRUE)
  const because = (matched.length > 0 ? matched : permits).slice(0, mostReasons).map(reasonOf)
  return { name: side, holds: matched.length > 0, because }
}

function forbidTerm(voices: readonly Voice[]): Term {
  const against = effectIs(voices, 'forbid').filter(({ value }) => value !== FALSE)
  return { name: 'forbid', holds: against.length === 0, because: against.slice(0, mostReasons).map(reasonOf) }
}

/** Without a known connection nothing is missing yet: the runtime asks the person to connect with the scopes it needs. */
function scopesTerm({ tool, connection }: Question): Term {
  const missing = connection === undefined ? [] : tool.scopes.filter((scope) => !connection.scopes.includes(scope))
  if (missing.length === 0) return { name: 'scopes', holds: true, because: [] }
  const reason: Reason = {
    rule: null,
    effect: null,
    outcome: 'not_matched',
    clause: 'connection scopes',
    expected: [...tool.scopes],
    actual: [...(connection?.scopes ?? [])],
  }
  return { name: 'scopes', holds: false, because: [reason] }
}

type Limits = { term: Term; charges: Charge[]; reached: Charge[]; broken: boolean }

function limitsTerm(
  voices: readonly Voice[],
  chargeOf: (voice: Voice) => Charge | 'error' | null,
  question: Question,
): Limits {
  const limits: Limits = { term: { name: 'limits', holds: true, because: [] }, charges: [], reached: [], broken: false }
  const because: Reason[] = []
  const { spent } = question.session
  for (const voice of effectIs(voices, 'limit')) {
    if (voice.value === FALSE) continue
    const charge = voice.value === TRUE ? chargeOf(voice) : 'error'
    if (charge === null) continue
    if (charge === 'error') {
      limits.broken = true
      because.push({ ...reasonOf(voice), outcome: 'error' })
      continue
    }
    const before = Object.hasOwn(spent, charge.key) ? (spent[charge.key] ?? 0) : 0
    limits.charges.push(charge)
    if (before + charge.amount <= charge.max) continue
    limits.reached.push(charge)
    because.push({ ...reasonOf(voice), clause: 'limit', expected: charge.max, actual: before + charge.amount })
  }
  const holds = because.length === 0
  if (holds)
    because.push(
      ...effectIs(voices, 'limit')
        .filter(({ value }) => value === TRUE)
        .map(reasonOf),
    )
  limits.term = { name: 'limits', holds, because: because.slice(0, mostReasons) }
  return limits
}

type Approval = { term: Term; demand: ApprovalDemand | null; broken: boolean }

/** Each rule demands its own approval; those of other people are asked for before the person's own confirmation. */
function approvalTerm(voices: readonly Voice[], approved: readonly string[]): Approval {
  const open = effectIs(voices, 'approve').filter(
    ({ of, value }) => value !== FALSE && !(value === TRUE && approved.includes(of.rule.id)),
  )
  const broken = open.some(({ value }) => value !== TRUE)
  const demands = open.map(({ of }) => of.demand).filter((demand) => demand !== null)
  const demand = demands.find(({ approvers }) => !approvers.self) ?? demands[0] ?? null
  const first = open.filter(({ of }) => of.demand === demand)
  const because = (broken || demand === null ? open : first).slice(0, mostReasons).map(reasonOf)
  return { term: { name: 'approval', holds: open.length === 0, because }, demand, broken }
}

function externalTerm({ external }: Question): Term[] {
  if (external === undefined) return []
  const reason: Reason = {
    rule: null,
    effect: null,
    outcome: external.decision === 'permit' ? 'matched' : external.decision === 'deny' ? 'not_matched' : 'error',
    clause: external.source ?? 'external',
    expected: 'permit',
    actual: external.reason ?? external.decision,
  }
  return [{ name: 'external', holds: external.decision === 'permit', because: [reason] }]
}

function deny(
  compiled: CompiledRules,
  question: Question,
  now: number,
  voices: readonly Voice[],
  terms: readonly Term[],
  failed: readonly Term[],
  limits: Limits,
): Decision {
  const only = (name: Term['name']): boolean => failed.every((term) => term.name === name)
  const decision: Decision = { effect: 'deny', version: compiled.version, terms, rules: ruleIds(failed), charges: [] }
  decision.refusal = 'denied'
  if (only('scopes')) decision.refusal = 'scopes_missing'
  if (only('limits') && !limits.broken) {
    decision.refusal = 'limit_reached'
    const resets = limits.reached.map(({ resetsAt }) => resetsAt)
    if (resets.every((at) => at !== null)) decision.resetsAt = Math.max(...resets)
  }
  const help = voices.find(({ of }) => of.rule.help !== undefined && decision.rules.includes(of.rule.id))?.of.rule.help
  // A hint on a tool that is not on the list would tell that it exists.
  if (help !== undefined && couldPermit(compiled, { ...question, arguments: null }, now)) decision.help = help
  return decision
}

function ruleIds(terms: readonly Term[]): string[] {
  const ids = terms.flatMap((term) => term.because.map(({ rule }) => rule)).filter((rule) => rule !== null)
  return [...new Set(ids)]
}
