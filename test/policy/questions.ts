import type { Agent, User } from '../../src/core/caller.ts'
import type { AgentId, UserId } from '../../src/core/ids.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Behaviour } from '../../src/core/tool.ts'
import {
  compileRules,
  decide,
  parseRules,
  type CompiledRules,
  type Decision,
  type Question,
  type SessionFacts,
  type Step,
} from '../../src/policy/policy.ts'

/** Friday 2026-11-20, 10:00 UTC. */
export const now = Date.UTC(2026, 10, 20, 10, 0, 0)

export const alice: User = {
  id: 'user-alice' as UserId,
  kind: 'person',
  issuer: 'https://idp.example',
  subject: 'alice',
  name: 'Alice',
  email: 'alice@example.com',
  groups: ['claims', 'staff'],
  attributes: { department: 'claims', level: 4, regions: ['eu', 'uk'] },
}

export const desk: Agent = {
  id: 'agent-desk' as AgentId,
  kind: 'cimd',
  clientId: 'https://desk.example/client.json',
  name: 'Desk',
  host: 'desk.example',
  trust: 'known',
}

export const reads: Behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: false }
export const writes: Behaviour = { operation: 'update', destructive: false, idempotent: false, openWorld: false }
export const sends: Behaviour = { operation: 'create', destructive: false, idempotent: false, openWorld: true }

export const session = (facts: Partial<SessionFacts> = {}): SessionFacts => ({
  startedAt: now - 60_000,
  authenticatedAt: now - 120_000,
  steps: [],
  taint: [],
  spent: {},
  ...facts,
})

export const step = (tool: string, more: Partial<Step> = {}): Step => ({
  tool,
  behaviour: reads,
  at: now - 1000,
  outcome: 'done',
  arguments: {},
  ...more,
})

type Ask = Partial<Omit<Question, 'tool' | 'session'>> & {
  tool?: Partial<Question['tool']>
  session?: Partial<SessionFacts>
}

export function ask(name: string, args: JsonObject | null = {}, more: Ask = {}): Question {
  const { tool, session: facts, ...rest } = more
  return {
    gateway: 'front-office',
    user: alice,
    agent: desk,
    arguments: args,
    clientAddress: '10.1.2.3',
    ...rest,
    tool: { name, toolkit: name.split('_')[0] ?? null, upstream: null, behaviour: writes, scopes: [], ...tool },
    session: session(facts),
  }
}

export function compile(document: unknown): CompiledRules {
  const rules = parseRules(document)
  if (!rules.ok) throw new Error(JSON.stringify(rules.error.evidence))
  return compileRules(rules.value, 'test')
}

/** One condition as the whole user side; the agent side permits. `forbid` adds a permit for everything. */
export function rulesWith(effect: 'permit' | 'forbid', when: unknown): CompiledRules {
  const everything = { id: 'everything', effect: 'permit' }
  const rule = { id: 'rule', effect, when }
  return compile({
    user: effect === 'permit' ? [rule] : [everything, rule],
    agent: [{ id: 'any-agent', effect: 'permit' }],
  })
}

/** `permit`, `deny` by a condition that is false, or `error`: a permit does not permit and a forbid forbids. */
export function verdict(when: unknown, question: Question, at: number = now): 'true' | 'false' | 'error' {
  const permitted = decide(rulesWith('permit', when), question, at).effect === 'permit'
  const forbidden = decide(rulesWith('forbid', when), question, at).effect === 'deny'
  if (permitted && forbidden) return 'true'
  if (!permitted && !forbidden) return 'false'
  if (!permitted && forbidden) return 'error'
  throw new Error('permitted and not forbidden by the same condition')
}

export const termOf = (decision: Decision, name: string): Decision['terms'][number] | undefined =>
  decision.terms.find((term) => term.name === name)
