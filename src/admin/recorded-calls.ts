import type { EventView } from '../audit/audit.ts'
import { listEvents } from '../audit/audit.ts'
import type { Agent, User } from '../core/caller.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import { knownTools } from '../gateways/gateways.ts'
import type { KnownTool, RecordedCall, SessionFacts, Step } from '../policy/policy.ts'
import { readAgents, readUsers } from './principals.ts'
import type { AdminUse } from './route.ts'

export type RecordedCalls = {
  calls: RecordedCall[]
  /** Left out: the person was erased or left, the tool is gone, or the record keeps no arguments. */
  unreadable: number
}

type Story = Pick<SessionFacts, 'startedAt' | 'authenticatedAt'> & { steps: Step[]; taint: string[]; whole: boolean }

/**
 * The last calls at a gateway as questions, oldest first. Who somebody is and what a tool does is as it is now; what the
 * session had done is told by the record itself, as far back as was read; budgets are taken as unspent.
 */
export async function recordedCalls(use: AdminUse, snapshot: Snapshot, last: number): Promise<RecordedCalls> {
  const events = (await readEvents(use, snapshot.slug, last)).toReversed()
  const users = await readUsers(use, [...new Set(events.flatMap(({ user }) => user ?? []))])
  const agents = await readAgents(use)
  const tools = new Map(knownTools(snapshot).map((tool) => [tool.name, tool]))
  const stories = new Map<string, Story>()
  const recorded: RecordedCalls = { calls: [], unreadable: 0 }
  for (const event of events) {
    const story = storyOf(stories, event)
    if (event.type === 'tool.intent' || event.type === 'tool.refused') {
      const call = questionOf(event, story, { users, agents, tools, snapshot })
      if (call === null) recorded.unreadable++
      else recorded.calls.push(call)
    }
    follow(story, event, tools)
  }
  recorded.calls.splice(0, recorded.calls.length - last)
  return recorded
}

const pageSize = 200

async function readEvents({ env, admin }: AdminUse, gateway: string, last: number): Promise<EventView[]> {
  const found: EventView[] = []
  let decided = 0
  let after: Parameters<typeof listEvents>[3]['after'] = null
  do {
    const page = await listEvents(env, admin.project, { gateway }, { after, limit: pageSize, payloads: true })
    found.push(...page.items)
    decided += page.items.filter(({ type }) => type === 'tool.intent' || type === 'tool.refused').length
    after = page.next
  } while (after !== null && decided < last && found.length < last * 4)
  return found
}

function storyOf(stories: Map<string, Story>, event: EventView): Story {
  const session = event.session ?? ''
  const known = stories.get(session)
  // A session under the same name may have begun anew.
  if (known !== undefined && event.type !== 'session.started') return known
  const story = {
    startedAt: event.at,
    authenticatedAt: event.at,
    steps: [],
    taint: [],
    whole: event.type === 'session.started',
  }
  stories.set(session, story)
  return story
}

function follow(
  story: Story,
  { type, tool, at, attributes, outcome, payload }: EventView,
  tools: ReadonlyMap<string, KnownTool>,
): void {
  const known = tool === undefined ? undefined : tools.get(tool)
  if (type === 'tool.intent' && known !== undefined) {
    story.steps.push({
      tool: known.name,
      behaviour: known.behaviour,
      at,
      outcome: 'running',
      arguments: argumentsOf(payload) ?? {},
    })
  }
  if (type !== 'tool.outcome') return
  const step = story.steps.findLast((one) => one.tool === tool && one.outcome === 'running')
  if (step !== undefined)
    story.steps[story.steps.indexOf(step)] = { ...step, outcome: outcome === 'done' ? 'done' : 'failed' }
  const labels = attributes['behalf.taint']
  if (Array.isArray(labels)) story.taint.push(...labels.filter((label) => typeof label === 'string'))
}

type OfferedTool = KnownTool & { inputSchema?: JsonObject }
type Known = {
  users: Map<string, User>
  agents: Map<string, Agent>
  tools: Map<string, OfferedTool>
  snapshot: Snapshot
}

function questionOf(event: EventView, story: Story, { users, agents, tools, snapshot }: Known): RecordedCall | null {
  const user = users.get(event.user ?? '')
  const agent = agents.get(event.agent ?? '')
  const known = tools.get(event.tool ?? '')
  const args = argumentsOf(event.payload)
  if (user === undefined || agent === undefined || known === undefined || args === null) return null
  const { kind, inputSchema: _, ...tool } = known
  const { steps, taint, startedAt, authenticatedAt, whole } = story
  const session = {
    startedAt,
    authenticatedAt,
    steps: [...steps],
    taint: [...taint],
    spent: {},
    forgottenSteps: whole ? 0 : 1,
  }
  const address = addressOf(event.payload)
  const task = event.attributes['behalf.task']
  const external = termOf(event.payload, 'external')
  const approval = termOf(event.payload, 'approval')
  return {
    call: event.call ?? event.id,
    at: event.at,
    ...(event.decision === undefined ? {} : { effect: event.decision }),
    question: {
      gateway: snapshot.slug,
      user,
      agent,
      tool,
      ...(kind === undefined ? {} : { kind }),
      arguments: args,
      session,
      ...(typeof address === 'string' ? { clientAddress: address } : {}),
      ...(typeof task === 'string' ? { task } : {}),
      ...(external
        ? { external: { decision: external.holds ? 'permit' : 'deny', reason: 'as recorded' } as const }
        : {}),
      ...(approval?.holds ? { approved: approval.rules } : {}),
    },
  }
}

function argumentsOf(payload: Json): JsonObject | null {
  const args = isObject(payload) ? payload['arguments'] : undefined
  return isObject(args) ? (args as JsonObject) : null
}

/** What others said then, the approvers and the company's decision point: they are not asked again. */
function termOf(payload: Json, name: 'external' | 'approval'): { holds: boolean; rules: string[] } | null {
  const decision = isObject(payload) ? payload['decision'] : undefined
  const terms = isObject(decision) ? decision['terms'] : undefined
  const term: unknown = Array.isArray(terms) ? terms.find((one) => isObject(one) && one['name'] === name) : undefined
  if (!isObject(term)) return null
  const because: unknown[] = Array.isArray(term['because']) ? term['because'] : []
  const rules = because.flatMap((one) => (isObject(one) && typeof one['rule'] === 'string' ? [one['rule']] : []))
  return { holds: term['holds'] === true, rules }
}

function addressOf(payload: Json): Json | undefined {
  const user = isObject(payload) ? payload['user'] : undefined
  return isObject(user) ? (user['address'] as Json | undefined) : undefined
}
