/**
 * Front door. `decide(rules, question, now)` says whether this agent may do this for this person, and why.
 * Everything here is pure: no I/O, no clock.
 */
export type {
  ApprovalDemand,
  Charge,
  Decision,
  External,
  Kind,
  Question,
  Reason,
  RefusalKind,
  SessionFacts,
  Step,
  Term,
} from './decision.ts'
export { parseRules, ruleSchema, rulesSchema, type Rule, type RulesDocument, type Side } from './rule.ts'
export { compileRules, type CompiledRules } from './compile.ts'
export { toolsSchema, type ToolSelector } from './rule.ts'
export { compileToolSelector } from './select.ts'
export { taintPatterns } from './taint-patterns.ts'
export { replaceLookAlikes } from './look-alikes.ts'
export { couldPermit, decide } from './decide.ts'
export { giveBack, takeCharges, type Counter, type Taken } from './take.ts'
export { narrowSchema } from './narrow-schema.ts'
export { argumentsToRemember } from './step-arguments.ts'
export { approvalKey } from './approval.ts'
export { evaluationRequest, invalid, readEvaluation, unavailable } from './decision-point.ts'
export { explain, type Change, type Explanation } from './explain.ts'
export { simulate, type Flip, type RecordedCall, type Simulation } from './simulate.ts'
export { whoCan, type Access } from './who-can.ts'
export { givenSchema, ruleTestsSchema, type RuleTests } from './rule-test.ts'
export { runRuleTests, type RuleTestResult } from './run-rule-tests.ts'
export { GivenWorld, toolOfTests, type KnownTool, type KnownTools } from './given.ts'
export { analyse, type Catalogue, type Finding } from './analyse.ts'
export { askedPrompt, askedResource, askedTool, reading } from './asked.ts'
