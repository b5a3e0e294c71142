import type { EntityUidJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { ruleSchema, type Rule, type Side } from '../../src/policy/policy.ts'
import { Fault } from '../command.ts'
import { parsePolicies } from './cedar.ts'
import type { Expr } from './expression.ts'
import { importConditions } from './import-condition.ts'
import { takeSelectors, type Selectors } from './import-selectors.ts'
import { argumentOf, binary, flatten, placeOf } from './read-expression.ts'
import { types } from './vocabulary.ts'

/**
 * Cedar text as rules of one side. Everything has to be understood: a policy with a part that has no word here is refused
 * as a whole, with the part. Throws a `Fault`.
 */
export function importRules(text: string, side: Side): Rule[] {
  return parsePolicies(text).map((policy, i) => {
    const id = policy.annotations?.['id'] ?? `policy-${i + 1}`
    try {
      return importPolicy(policy, id, side)
    } catch (cause) {
      if (cause instanceof Fault) throw new Fault(`${id}: ${cause.message}`)
      throw cause
    }
  })
}

function importPolicy(policy: PolicyJson, id: string, side: Side): Rule {
  const { approval, description, help } = policy.annotations ?? {}
  const selectors: Selectors = { users: {}, agents: {}, tools: {}, gateways: null }
  scope(policy, side, selectors)
  const parts = policy.conditions.flatMap(({ kind, body }) =>
    kind === 'when' ? flatten(body, '&&') : [{ '!': { arg: body } } as Expr],
  )
  const own = approval === undefined ? parts : parts.filter((part) => !asksApproval(part, side))
  const conditions = importConditions(takeSelectors(own, side, selectors), side)
  const { users, agents, tools, gateways } = selectors
  const rule = ruleSchema.safeParse({
    id,
    effect: approval === undefined ? policy.effect : 'approve',
    ...(description === undefined ? {} : { description }),
    ...(Object.keys(users).length === 0 ? {} : { users }),
    ...(Object.keys(agents).length === 0 ? {} : { agents }),
    ...(gateways === null ? {} : { gateways }),
    ...(Object.keys(tools).length === 0 ? {} : { tools }),
    ...(conditions.length === 0 ? {} : { when: conditions.length === 1 ? conditions[0] : { all: conditions } }),
    ...(approval === undefined ? {} : { approval: readJson(approval) }),
    ...(help === undefined ? {} : { help }),
  })
  if (rule.success) return rule.data
  throw new Fault(rule.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

/** What stands between the brackets of `permit(...)`. */
function scope({ principal, action, resource }: PolicyJson, side: Side, into: Selectors): void {
  const list = side === 'user' ? into.users : into.agents
  if (principal.op === '==' && 'entity' in principal) list['ids'] = [uid(principal.entity, types[side])]
  else if (principal.op === 'in' && 'entity' in principal && side === 'user')
    list['groups'] = [uid(principal.entity, types.group)]
  else if (
    principal.op !== 'All' &&
    !(principal.op === 'is' && principal.entity_type === types[side] && principal.in === undefined)
  ) {
    throw new Fault('This kind of principal has no selector.')
  }
  if (
    action.op !== 'All' &&
    !(action.op === '==' && 'entity' in action && uid(action.entity, 'Behalf::Action') === 'call')
  ) {
    throw new Fault('The only action is Behalf::Action::"call".')
  }
  if (resource.op === '==' && 'entity' in resource)
    into.tools['names'] = [uid(resource.entity, types.tool).replace(/[\\*]/g, '\\$&')]
  else if (
    resource.op !== 'All' &&
    !(resource.op === 'is' && resource.entity_type === types.tool && resource.in === undefined)
  ) {
    throw new Fault('This kind of resource has no selector.')
  }
}

function uid(entity: EntityUidJson, type: string): string {
  const plain = '__entity' in entity ? entity.__entity : entity
  if (plain.type !== type) throw new Fault(`${plain.type} is not ${type}.`)
  return plain.id
}

function asksApproval(part: Expr, side: Side): boolean {
  const inner = argumentOf(part, '!')
  const both = inner === null ? null : binary(inner, 'contains')
  const place = both === null ? null : placeOf(both.left, side)
  return place?.subject === 'context' && place.names.join('.') === 'approved'
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Fault('The annotation approval is not JSON.')
  }
}
