import { pathToFileURL } from 'node:url'
import type { Agent, User } from '../src/core/caller.ts'
import type { AgentId, UserId } from '../src/core/ids.ts'
import {
  compileRules,
  couldPermit,
  decide,
  parseRules,
  type CompiledRules,
  type Question,
} from '../src/policy/policy.ts'

export type PolicyFigures = {
  /** By number of rules. Microseconds. */
  decide: Record<string, { medianUs: number; p99Us: number; perSecond: number }>
  /** Median of "could it be permitted?" with 1,000 rules: what one row of a list costs. */
  couldPermitUs: number
  compile1000Ms: number
}

const now = Date.UTC(2026, 10, 20, 10)
const toolkits = ['Github', 'Slack', 'Mail', 'Crm', 'Claims', 'Docs', 'Drive', 'Calendar', 'Tickets', 'Billing']

/**
 * Rules as a company writes them: per team and toolkit a permit, limits of amounts on some tools, forbids on branches and
 * recipients, a few for everybody. About one in twenty is about a given question.
 */
export function sampleRules(count: number): CompiledRules {
  const user: object[] = [
    { id: 'staff-read', effect: 'permit', users: { groups: ['staff'] }, tools: { operations: ['read'] } },
    { id: 'no-taint', effect: 'forbid', tools: { openWorld: true }, when: { taint: 'untrusted:*' } },
  ]
  for (let i = user.length; i < count - 1; i++) {
    const toolkit = toolkits[i % toolkits.length] ?? ''
    const team = `team-${Math.floor(i / 20)}`
    const tools = { names: [i % 4 === 0 ? `${toolkit}_*` : `${toolkit}_Tool${i % 8}`] }
    const rule = { id: `rule-${i}`, users: { groups: [team] }, tools }
    if (i % 5 === 0)
      user.push({ ...rule, effect: 'forbid', when: { argument: 'branch', in: ['main', 'production'], text: 'branch' } })
    else if (i % 7 === 0) user.push({ ...rule, effect: 'limit', limit: { max: 100, per: ['user'], every: 'day' } })
    else
      user.push({
        ...rule,
        effect: 'permit',
        when: {
          all: [
            { argument: 'amount', lte: i },
            { user: 'attributes.level', gte: i % 3 },
          ],
        },
      })
  }
  const agent = [{ id: 'known-agents', effect: 'permit', agents: { trust: ['known', 'trusted'] } }]
  const rules = parseRules({ user, agent })
  if (!rules.ok) throw new Error(JSON.stringify(rules.error.evidence))
  return compileRules(rules.value, 'bench')
}

export function sampleQuestions(rules: number): Question[] {
  const user: User = {
    id: 'u' as UserId,
    kind: 'person',
    issuer: 'https://idp.example',
    subject: 's',
    name: 'Alice',
    groups: [
      'staff',
      'everyone',
      'berlin',
      ...Array.from({ length: 12 }, (_, i) => `team-${Math.floor((i * rules) / 240)}`),
    ],
    attributes: { level: 2 },
  }
  const agent: Agent = {
    id: 'a' as AgentId,
    kind: 'cimd',
    clientId: 'https://desk.example/c.json',
    name: 'Desk',
    host: 'desk.example',
    trust: 'known',
  }
  const steps = Array.from({ length: 100 }, (_, i) => ({
    tool: `Docs_Tool${i % 8}`,
    behaviour: { operation: 'read', destructive: false, idempotent: true, openWorld: false } as const,
    at: now - 100_000 + i,
    outcome: 'done' as const,
  }))
  return toolkits.flatMap((toolkit) =>
    Array.from({ length: 8 }, (_, i): Question => ({
      gateway: 'g',
      user,
      agent,
      tool: {
        name: `${toolkit}_Tool${i}`,
        toolkit,
        upstream: null,
        behaviour: {
          operation: i % 2 === 0 ? 'read' : 'update',
          destructive: false,
          idempotent: false,
          openWorld: i === 3,
        },
        scopes: [],
      },
      arguments: { amount: i * 10, branch: 'feature/x', text: 'A line of text.' },
      session: { startedAt: now - 100_000, authenticatedAt: now - 200_000, steps, taint: [], spent: {} },
      clientAddress: '10.0.0.1',
    })),
  )
}

/** About a second per size. */
export function measurePolicy(sizes: readonly number[] = [10, 100, 1000]): PolicyFigures {
  const figures: PolicyFigures = { decide: {}, couldPermitUs: 0, compile1000Ms: 0 }
  for (const size of sizes) {
    const rules = sampleRules(size)
    const questions = sampleQuestions(size)
    const samples = sample(questions, (question) => void decide(rules, question, now))
    figures.decide[String(size)] = {
      medianUs: percentile(samples, 0.5),
      p99Us: percentile(samples, 0.99),
      perSecond: Math.round(1_000_000 / (samples.reduce((sum, us) => sum + us, 0) / samples.length)),
    }
  }
  const rules = sampleRules(1000)
  const unknown = sampleQuestions(1000).map((question) => ({ ...question, arguments: null }))
  figures.couldPermitUs = percentile(
    sample(unknown, (question) => void couldPermit(rules, question, now)),
    0.5,
  )
  const before = performance.now()
  for (let i = 0; i < 5; i++) sampleRules(1000)
  figures.compile1000Ms = (performance.now() - before) / 5
  return figures
}

/** Microseconds per question, one sample per round of all questions. */
function sample(questions: readonly Question[], run: (question: Question) => void): number[] {
  const round = (): number => {
    const before = performance.now()
    for (const question of questions) run(question)
    return ((performance.now() - before) * 1000) / questions.length
  }
  const until = performance.now() + 300
  while (performance.now() < until) round()
  return Array.from({ length: 500 }, round)
}

function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(JSON.stringify(measurePolicy(), null, 2))
