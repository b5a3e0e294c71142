import type { Rule, Side } from '../../src/policy/policy.ts'
import {
  and,
  contains,
  entity,
  equal,
  get,
  globbed,
  has,
  isIn,
  or,
  set,
  value,
  variable,
  type Expr,
} from './expression.ts'
import { hasWildcard } from '../../src/policy/glob.ts'
import { root, types } from './vocabulary.ts'

/** What a rule is about. Selectors never err, so what may be missing is asked for first. */
export function selectorExprs(rule: Rule, side: Side): Expr[] {
  return [...users(rule, root(side, 'user')), ...agents(rule, root(side, 'agent')), ...tools(rule), ...gateways(rule)]
}

const oneOf = (left: Expr, list: readonly string[]): Expr => contains(set(list.map(value)), left)

function users({ users: select }: Rule, user: Expr): Expr[] {
  const parts: Expr[] = []
  if (select?.ids !== undefined) parts.push(oneOf(get(user, 'id'), select.ids))
  if (select?.subjects !== undefined) {
    const [first, ...rest] = select.subjects.map(({ issuer, subject }) =>
      and(equal(get(user, 'issuer'), value(issuer)), equal(get(user, 'subject'), value(subject))),
    )
    if (first !== undefined) parts.push(or(first, ...rest))
  }
  if (select?.groups !== undefined)
    parts.push(isIn(user, set(select.groups.map((group) => entity(types.group, group)))))
  if (select?.issuers !== undefined) parts.push(oneOf(get(user, 'issuer'), select.issuers))
  if (select?.kinds !== undefined) parts.push(oneOf(get(user, 'kind'), select.kinds))
  return parts
}

function agents({ agents: select }: Rule, agent: Expr): Expr[] {
  const parts: Expr[] = []
  if (select?.ids !== undefined) parts.push(oneOf(get(agent, 'id'), select.ids))
  if (select?.clientIds !== undefined) parts.push(oneOf(get(agent, 'clientId'), select.clientIds))
  if (select?.hosts !== undefined) {
    const [first, ...rest] = select.hosts.map((host) => globbed(get(agent, 'host'), host.toLowerCase()))
    const known = and(equal(get(agent, 'kind'), value('cimd')), has(agent, 'host'))
    if (first !== undefined) parts.push(and(known, or(first, ...rest)))
  }
  if (select?.kinds !== undefined) parts.push(oneOf(get(agent, 'kind'), select.kinds))
  if (select?.trust !== undefined) parts.push(oneOf(get(agent, 'trust'), select.trust))
  return parts
}

function tools({ tools: select }: Rule): Expr[] {
  const tool = variable('resource')
  const parts: Expr[] = []
  if (select?.names !== undefined) {
    const exact = select.names.filter((name) => !hasWildcard(name) && !name.includes('\\'))
    const globs = select.names.filter((name) => !exact.includes(name)).map((name) => globbed(get(tool, 'name'), name))
    const [first, ...rest] = [...(exact.length > 0 ? [oneOf(get(tool, 'name'), exact)] : []), ...globs]
    if (first !== undefined) parts.push(or(first, ...rest))
  }
  if (select?.kinds !== undefined) parts.push(oneOf(get(tool, 'kind'), select.kinds))
  for (const [key, attribute] of [
    ['toolkits', 'toolkit'],
    ['upstreams', 'upstream'],
  ] as const) {
    const list = select?.[key]
    if (list !== undefined) parts.push(and(has(tool, attribute), oneOf(get(tool, attribute), list)))
  }
  if (select?.operations !== undefined) parts.push(oneOf(get(tool, 'operation'), select.operations))
  for (const trait of ['destructive', 'idempotent', 'openWorld'] as const) {
    if (select?.[trait] !== undefined) parts.push(equal(get(tool, trait), value(select[trait])))
  }
  return parts
}

const gateways = ({ gateways: list }: Rule): Expr[] =>
  list === undefined ? [] : [oneOf(get(variable('context'), 'gateway'), list)]
