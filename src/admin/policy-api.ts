import { z } from 'zod'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import {
  compileSnapshot,
  isAssigned,
  knownTools,
  loadSnapshot,
  parseDocument,
  readHeadBySlug,
  readUpstreams,
} from '../gateways/gateways.ts'
import type { External } from '../policy/policy.ts'
import { compileRules, explain, givenSchema, GivenWorld, simulate, whoCan } from '../policy/policy.ts'
import { afterText, pageOf, pageQuery, toPage } from './paging.ts'
import { findAgent, findUser, listActiveUsers, listAgents, mostAgents } from './principals.ts'
import { recordedCalls } from './recorded-calls.ts'
import { recordRead } from './record-read.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { readRoute } from './route.ts'

const params = z.strictObject({ name: z.string().min(1).max(64) })
const document = z.looseObject({}).describe('A draft of the gateway document, as JSON. Without it: the live version.')
const effect = z.enum(['permit', 'deny', 'approve'])

const reason = z.object({
  rule: z.string().nullable(),
  effect: z.string().nullable(),
  outcome: z.string(),
  clause: z.string().optional(),
  expected: z.json().optional(),
  actual: z.json().optional(),
})
const decision = z.object({
  effect,
  version: z.string(),
  terms: z.array(z.object({ name: z.string(), holds: z.boolean(), because: z.array(reason) })),
  rules: z.array(z.string()),
  refusal: z.string().optional(),
  help: z.string().optional(),
})
const change = z.object({ term: z.string(), rule: z.string().nullable(), what: z.string(), enough: z.boolean() })

const access = z.object({
  user: z.string(),
  name: z.string(),
  agent: z.string(),
  clientId: z.string(),
  may: z.enum(['always', 'sometimes', 'approval']),
  rules: z.array(z.string()),
})

const flip = z.object({
  from: effect,
  to: effect,
  tool: z.string(),
  agent: z.string(),
  rules: z.array(z.string()),
  calls: z.int(),
  users: z.int(),
  examples: z.array(z.string()),
})

