import type { CedarValueJson, EntityJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Json } from '../../src/core/json.ts'
import type { Question, Side } from '../../src/policy/policy.ts'
import { cedar } from './cedar.ts'
import { callAction, types } from './vocabulary.ts'

/**
 * Asks Cedar the question of one side. Its own answer is not enough: a forbid that errs is skipped, so an error in
 * one denies here (in a permit it is no permit, as it is).
 */
export function cedarAllows(
  policies: Record<string, PolicyJson>,
  side: Side,
  question: Question,
  now: number,
): boolean {
  const user = { type: types.user, id: question.user.id }
  const agent = { type: types.agent, id: question.agent.id }
  const tool = { type: types.tool, id: question.tool.name }
  const answer = cedar().isAuthorized({
    principal: side === 'user' ? user : agent,
    action: callAction,
    resource: tool,
    context: contextOf(question, now, side === 'user' ? { agent: { __entity: agent } } : { user: { __entity: user } }),
    policies: { staticPolicies: policies },
    entities: entitiesOf(question, { user, agent, tool }),
  })
  // A request that Cedar cannot read is denied.
  if (answer.type === 'failure') return false
  const { decision, diagnostics } = answer.response
  const forbidErred = diagnostics.errors.some(({ policyId }) => policies[policyId]?.effect === 'forbid')
  return decision === 'allow' && !forbidErred
}

type Uid = { type: string; id: string }

function contextOf(
  question: Question,
  now: number,
  other: Record<string, CedarValueJson>,
): Record<string, CedarValueJson> {
  const { session, connection, clientAddress, task } = question
  const context: Record<string, CedarValueJson> = {
    ...other,
    now,
    gateway: question.gateway,
    arguments: record(question.arguments ?? {}),
    approved: [...(question.approved ?? [])],
    session: { startedAt: session.startedAt, authenticatedAt: session.authenticatedAt, taint: [...session.taint] },
  }
  if (connection !== undefined) context['connection'] = { ...connection, scopes: [...connection.scopes] }
  if (task !== undefined) context['task'] = task
  if (clientAddress !== undefined && isAddress(clientAddress))
    context['address'] = { __extn: { fn: 'ip', arg: clientAddress } }
  return context
}

const isAddress = (text: string): boolean =>
  cedar().checkParseContext({ context: { a: { __extn: { fn: 'ip', arg: text } } } }).type === 'success'

function entitiesOf(
  { user, agent, tool, kind = 'tool' }: Question,
  uid: Record<'user' | 'agent' | 'tool', Uid>,
): EntityJson[] {
  const { groups, attributes, ...person } = user
  const { behaviour, toolkit, upstream, name } = tool
  const groupUid = (id: string): Uid => ({ type: types.group, id })
  return [
    {
      uid: uid.user,
      attrs: { ...person, groups: [...groups], attributes: record(attributes) },
      parents: groups.map(groupUid),
    },
    { uid: uid.agent, attrs: { ...agent }, parents: [] },
    {
      uid: uid.tool,
      attrs: {
        name,
        kind,
        ...behaviour,
        ...(toolkit === null ? {} : { toolkit }),
        ...(upstream === null ? {} : { upstream }),
      },
      parents: [],
    },
    ...[...new Set(groups)].map((id) => ({ uid: groupUid(id), attrs: {}, parents: [] })),
  ]
}

/** Stands for what Cedar has no value for. It is there, and everything that is asked of it errs. */
const unreadable: CedarValueJson = {}

/** Names that Cedar's JSON reads as something else than data. */
const escapes = new Set(['__entity', '__extn', '__expr'])

const deepest = 32

function record(from: Readonly<Record<string, Json>>, depth = 0): CedarValueJson {
  // Cedar's reader runs out of stack on deep values.
  if (depth > deepest || Object.keys(from).some((name) => escapes.has(name))) return unreadable
  return Object.fromEntries(
    Object.entries(from).flatMap(([name, value]) => (value === null ? [] : [[name, cedarValue(value, depth)]])),
  )
}

function cedarValue(value: Json, depth: number): CedarValueJson {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : unreadable
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value)) return record(value, depth + 1)
  if (depth > deepest) return unreadable
  return value.map((item) => (item === null ? unreadable : cedarValue(item, depth + 1)))
}
