import type { OfferedPrompt, OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Behaviour, Tool } from '../core/tool.ts'
import { isToolWorker } from '../core/tool-worker.ts'
import { matches, nameKey, offeredName, prefixOf } from './naming.ts'
import type { OfferedUpstream } from './offered-upstream.ts'
import { offeredUpstream } from './offered-upstream.ts'
import { ownTools } from './own-tools.ts'
import type { Selection } from './selection.ts'
import { Unique } from './unique.ts'
import type { UpstreamSource } from './upstream-tools.ts'
import { workerTools } from './worker-tools.ts'
import { upstreamPrompts, upstreamResources, upstreamTemplates, upstreamTools } from './upstream-tools.ts'

/** A tool under the name its source gives it. */
export type SourceTool = { localName: string; tool: Tool }

/** What is known beside our own toolkits: the project's upstreams with their pins. */
export type Sources = { upstreams: readonly UpstreamSource[] }

/** Where in the list of selections, and what is wrong there. */
export type OfferFault = { path: string; message: string }

/**
 * In order of name, so that a list never changes without a reason. `faults` are what an administrator has to settle: a
 * source that does not exist, a pattern that matches nothing, two things of one name. What is at fault is left out: two
 * tools of one name are both hidden (attack case 54).
 */
export type Offer = {
  tools: Tool[]
  prompts: OfferedPrompt[]
  resources: OfferedResource[]
  templates: OfferedTemplate[]
  upstreams: OfferedUpstream[]
  faults: OfferFault[]
}

/** `reserved`: names of the gateway's own tools. A tool from elsewhere that has one is left out, or it could answer in its place. */
export async function offer(
  selections: readonly Selection[],
  sources: Sources,
  reserved: readonly string[] = [],
): Promise<Offer> {
  const faults: OfferFault[] = []
  const tools = new Unique<Tool>(faults)
  const rest = { prompts: new Unique<OfferedPrompt>(faults), resources: new Unique<OfferedResource>(faults) }
  const templates = new Unique<OfferedTemplate>(faults)
  const upstreams = new Map<string, OfferedUpstream>()
  const own = await ownTools()
  for (const [i, selection] of selections.entries()) {
    const path = `tools[${i}]`
    const found = sourceTools(selection, own, sources)
    if (typeof found === 'string') {
      faults.push({ path, message: found })
      continue
    }
    const prefix = prefixFor(selection, selections.length === 1)
    faults.push(...unmatched(selection, found, i))
    for (const one of select(selection, found)) {
      const name = nameOf(selection, prefix, one.localName)
      if (name === null) {
        const message = `give ${quote(one.localName)} an alias: its name has no usable character`
        faults.push({ path, message })
        continue
      }
      if (reserved.includes(nameKey(name))) {
        const message = `give ${quote(one.localName)} an alias: ${name} is a tool of the gateway itself (see finding)`
        faults.push({ path, message })
        continue
      }
      tools.add(nameKey(name), name, { ...one.tool, name, behaviour: behaviourOf(selection, one) }, path)
    }
    const upstream = sources.upstreams.find((one) => one.id === (selection.upstream ?? selection.worker))
    if (!upstream?.enabled) continue
    upstreams.set(upstream.id, offeredUpstream(upstream))
    for (const prompt of upstreamPrompts(upstream)) {
      const name = offeredName(prefix, prompt.remoteName)
      if (name === null || !chosen(selection, 'prompts', prompt.remoteName)) continue
      rest.prompts.add(nameKey(name), name, { ...prompt, name }, path)
    }
    for (const one of upstreamResources(upstream)) {
      if (chosen(selection, 'resources', one.uri)) rest.resources.add(one.uri, one.uri, one, path)
    }
    for (const one of upstreamTemplates(upstream)) {
      if (chosen(selection, 'resources', one.uriTemplate)) templates.add(one.uriTemplate, one.uriTemplate, one, path)
    }
  }
  return {
    tools: tools.sorted(),
    prompts: rest.prompts.sorted(),
    resources: rest.resources.sorted(),
    templates: templates.sorted(),
    upstreams: [...upstreams.values()],
    faults,
  }
}

/** Prompts and resources come with all of an upstream's tools, and otherwise when they are asked for. */
function chosen(selection: Selection, what: 'prompts' | 'resources', name: string): boolean {
  const patterns = selection[what] ?? (selection.include.includes('*') ? ['*'] : [])
  return patterns.some((pattern) => matches(pattern, name))
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
    if (upstream && isToolWorker(upstream.url)) return `${quote(selection.upstream)} is a tool Worker: say worker`
    return upstream ? upstreamTools(upstream) : `there is no upstream ${quote(selection.upstream)}; add it first`
  }
  const worker = upstreams.find((one) => one.id === selection.worker && isToolWorker(one.url))
  return worker ? workerTools(worker) : `there is no tool Worker ${quote(selection.worker ?? '')}; add it first`
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

/** Our toolkits always carry their name. Another source's tools go without a prefix where it is the only source. */
function prefixFor(selection: Selection, sole: boolean): string {
  if (selection.prefix !== null) return selection.prefix
  if (selection.toolkit !== undefined) return selection.toolkit
  return sole ? '' : prefixOf(selection.upstream ?? selection.worker ?? '')
}

function nameOf(selection: Selection, prefix: string, localName: string): string | null {
  if (Object.hasOwn(selection.alias, localName)) return selection.alias[localName] ?? null
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
