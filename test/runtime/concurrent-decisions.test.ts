import { describe, expect, it } from 'vitest'
import type { CallReply } from '../../src/core/call.ts'
import type { CallId, GatewayId, GrantId, ProjectId } from '../../src/core/ids.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { ok } from '../../src/core/result.ts'
import type { Tool } from '../../src/core/tool.ts'
import { argumentsToRemember, couldPermit, decide, takeCharges } from '../../src/policy/policy.ts'
import type { Charge, CompiledRules, Counter, SessionFacts, Step } from '../../src/policy/policy.ts'
import type { Facts, Runtime, ToolCall } from '../../src/runtime/runtime.ts'
import { callTool, screenCall } from '../../src/runtime/runtime.ts'
import { alice, compile, desk, now, session, writes } from '../policy/questions.ts'

const tool: Tool = {
  name: 'Claims_Pay',
  title: 'Pay',
  description: '',
  inputSchema: { type: 'object' },
  behaviour: writes,
  source: { kind: 'upstream', upstream: 'claims', remoteName: 'pay' },
  secrets: [],
  sensitive: [],
  definitionHash: '',
}

/** A session's memory without storage. */
class Memory implements Facts {
  readonly counters: Record<string, Counter> = {}
  readonly steps: Step[] = []
  revision = 0
  read(): SessionFacts {
    return session({ steps: this.steps })
  }
  async charge(charges: readonly Charge[]) {
    const taken = takeCharges((key) => this.counters[key], charges, now)
    if (taken.ok) Object.assign(this.counters, taken.counters)
    this.revision++
    return taken.ok ? ok(null) : { ok: false as const, error: { code: 'policy/limit_reached' as const } }
  }
  async refund(charges: readonly Charge[]): Promise<void> {
    for (const { key, amount } of charges) {
      const counter = this.counters[key]
      if (counter !== undefined) counter.spent -= amount
    }
  }
  begin({ name }: ToolCall, { behaviour }: Tool, at: number, remember?: JsonObject): void {
    this.revision++
    this.steps.push({ tool: name, behaviour, at, outcome: 'running', ...(remember ? { arguments: remember } : {}) })
  }
  end(): void {}
  taint(): void {}
}

function runtime(rules: CompiledRules): Runtime & { facts: Memory; ran: JsonObject[] } {
  const ran: JsonObject[] = []
  return {
    now: () => now,
    gateway: {
      slug: 'front-office',
      version: 1,
      tools: [tool],
      things: {
        prompts: [],
        resources: [],
        templates: [],
        prompt: () => undefined,
        template: () => undefined,
        resource: () => undefined,
      },
      find: () => tool,
      decide: (question, at) => decide(rules, question, at),
      couldPermit: (question, at) => couldPermit(rules, question, at),
      narrow: (_, narrowed) => narrowed,
      readsTaint: rules.readsTaint,
      readsSteps: rules.readsSteps,
      decisionPoint: null,
      screening: () => null,
      remember: (args) => argumentsToRemember(rules, args),
    },
    facts: new Memory(),
    record: { refused: () => undefined, intent: () => undefined, outcome: () => undefined },
    // As long as a vault may take: every call has been decided before the first goes on.
    credentials: { lease: async () => new Promise((resolve) => setImmediate(() => resolve(ok(null)))) },
    approvals: { find: () => Promise.reject(new Error('not asked')), spend: () => ok(null) },
    runner: {
      run: async (_, __, args) => {
        ran.push(args)
        return ok({ kind: 'output', output: { content: [] } })
      },
    },
    askDecisionPoint: async () => ({ decision: 'permit' }),
    screen: (plan, call) => screenCall(plan, call, { secrets: () => [] }),
    ran,
  }
}

function calls(use: Runtime, args: JsonObject[]): Promise<CallReply[]> {
  const caller = {
    project: 'p' as ProjectId,
    gateway: 'g' as GatewayId,
    user: alice,
    agent: desk,
    grant: 'grant' as GrantId,
    readAt: now,
    authenticatedAt: now,
    expiresAt: now + 1,
  }
  const features = { era: 'modern' as const, protocolVersion: '2026-07-28', elicitationUrl: true, capabilities: {} }
  const signal = new AbortController().signal
  const call = (one: JsonObject, i: number): ToolCall => {
    return { id: `call-${i}` as CallId, caller, features, name: tool.name, arguments: one, signal }
  }
  return Promise.all(args.map((one, i) => callTool(call(one, i), use)))
}

const rulesWith = (rule: object): CompiledRules =>
  compile({ user: [{ id: 'all', effect: 'permit' }, rule], agent: [{ id: 'any-agent', effect: 'permit' }] })
const fifty = (args: (i: number) => JsonObject): JsonObject[] => Array.from({ length: 50 }, (_, i) => args(i))

describe('fifty calls at once', () => {
  it('of which a limit of 3 lets 3 through', async () => {
    const use = runtime(rulesWith({ id: 'three', effect: 'limit', limit: { max: 3 } }))
    await calls(
      use,
      fifty(() => ({})),
    )
    expect(use.ran).toHaveLength(3)
  })

  it('of which a count of steps lets 3 through', async () => {
    const when = { steps: { tools: ['Claims_Pay'] }, count: { gte: 3 } }
    const use = runtime(rulesWith({ id: 'three', effect: 'forbid', when }))
    const replies = await calls(
      use,
      fifty(() => ({})),
    )
    expect(use.ran).toHaveLength(3)
    expect(replies.filter((reply) => reply.kind === 'refused' && reply.error.code === 'policy/denied')).toHaveLength(47)
  })

  it('of which each claim is paid once', async () => {
    const when = { after: { tools: ['Claims_Pay'], sameArguments: ['claim'], outcome: 'any' } }
    const use = runtime(rulesWith({ id: 'once', effect: 'forbid', when }))
    await calls(
      use,
      fifty((i) => ({ claim: `c-${i % 5}` })),
    )
    expect(new Set(use.ran.map(({ claim }) => claim))).toEqual(new Set(['c-0', 'c-1', 'c-2', 'c-3', 'c-4']))
    expect(use.ran).toHaveLength(5)
  })

  it('gives back the budget of a call that another one excluded', async () => {
    const rules = compile({
      user: [
        { id: 'all', effect: 'permit' },
        { id: 'budget', effect: 'limit', limit: { max: 40 } },
        { id: 'once', effect: 'forbid', when: { after: { tools: ['Claims_Pay'], outcome: 'any' } } },
      ],
      agent: [{ id: 'any-agent', effect: 'permit' }],
    })
    const use = runtime(rules)
    await calls(
      use,
      fifty(() => ({})),
    )
    expect(use.ran).toHaveLength(1)
    expect(Object.values(use.facts.counters)).toMatchObject([{ spent: 1 }])
  })
})
