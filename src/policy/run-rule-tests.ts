import { compileRules, type CompiledRules } from './compile.ts'
import { couldPermit } from './decide.ts'
import type { Decision, Question } from './decision.ts'
import { readDuration } from './duration.ts'
import { explain } from './explain.ts'
import { GivenWorld, type KnownTools } from './given.ts'
import type { RulesDocument } from './rule.ts'
import type { Expectation, RuleTestCase, RuleTests } from './rule-test.ts'
import { takeCharges, type Counter } from './take.ts'

export type RuleTestResult = {
  name: string
  ok: boolean
  /** What is wrong, for the author of the test or of the rule. Empty when it is ok. */
  faults: string[]
}

/** Monday, noon. */
const defaultNow = Date.UTC(2026, 0, 5, 12)

/** Runs a document's tests. Pure: time is what the tests say it is. */
export function runRuleTests(rules: RulesDocument, tests: RuleTests, known: KnownTools = new Map()): RuleTestResult[] {
  const compiled = compileRules(rules)
  const world = new GivenWorld(tests, compiled, known)
  return tests.cases.map((test) => {
    const unknown = unknownNames(tests, known, test)
    if (unknown.length > 0) return { name: test.name, ok: false, faults: unknown }
    const faults = test.calls === undefined ? runOne(compiled, world, test) : runSequence(compiled, world, test)
    return { name: test.name, ok: faults.length === 0, faults }
  })
}

/** A misspelt name would make a test pass that denies somebody for the wrong reason. */
function unknownNames(tests: RuleTests, known: KnownTools, { given, calls = [] }: RuleTestCase): string[] {
  const faults: string[] = []
  const check = (what: string, among: object | undefined, name: unknown): void => {
    if (typeof name === 'string' && among !== undefined && !Object.hasOwn(among, name))
      faults.push(`There is no ${what} ${name}.`)
  }
  check('person', tests.people, given.user)
  check('agent', tests.agents, given.agent)
  if (known.size === 0 && tests.tools === undefined) return faults
  const steps = (given.steps ?? []).map((step) => (typeof step === 'string' ? step : step.tool))
  for (const name of new Set([given.tool, ...calls.map(({ tool }) => tool), ...steps])) {
    if (name !== undefined && !known.has(name)) check('tool', tests.tools ?? {}, name)
  }
  return faults
}

function runOne(
  compiled: CompiledRules,
  world: GivenWorld,
  { given, expect = 'permit', because }: RuleTestCase,
): string[] {
  const now = given.at === undefined ? defaultNow : Date.parse(given.at)
  const question = world.question(given, given.tool ?? '', given.arguments ?? {}, world.session(given, now), now)
  return check(compiled, question, now, expect, because).faults
}

function runSequence(compiled: CompiledRules, world: GivenWorld, { given, calls = [] }: RuleTestCase): string[] {
  let now = given.at === undefined ? defaultNow : Date.parse(given.at)
  const session = world.session(given, now)
  const counters: Record<string, Counter> = {}
  const faults: string[] = []
  for (const [i, call] of calls.entries()) {
    now += call.wait === undefined ? 0 : readDuration(call.wait)
    const args = call.arguments ?? {}
    const asked = call.approved === undefined ? given : { ...given, approved: call.approved }
    const question = world.question(asked, call.tool, args, session, now)
    const { decision, faults: found } = check(compiled, question, now, call.expect, call.because)
    faults.push(...found.map((fault) => `call ${i + 1}, ${call.tool}: ${fault}`))
    if (decision?.effect !== 'permit') continue
    const taken = takeCharges((key) => counters[key], decision.charges, now)
    if (taken.ok) Object.assign(counters, taken.counters)
    for (const [key, { spent }] of Object.entries(counters)) session.spent[key] = spent
    session.steps.push(world.step(call.tool, args, call.outcome ?? 'done', now, given.task))
    session.taint.push(...(call.taints ?? []))
  }
  return faults
}

type Checked = { decision: Decision | null; faults: string[] }

function check(
  compiled: CompiledRules,
  question: Question,
  now: number,
  expected: Expectation,
  because?: string,
): Checked {
  if (expected === 'listed' || expected === 'hidden') {
    const listed = couldPermit(compiled, { ...question, arguments: null }, now)
    return { decision: null, faults: listed === (expected === 'listed') ? [] : [`expected ${expected}`] }
  }
  const { decision, changes } = explain(compiled, question, now)
  const got = decision.refusal === 'limit_reached' ? 'limit_reached' : decision.effect
  const fits = got === expected || (expected === 'deny' && decision.effect === 'deny')
  const faults = fits
    ? []
    : [
        `expected ${expected}, got ${got}. ${reasonsOf(
          decision,
          changes.map(({ what }) => what),
        )}`.trim(),
      ]
  if (fits && because !== undefined && !decision.rules.includes(because)) {
    faults.push(`${expected} as expected, but not because of ${because}: ${decision.rules.join(', ') || 'no rule'}`)
  }
  return { decision, faults }
}

const reasonsOf = ({ effect, rules }: Decision, changes: readonly string[]): string =>
  effect === 'permit' ? `Permitted by ${rules.join(', ')}.` : changes.slice(0, 5).join(' ')
