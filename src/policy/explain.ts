import type { CompiledRule, CompiledRules } from './compile.ts'
import type { Context } from './context.ts'
import type { ApprovalDemand, Decision, Question, Term } from './decision.ts'
import { conclude, couldPermit } from './decide.ts'
import { compileSelectors } from './select.ts'
import { TRUE } from './truth.ts'
import { contextOf, reasonOf, weigh, type Voice, type Voices } from './weigh.ts'

/** One thing that would have to be otherwise. For administrators: it names rules. */
export type Change = {
  term: Term['name']
  rule: string | null
  /** One sentence. */
  what: string
  /** This alone would turn the decision. */
  enough: boolean
}

export type Explanation = {
  decision: Decision
  /** Whether it is on the agent's list: with some arguments, at some moment of this session, it could be permitted. */
  listed: boolean
  changes: Change[]
}

/** The decision with all its terms, and what would change it: for a denial what is in the way, for a permit what it hangs on. */
export function explain(compiled: CompiledRules, question: Question, now: number): Explanation {
  const context = contextOf(question, now, false)
  const voices = weigh(compiled, context)
  const decision = conclude(compiled, context, voices)
  const listed = couldPermit(compiled, { ...question, arguments: null }, now)
  const flipsIf = (changed: Voices, also: Partial<Question> = {}): boolean =>
    conclude(compiled, { ...context, question: { ...question, ...also } }, changed).effect !== decision.effect
  const changes =
    decision.effect === 'permit' ? supports(voices, flipsIf) : obstacles(compiled, context, voices, decision, flipsIf)
  return { decision, listed, changes }
}

type FlipsIf = (changed: Voices, also?: Partial<Question>) => boolean

function supports(voices: Voices, flipsIf: FlipsIf): Change[] {
  return (['user', 'agent'] as const).flatMap((side) =>
    voices[side]
      .filter(({ value }) => value === TRUE)
      .map((voice) => ({
        term: side,
        rule: voice.of.rule.id,
        what: `Without ${name(voice)} the ${side} side would have one permit less.`,
        enough: flipsIf({ ...voices, [side]: voices[side].filter((other) => other !== voice) }),
      })),
  )
}

function obstacles(
  compiled: CompiledRules,
  context: Context,
  voices: Voices,
  { terms }: Decision,
  flipsIf: FlipsIf,
): Change[] {
  const failed = new Set(terms.filter((term) => !term.holds).map((term) => term.name))
  const changes: Change[] = []
  for (const side of ['user', 'agent'] as const)
    if (failed.has(side)) changes.push(...missingPermit(compiled, context, voices, side, flipsIf))
  for (const voice of voices.forbid) {
    const forbid = voices.forbid.filter((other) => other !== voice)
    changes.push({
      term: 'forbid',
      rule: voice.of.rule.id,
      what: `${name(voice)} forbids it${why(voice)}.`,
      enough: flipsIf({ ...voices, forbid }),
    })
  }
  if (failed.has('approval')) changes.push(...missingApproval(voices, flipsIf))
  const { question } = context
  if (failed.has('limits')) {
    const limits = terms.find((term) => term.name === 'limits')?.because ?? []
    for (const { rule, expected, actual } of limits) {
      const limit = voices.limit.filter(({ of }) => of.rule.id !== rule)
      const what = `${rule} allows ${JSON.stringify(expected ?? 'an amount it can read')}; with this call it would be ${JSON.stringify(actual ?? 'unknown')}.`
      changes.push({ term: 'limits', rule, what, enough: flipsIf({ ...voices, limit }) })
    }
  }
  if (failed.has('scopes') && question.connection !== undefined) {
    const missing = question.tool.scopes.filter((scope) => !question.connection?.scopes.includes(scope))
    const connection = { ...question.connection, scopes: [...question.connection.scopes, ...missing] }
    const what = `The connection lacks ${missing.join(', ')}.`
    changes.push({ term: 'scopes', rule: null, what, enough: flipsIf(voices, { connection }) })
  }
  if (failed.has('gateway')) {
    changes.push({
      term: 'gateway',
      rule: null,
      what: 'The gateway does not offer it.',
      enough: flipsIf(voices, { offered: true }),
    })
  }
  if (failed.has('external') && question.external !== undefined) {
    const external = { ...question.external, decision: 'permit' as const }
    const what = `The company's decision point said ${question.external.decision}.`
    changes.push({ term: 'external', rule: null, what, enough: flipsIf(voices, { external }) })
  }
  return changes
}

/** Permits whose condition fails, then those that are about this tool but about somebody else. */
function missingPermit(
  compiled: CompiledRules,
  context: Context,
  voices: Voices,
  side: 'user' | 'agent',
  flipsIf: FlipsIf,
): Change[] {
  const near = voices[side].map((voice): Change => {
    const what = `${name(voice)} would permit it${voice.leaf === null ? '' : ` but for${why(voice).replace(', because', '')}`}.`
    return {
      term: side,
      rule: voice.of.rule.id,
      what,
      enough: flipsIf({ ...voices, [side]: [{ ...voice, value: TRUE }] }),
    }
  })
  const { question } = context
  const others = compiled.rules
    .filter(
      (of) => of.side === side && of.rule.effect === 'permit' && !of.selects(question) && isAboutTool(of, question),
    )
    .slice(0, 10)
    .map((of): Change => {
      const voice: Voice = { of, value: TRUE, leaf: null, actual: undefined }
      const what = `${of.rule.id} permits it to ${selected(of)}.`
      return { term: side, rule: of.rule.id, what, enough: flipsIf({ ...voices, [side]: [voice] }) }
    })
  if (near.length + others.length > 0) return [...near, ...others]
  return [{ term: side, rule: null, what: `No rule on the ${side} side permits this tool to anybody.`, enough: false }]
}

function isAboutTool({ rule }: CompiledRule, question: Question): boolean {
  const { users: _, agents: __, ...rest } = rule
  return compileSelectors(rest)(question)
}

const selected = ({ rule: { users, agents } }: CompiledRule): string =>
  JSON.stringify({ ...(users && { users }), ...(agents && { agents }) })

function missingApproval(voices: Voices, flipsIf: FlipsIf): Change[] {
  return voices.approve.map((voice) => {
    const approve = voices.approve.filter((other) => other !== voice)
    const enough = flipsIf({ ...voices, approve })
    const rule = voice.of.rule.id
    if (voice.value !== TRUE || voice.of.demand === null) {
      return {
        term: 'approval',
        rule,
        what: `${name(voice)} cannot tell whether it needs an approval${why(voice)}.`,
        enough,
      }
    }
    return { term: 'approval', rule, what: `${rule} needs an approval by ${approversOf(voice.of.demand)}.`, enough }
  })
}

function approversOf({ approvers }: ApprovalDemand): string {
  const { self, manager, groups, users } = approvers
  const of = [...(self ? ['the person'] : []), ...(manager ? ["the person's manager"] : [])]
  return [...of, ...groups.map((group) => `group ${group}`), ...users.map((user) => `user ${user}`)].join(' or ')
}

const name = (voice: Voice): string => voice.of.rule.id

function why(voice: Voice): string {
  if (voice.leaf === null) return ''
  const { clause, expected, actual, outcome } = reasonOf(voice)
  const seen = actual === undefined ? 'there is nothing' : `it is ${JSON.stringify(actual)}`
  return `, because ${clause} ${JSON.stringify(expected)}: ${seen}${outcome === 'error' ? ', which is an error' : ''}`
}
