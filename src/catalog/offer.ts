import type { Behaviour, Tool } from '../core/tool.ts'
import { matches, offeredName, prefixOf } from './naming.ts'
import { ownTools } from './own-tools.ts'
import type { Selection } from './selection.ts'
import type { UpstreamSource } from './upstream-tools.ts'
import { upstreamTools } from './upstream-tools.ts'

/** A tool under the name its source gives it. */
export type SourceTool = { localName: string; tool: Tool }

/** What is known beside our own toolkits: the project's upstreams with their pins. */
export type Sources = { upstreams: readonly UpstreamSource[] }

/** Where in the list of selections, and what is wrong there. */
export type OfferFault = { path: string; message: string }

/**
 * Tools by name order, so that a list never changes without a reason. `faults` are what an administrator has to settle: a
 * source that does not exist, a pattern that matches nothing, two tools of one name. What is at fault is left out: two tools
 * of one name are both hidden (attack case 54).
 */
export type Offer = { tools: Tool[]; faults: OfferFault[] }

export async function offer(selections: readonly Selection[], sources: Sources): Promise<Offer> {
  const faults: OfferFault[] = []
  const byName = new Map<string, { tool: Tool; path: string }[]>()
  const own = await ownTools()
  for (const [i, selection] of selections.entries()) {
    const found = sourceTools(selection, own, sources)
    if (typeof found === 'string') {
      faults.push({ path: `tools[${i}]`, message: found })
      continue
    }
    faults.push(...unmatched(selection, found, i))
    for (const one of select(selection, found)) {
      const name = nameOf(selection, one)
      if (name === null) {
        faults.push({
          path: `tools[${i}]`,
          message: `give ${quote(one.localName)} an alias: its name is too long or has no usable character`,
        })
        continue
      }
      const entry = { tool: { ...one.tool, name, behaviour: behaviourOf(selection, one) }, path: `tools[${i}]` }
      byName.set(name, [...(byName.get(name) ?? []), entry])
    }
  }
  const tools: Tool[] = []
  for (const [name, entries] of byName) {
    const [only, second] = entries
    if (only && !second) tools.push(only.tool)
    if (second) faults.push({ path: second.path, message: `${name} is offered twice; set a prefix or an alias` })
  }
  return { tools: tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)), faults }
}

function sourceTools(
  selection: Selection,
  own: ReadonlyMap<string, readonly SourceTool[]>,
  { upstreams }: Sources,
): readonly SourceTool[] | string {
  if (selection.toolkit !== undefined) {
    return (
      own.get(selection.toolkit) ??
      `there is no toolkit ${quote(selection.toolkit)}; there are ${[...own.keys()].join(', ')}`
    )
  }
  if (selection.upstream !== undefined) {
    const upstream = upstreams.find((one) => one.id === selection.upstream)
    return upstream ? upstreamTools(upstream) : `there is no upstream ${quote(selection.upstream)}; add it first`
  }
  return `tool Workers are not available: ${quote(selection.worker ?? '')}`
}

function select({ include, exclude }: Selection, tools: readonly SourceTool[]): SourceTool[] {
  const among = (patterns: readonly string[], name: string): boolean =>
    patterns.some((pattern) => matches(pattern, name))
  return tools.filter(({ localName }) => among(include, localName) && !among(exclude, localName))
}

/** A name that matches nothing is a typing mistake, and in `exclude` or `behaviour` a dangerous one. */
function unmatched(selection: Selection, tools: readonly SourceTool[], i: number): OfferFault[] {
  const fields = {
    include: selection.include,
    exclude: selection.exclude,
    alias: Object.keys(selection.alias),
    behaviour: Object.keys(selection.behaviour),
  }
  return Object.entries(fields).flatMap(([field, patterns]) =>
    patterns
      .filter((pattern) => pattern !== '*' && !tools.some(({ localName }) => matches(pattern, localName)))
      .map((pattern) => ({
        path: `tools[${i}].${field}`,
        message: `${quote(pattern)} matches no tool${nearest(pattern, tools)}`,
      })),
  )
}

function nearest(pattern: string, tools: readonly SourceTool[]): string {
  const wanted = pattern.toLowerCase().replaceAll('*', '')
  const near = tools
    .map((one) => one.localName)
    .filter((name) => name.toLowerCase().includes(wanted) || wanted.includes(name.toLowerCase()))
  const some = (near.length > 0 ? near : tools.map((one) => one.localName)).slice(0, 5)
  return some.length > 0 ? `; there is ${some.join(', ')}` : ''
}

function nameOf(selection: Selection, { localName }: SourceTool): string | null {
  if (Object.hasOwn(selection.alias, localName)) return selection.alias[localName] ?? null
  const prefix = selection.prefix ?? selection.toolkit ?? prefixOf(selection.upstream ?? selection.worker ?? '')
  return offeredName(prefix, localName)
}

/** Exact names speak last, so that a pattern can be set for all and one tool differ. */
function behaviourOf(selection: Selection, { localName, tool }: SourceTool): Behaviour {
  const entries = Object.entries(selection.behaviour).toSorted(
    ([a], [b]) => Number(!a.includes('*')) - Number(!b.includes('*')),
  )
  const behaviour = { ...tool.behaviour }
  for (const [pattern, override] of entries) {
    if (!matches(pattern, localName)) continue
    if (override.operation !== undefined) behaviour.operation = override.operation
    if (override.destructive !== undefined) behaviour.destructive = override.destructive
    if (override.idempotent !== undefined) behaviour.idempotent = override.idempotent
    if (override.openWorld !== undefined) behaviour.openWorld = override.openWorld
  }
  return behaviour
}

const quote = (text: string): string => JSON.stringify(text)
