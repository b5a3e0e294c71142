import type { Agent, User } from '../core/caller.ts'
import type { AgentId, UserId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { CompiledRules } from './compile.ts'
import type { Question, SessionFacts, Step } from './decision.ts'
import { readDuration } from './duration.ts'
import type { Given, RuleTests } from './rule-test.ts'
import { argumentsToRemember } from './step-arguments.ts'

/** What a gateway knows of its tools. */
export type KnownTool = Question['tool'] & { kind?: Question['kind'] }
export type KnownTools = ReadonlyMap<string, KnownTool>

/** Makes questions from the short words of a test. Errors of the test itself are thrown as text for its author. */
export class GivenWorld {
  readonly #tests: RuleTests
  readonly #rules: CompiledRules
  readonly #known: KnownTools

  constructor(tests: RuleTests, rules: CompiledRules, known: KnownTools) {
    this.#tests = tests
    this.#rules = rules
    this.#known = known
  }

  question(given: Given, name: string, args: JsonObject, session: SessionFacts, now: number): Question {
    const { kind, ...tool } = this.tool(name)
    const { connection, address, task, approved, decisionPoint } = given
    const question: Question = {
      gateway: given.gateway ?? 'gateway',
      user: this.#user(given.user),
      agent: this.#agent(given.agent),
      tool,
      arguments: args,
      session,
    }
    if (kind !== undefined) question.kind = kind
    if (connection !== undefined) {
      const { provider = 'provider', account = 'account', scopes = [], connectedAgo } = connection
      question.connection = { provider, account, scopes, createdAt: now - age(connectedAgo) }
    }
    if (address !== undefined) question.clientAddress = address
    if (task !== undefined) question.task = task
    if (approved !== undefined) question.approved = approved
    if (decisionPoint !== undefined) question.external = { decision: decisionPoint, reason: 'given' }
    return question
  }

  session(given: Given, now: number): SessionFacts & { steps: Step[]; taint: string[]; spent: Record<string, number> } {
    return {
      startedAt: now - age(given.startedAgo),
      authenticatedAt: now - age(given.signedInAgo),
      steps: (given.steps ?? []).map((step) => {
        const {
          tool,
          arguments: args = {},
          outcome = 'done',
          ago,
          task,
        } = typeof step === 'string' ? { tool: step } : step
        return this.step(tool, args, outcome, now - age(ago), task)
      }),
      taint: [...(given.taint ?? [])],
      spent: {},
    }
  }

  /** As a session would remember it. */
  step(name: string, args: JsonObject, outcome: Step['outcome'], at: number, task?: string): Step {
    const remembered = argumentsToRemember(this.#rules, args)
    const step: Step = { tool: name, behaviour: this.tool(name).behaviour, at, outcome }
    if (remembered !== undefined) step.arguments = remembered
    if (task !== undefined) step.task = task
    return step
  }

  tool(name: string): KnownTool {
    return toolOfTests(this.#tests, name, this.#known)
  }

  #user(given: Given['user'] = 'someone'): User {
    const known = typeof given === 'string' ? (own(this.#tests.people, given) ?? {}) : given
    const id = typeof given === 'string' ? given : 'someone'
    const { kind = 'person', issuer = 'https://idp.example', subject = id, groups = [], attributes = {}, email } = known
    const user: User = {
      id: (known.id ?? id) as UserId,
      kind,
      issuer,
      subject,
      name: known.name ?? id,
      groups,
      attributes,
    }
    return email === undefined ? user : { ...user, email }
  }

  #agent(given: Given['agent'] = 'agent'): Agent {
    const known = typeof given === 'string' ? (own(this.#tests.agents, given) ?? {}) : given
    const id = typeof given === 'string' ? given : 'agent'
    const { kind = 'registered', clientId = id, trust = 'known', host } = known
    const agent: Agent = { id: (known.id ?? id) as AgentId, kind, clientId, name: known.name ?? id, trust }
    return host === undefined ? agent : { ...agent, host }
  }
}

/** As the tests describe it, else as the gateway knows it, else an update that is neither destructive nor open-world. */
export function toolOfTests({ tools }: RuleTests, name: string, known: KnownTools): KnownTool {
  const described = own(tools, name)
  const there = known.get(name)
  if (described === undefined && there !== undefined) return there
  const { operation = 'update', destructive = false, idempotent = false, openWorld = false } = described ?? {}
  const { toolkit, upstream = null, scopes = [], kind } = described ?? {}
  const behaviour = { operation, destructive, idempotent, openWorld }
  const made = { name, toolkit: toolkit ?? (upstream === null ? firstWord(name) : null), upstream, behaviour, scopes }
  return kind === undefined ? made : { ...made, kind }
}

const own = <T>(from: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  from !== undefined && Object.hasOwn(from, name) ? from[name] : undefined

const age = (ago: string | undefined): number => (ago === undefined ? 0 : readDuration(ago))

const firstWord = (name: string): string => name.split('_')[0] ?? name
