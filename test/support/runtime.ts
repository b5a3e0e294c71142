import type { JsonObject } from '../../src/core/json.ts'
import type { CallId } from '../../src/core/ids.ts'
import { ok } from '../../src/core/result.ts'
import type { Tool } from '../../src/core/tool.ts'
import { parseDocument } from '../../src/gateways/document.ts'
import type { Snapshot } from '../../src/gateways/gateways.ts'
import type { Charge } from '../../src/policy/policy.ts'
import { takeCharges } from '../../src/policy/policy.ts'
import type { OwnConnection, OwnUse, RecordEntry, Runtime, ToolCall } from '../../src/runtime/runtime.ts'
import { findingOf, offerGateway, screenCall } from '../../src/runtime/runtime.ts'
import { callerNamed } from './fake-front.ts'

export const permitAll = { user: [{ id: 'people', effect: 'permit' }], agent: [{ id: 'agents', effect: 'permit' }] }

/** A compiled snapshot of these tools, without a database. */
export function snapshotOf(tools: readonly Tool[], document: object = {}): Snapshot {
  const parsed = parseDocument({ kind: 'Gateway', name: 'eng', for: { everyone: true }, rules: permitAll, ...document })
  if (!parsed.ok) throw new Error(parsed.error.message)
  const { kind: _, name, tools: _tools, rules, ...settings } = parsed.value
  const upstreams: Snapshot['upstreams'] = []
  return {
    ...settings,
    rules: { ...rules, version: 'eng@1' },
    slug: name,
    version: 1,
    project: 'project',
    gateway: 'gateway-eng',
    tools: [...tools].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    prompts: [],
    resources: [],
    templates: [],
    upstreams,
  } as unknown as Snapshot
}

export type Recorded = { type: 'intent' | 'outcome' | 'refused'; call: ToolCall; entry: RecordEntry }

/** A session's runtime in memory. Every tool answers with its name and arguments. */
export function fakeRuntime(snapshot: Snapshot, more: Partial<Runtime> = {}) {
  const recorded: Recorded[] = []
  const ran: { name: string; args: JsonObject; call: ToolCall }[] = []
  const counters = new Map<string, { spent: number; resetsAt: number | null }>()
  const now = 1_800_000_000_000
  const keep = (type: Recorded['type']) => (call: ToolCall, entry: RecordEntry) =>
    void recorded.push({ type, call, entry })
  const use: Runtime = {
    now: () => now,
    gateway: offerGateway(snapshot),
    facts: {
      read: () => ({ startedAt: now, authenticatedAt: now, steps: [], taint: [], spent: {} }),
      revision: 0,
      async charge(charges: readonly Charge[]) {
        const taken = takeCharges((key) => counters.get(key), charges, now)
        if (!taken.ok) return { ok: false, error: { code: 'policy/limit_reached' } }
        for (const [key, counter] of Object.entries(taken.counters)) counters.set(key, counter)
        return ok(null)
      },
      async refund() {},
      begin() {},
      end() {},
      taint() {},
    },
    record: { intent: keep('intent'), outcome: keep('outcome'), refused: keep('refused') },
    credentials: { lease: async () => ok(null) },
    approvals: {
      find: async () => ({ ok: false, error: { code: 'policy/approval_required' } }),
      spend: () => ok(null),
    },
    runner: {
      async run(call, { name }, args) {
        ran.push({ name, args, call })
        return ok({ kind: 'output', output: { content: [{ type: 'text', text: `${name} ${JSON.stringify(args)}` }] } })
      },
    },
    askDecisionPoint: async () => ({ decision: 'permit' }),
    screen: (plan, call) => screenCall(plan, call, { secrets: () => [] }),
    ...more,
  }
  const accounts: OwnConnection[] = []
  const reports: JsonObject[] = []
  const own: OwnUse = {
    finding: findingOf(snapshot),
    connections: {
      list: async () => accounts,
      connectLink: async (_, { provider, scopes }) => ok(`https://behalf.test/connect/${provider}?${scopes.join('+')}`),
      accountLink: async (_, wants, { id }) => `https://behalf.test/${wants}/${id}`,
    },
    async report(_, report) {
      reports.push(report)
      return ok(null)
    },
  }
  return { use, own, recorded, ran, accounts, reports }
}

export function callOf(name: string, args: JsonObject = {}, more: Partial<ToolCall> = {}): ToolCall {
  return {
    id: 'call-1' as CallId,
    caller: callerNamed('alice'),
    features: { era: 'modern', protocolVersion: '2026-07-28', elicitationUrl: false, capabilities: {} },
    name,
    arguments: args,
    signal: new AbortController().signal,
    ...more,
  }
}
