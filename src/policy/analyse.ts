import type { JsonObject } from '../core/json.ts'
import { argumentFaults } from './argument-faults.ts'
import { covers, type Reach } from './covers.ts'
import type { KnownTool } from './given.ts'
import { matchesGlob, parseGlob } from './glob.ts'
import { namesInRule } from './names-in-rule.ts'
import type { Rule, RulesDocument, Side } from './rule.ts'
import { canHold } from './satisfiable.ts'
import { compileToolSelector } from './select.ts'

/** What there is, as far as it is known. A list that is not given is not checked. */
export type Catalogue = {
  tools: readonly (KnownTool & { inputSchema?: JsonObject })[]
  toolkits?: readonly string[]
  upstreams?: readonly string[]
  groups?: readonly string[]
  agents?: readonly string[]
  gateways?: readonly string[]
}

export type Finding = {
  /** Null: about a tool, not about a rule. */
  rule: string | null
  kind:
    | 'unknown_tool'
    | 'unknown_toolkit'
    | 'unknown_upstream'
    | 'unknown_group'
    | 'unknown_agent'
    | 'unknown_gateway'
    | 'unknown_argument'
    | 'wrong_type'
    | 'no_tool'
    | 'never_holds'
    | 'shadowed'
    | 'redundant'
    | 'unreachable_tool'
  /** One sentence. */
  message: string
}

type Placed = Reach & { side: Side }

/** What is probably a mistake in a document, in its order. Says nothing rather than something false. */
export function analyse(document: RulesDocument, catalogue: Catalogue): Finding[] {
  const placed = (['user', 'agent'] as const).flatMap((side) =>
    document[side].map((rule): Placed => ({ rule, side, tools: toolsOf(rule, catalogue) })),
  )
  return [
    ...placed.flatMap((it) => [
      ...unknownNames(it.rule, catalogue),
      ...deadConditions(it, catalogue),
      ...overshadowed(it, placed),
    ]),
    ...unreachableTools(placed, catalogue),
  ]
}

function toolsOf(rule: Rule, { tools }: Catalogue): ReadonlySet<string> {
  const selects = compileToolSelector(rule)
  return new Set(tools.filter(({ kind, ...tool }) => selects(tool, kind)).map(({ name }) => name))
}

function unknownNames(all: Rule, catalogue: Catalogue): Finding[] {
  const { id: rule, tools, agents, gateways } = all
  const named = namesInRule(all)
  const unknown = (
    kind: Finding['kind'],
    what: string,
    names: readonly string[] | undefined,
    known: readonly string[] | undefined,
  ): Finding[] => {
    const set = new Set(known)
    return known === undefined || names === undefined
      ? []
      : names.filter((name) => !set.has(name)).map((name) => ({ rule, kind, message: `No ${what} ${name} is known.` }))
  }
  const names = catalogue.tools.length === 0 ? [] : named.tools
  const unmatched = names.filter((name) => !catalogue.tools.some((tool) => matchesGlob(parseGlob(name), tool.name)))
  return [
    ...unmatched.map((name): Finding => ({ rule, kind: 'unknown_tool', message: `No tool is called ${name}.` })),
    ...unknown('unknown_toolkit', 'toolkit', tools?.toolkits, catalogue.toolkits),
    ...unknown('unknown_upstream', 'upstream', tools?.upstreams, catalogue.upstreams),
    ...unknown('unknown_group', 'group', named.groups, catalogue.groups),
    ...unknown('unknown_agent', 'agent', agents?.clientIds, catalogue.agents),
    ...unknown('unknown_gateway', 'gateway', gateways, catalogue.gateways),
  ]
}

function deadConditions({ rule, tools }: Placed, catalogue: Catalogue): Finding[] {
  if (catalogue.tools.length === 0) return []
  if (tools.size === 0)
    return [{ rule: rule.id, kind: 'no_tool', message: 'The rule is about no tool that is offered.' }]
  if (rule.when === undefined) return []
  const findings: Finding[] = []
  if (!canHold(rule.when)) {
    findings.push({
      rule: rule.id,
      kind: 'never_holds',
      message: `Its condition contradicts itself, so it never holds${rule.effect === 'permit' ? '' : '; where it cannot be read, it still denies'}.`,
    })
  }
  const schemas = catalogue.tools.filter(({ name }) => tools.has(name)).map(({ inputSchema }) => inputSchema ?? {})
  return [...findings, ...argumentFaults(rule.when, schemas).map((fault) => ({ rule: rule.id, ...fault }))]
}

function overshadowed(it: Placed, all: readonly Placed[]): Finding[] {
  const { rule } = it
  if (it.tools.size === 0 || rule.effect === 'limit') return []
  const forbid = all.find((other) => other.rule.effect === 'forbid' && other !== it && covers(other, it))
  if (forbid !== undefined && rule.effect !== 'forbid') {
    return [{ rule: rule.id, kind: 'shadowed', message: `${forbid.rule.id} forbids all that it is about.` }]
  }
  const same = all.find((other, i) => {
    const before = i < all.indexOf(it)
    const comparable = other.rule.effect === rule.effect && (rule.effect === 'forbid' || other.side === it.side)
    if (other === it || !comparable || rule.effect === 'approve') return false
    // Of two that say the same, the second is the redundant one.
    return covers(other, it) && (before || !covers(it, other))
  })
  return same === undefined
    ? []
    : [{ rule: rule.id, kind: 'redundant', message: `${same.rule.id} says all that it says.` }]
}

function unreachableTools(all: readonly Placed[], { tools }: Catalogue): Finding[] {
  const permitted = (side: Side, tool: string): boolean =>
    all.some((it) => it.side === side && it.rule.effect === 'permit' && it.tools.has(tool))
  const missing = (name: string): string =>
    (['user', 'agent'] as const).filter((side) => !permitted(side, name)).join(' and the ')
  return ['user', 'agent', 'user and the agent'].flatMap((sides): Finding[] => {
    const names = tools.map(({ name }) => name).filter((name) => missing(name) === sides)
    if (names.length === 0) return []
    const shown =
      names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ')
    const message = `Nobody can call ${shown}: there is no permit on the ${sides} side.`
    return [{ rule: null, kind: 'unreachable_tool', message }]
  })
}
