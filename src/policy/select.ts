import type { Question } from './decision.ts'
import { matchesGlob, parseGlob } from './glob.ts'
import type { Rule } from './rule.ts'

export type Select = (question: Question) => boolean

/** Whether a rule is about this person, agent, gateway and tool at all. Selectors read only what is verified, so they cannot err. */
export function compileSelectors(rule: Rule): Select {
  const checks = [...userChecks(rule), ...agentChecks(rule), ...toolChecks(rule)]
  if (rule.gateways !== undefined) {
    const gateways = new Set(rule.gateways)
    checks.push(({ gateway }) => gateways.has(gateway))
  }
  return (question) => {
    for (const check of checks) if (!check(question)) return false
    return true
  }
}

/** The tool part of a rule's selectors alone. */
export function compileToolSelector(
  rule: Pick<Rule, 'tools'>,
): (tool: Question['tool'], kind?: Question['kind']) => boolean {
  const checks = toolChecks(rule)
  return (tool, kind = 'tool') => checks.every((check) => check({ tool, kind }))
}

function userChecks({ users }: Rule): Select[] {
  const checks: Select[] = []
  if (users?.ids !== undefined) {
    const ids = new Set<string>(users.ids)
    checks.push(({ user }) => ids.has(user.id))
  }
  if (users?.subjects !== undefined) {
    const { subjects } = users
    checks.push(({ user }) => subjects.some((s) => s.issuer === user.issuer && s.subject === user.subject))
  }
  if (users?.groups !== undefined) {
    const groups = new Set(users.groups)
    checks.push(({ user }) => user.groups.some((group) => groups.has(group)))
  }
  if (users?.issuers !== undefined) {
    const issuers = new Set(users.issuers)
    checks.push(({ user }) => issuers.has(user.issuer))
  }
  if (users?.kinds !== undefined) {
    const kinds = new Set<string>(users.kinds)
    checks.push(({ user }) => kinds.has(user.kind))
  }
  return checks
}

function agentChecks({ agents }: Rule): Select[] {
  const checks: Select[] = []
  if (agents?.ids !== undefined) {
    const ids = new Set<string>(agents.ids)
    checks.push(({ agent }) => ids.has(agent.id))
  }
  if (agents?.clientIds !== undefined) {
    const clientIds = new Set(agents.clientIds)
    checks.push(({ agent }) => clientIds.has(agent.clientId))
  }
  if (agents?.hosts !== undefined) {
    const hosts = agents.hosts.map((host) => parseGlob(host.toLowerCase()))
    // Only a CIMD client id is fetched from its host; any other client may claim what it likes.
    checks.push(
      ({ agent }) =>
        agent.kind === 'cimd' && agent.host !== undefined && hosts.some((h) => matchesGlob(h, agent.host ?? '')),
    )
  }
  if (agents?.kinds !== undefined) {
    const kinds = new Set<string>(agents.kinds)
    checks.push(({ agent }) => kinds.has(agent.kind))
  }
  if (agents?.trust !== undefined) {
    const trust = new Set<string>(agents.trust)
    checks.push(({ agent }) => trust.has(agent.trust))
  }
  return checks
}

function toolChecks({ tools }: Pick<Rule, 'tools'>): ((question: Pick<Question, 'tool' | 'kind'>) => boolean)[] {
  const checks: ((question: Pick<Question, 'tool' | 'kind'>) => boolean)[] = []
  if (tools === undefined) return checks
  if (tools.names !== undefined) {
    const globs = tools.names.map(parseGlob)
    checks.push(({ tool }) => globs.some((glob) => matchesGlob(glob, tool.name)))
  }
  if (tools.kinds !== undefined) {
    const kinds = new Set<string>(tools.kinds)
    checks.push(({ kind }) => kinds.has(kind ?? 'tool'))
  }
  if (tools.toolkits !== undefined) {
    const toolkits = new Set(tools.toolkits)
    checks.push(({ tool }) => tool.toolkit !== null && toolkits.has(tool.toolkit))
  }
  if (tools.upstreams !== undefined) {
    const upstreams = new Set(tools.upstreams)
    checks.push(({ tool }) => tool.upstream !== null && upstreams.has(tool.upstream))
  }
  if (tools.operations !== undefined) {
    const operations = new Set<string>(tools.operations)
    checks.push(({ tool }) => operations.has(tool.behaviour.operation))
  }
  for (const trait of ['destructive', 'idempotent', 'openWorld'] as const) {
    const wanted = tools[trait]
    if (wanted !== undefined) checks.push(({ tool }) => tool.behaviour[trait] === wanted)
  }
  return checks
}