/** Ask and try: what would be decided, what a draft would change, and who can call what. Nothing here decides a call. */
export const policyRoutes: readonly AdminRoute[] = [
  readRoute({
    method: 'POST',
    path: '/gateways/{name}/explain',
    summary: 'What would be decided for a person through an agent, and what would change it',
    role: 'auditor',
    params,
    body: z.strictObject({ given: givenSchema, document: document.optional() }),
    reply: z.object({ decision, listed: z.boolean(), changes: z.array(change) }),
    async read({ params: { name }, body }, use) {
      const snapshot = await snapshotOf(name, body.document, use)
      if (!snapshot.ok) return snapshot
      const { given } = body
      const user = typeof given.user === 'string' ? await findUser(use, given.user) : (given.user ?? null)
      const agent = typeof given.agent === 'string' ? await findAgent(use, given.agent) : (given.agent ?? null)
      if (user === null) return refuse('core/bad_request', { message: 'given.user: nobody is known by this id.' })
      if (agent === null) return refuse('core/bad_request', { message: 'given.agent: no agent is known by this id.' })
      const recorded = await recordRead(use, `gateways/${name}/explain`, { given })
      if (!recorded.ok) return recorded
      const now = given.at === undefined ? use.now() : Date.parse(given.at)
      const rules = compileRules(snapshot.value.rules, `${name}@${snapshot.value.version}`)
      const known = byName(snapshot.value)
      const world = new GivenWorld({ cases: [] }, rules, known)
      const asked = { ...given, user: { ...user, groups: [...(user.groups ?? [])] }, agent, gateway: name }
      const question = world.question(asked, given.tool ?? '', given.arguments ?? {}, world.session(given, now), now)
      const offered = known.has(given.tool ?? '') && isAssigned(snapshot.value, question)
      const external = question.external ?? assumed(snapshot.value)
      const {
        decision: decided,
        listed,
        changes,
      } = explain(rules, { ...question, offered, ...(external ? { external } : {}) }, now)
      return ok({ decision: { ...decided, rules: [...decided.rules], terms: termsOf(decided.terms) }, listed, changes })
    },
  }),
  readRoute({
    method: 'POST',
    path: '/gateways/{name}/simulate',
    summary: 'What a draft would have decided on the last recorded calls, against the live version',
    role: 'auditor',
    params,
    body: z.strictObject({ document, last: z.int().min(1).max(2000).default(500) }),
    reply: z.object({
      calls: z.int(),
      same: z.int(),
      flips: z.array(flip),
      notReproduced: z.int(),
      unreadable: z.int(),
      asked: z.int(),
    }),
    async read({ params: { name }, body }, use) {
      const live = await snapshotOf(name, undefined, use)
      if (!live.ok) return live
      const draft = await snapshotOf(name, body.document, use)
      if (!draft.ok) return draft
      const recorded = await recordRead(use, `gateways/${name}/simulate`, { last: body.last })
      if (!recorded.ok) return recorded
      const { calls, unreadable } = await recordedCalls(use, live.value, body.last)
      const found = simulate(compileRules(live.value.rules), compileRules(draft.value.rules), calls)
      const flips = found.flips.map((one) => ({ ...one, rules: [...one.rules] }))
      return ok({ ...found, flips, unreadable, asked: body.last })
    },
  }),
  readRoute({
    path: '/gateways/{name}/who-can',
    summary: `Who can call a tool, through which of the last ${mostAgents} agents. One page of people at a time`,
    role: 'auditor',
    params,
    query: pageQuery.extend({ tool: z.string().min(1).max(2000) }),
    reply: pageOf(access),
    async read({ params: { name }, query }, use) {
      const snapshot = await snapshotOf(name, undefined, use)
      if (!snapshot.ok) return snapshot
      const known = byName(snapshot.value).get(query.tool)
      if (known === undefined) return refuse('core/not_found', { message: `${name} offers no ${query.tool}.` })
      const { kind = 'tool', inputSchema: _, ...tool } = known
      const users = await listActiveUsers(use, afterText(query.cursor), query.limit + 1)
      const { items: people, nextCursor } = toPage(users, query.limit, ({ id }) => id)
      const agents = await listAgents(use)
      const rules = compileRules(snapshot.value.rules)
      const items = people.flatMap((user) => {
        const through = agents.filter((agent) => isAssigned(snapshot.value, { user, agent }))
        return whoCan(rules, { gateway: name, tool, kind }, { users: [user], agents: through }, use.now()).map(
          (row) => ({
            ...row,
            name: user.name,
            clientId: through.find(({ id }) => id === row.agent)?.clientId ?? '',
          }),
        )
      })
      return ok({ items, nextCursor })
    },
  }),
]

/** Asking it here would tell it of a call that nobody makes. `given.decisionPoint` says what to assume instead. */
function assumed({ decisionPoint }: Snapshot): External | null {
  if (decisionPoint === null) return null
  return {
    decision: 'permit',
    source: new URL(decisionPoint.url).host,
    reason: 'assumed, it is asked when a call is made',
  }
}

const byName = (snapshot: Snapshot) => new Map(knownTools(snapshot).map((tool) => [tool.name, tool]))

const termsOf = (terms: ReturnType<typeof explain>['decision']['terms']) =>
  terms.map((term) => ({ ...term, because: term.because.map((one) => ({ ...one })) }))

async function snapshotOf(name: string, draft: unknown, use: AdminUse): Promise<Result<Snapshot>> {
  const { db, admin, env } = use
  const head = await readHeadBySlug(db, admin.project, name)
  if (!head) return refuse('core/not_found')
  if (draft === undefined) return loadSnapshot(env, admin.project, head.gateway, head.version)
  const parsed = parseDocument(draft)
  if (!parsed.ok) return parsed
  if (parsed.value.name !== name) return refuse('core/bad_request', { message: `document.name: is not ${name}.` })
  const of = { project: admin.project, gateway: head.gateway, version: head.version + 1 }
  return compileSnapshot(parsed.value, { upstreams: await readUpstreams(db, admin.project) }, of, { strict: false })
}
