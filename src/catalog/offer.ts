import type { OfferedPrompt, OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Behaviour, Tool } from '../core/tool.ts'
import { isToolWorker } from '../core/tool-worker.ts'
import { apartFromPages } from './app-tools.ts'
import { chosen, select, unmatchedThings, unmatchedTools, without } from './chosen.ts'
import { matches, nameKey, offeredName, prefixOf } from './naming.ts'
import type { OfferedUpstream } from './offered-upstream.ts'
import { offeredUpstream } from './offered-upstream.ts'
import { ownTools } from './own-tools.ts'
import type { Selection } from './selection.ts'
import { OwnedAddresses } from './owned-addresses.ts'
import { Unique } from './unique.ts'
import type { UpstreamSource } from './upstream-tools.ts'
import { workerTools } from './worker-tools.ts'
import { upstreamPrompts, upstreamResources, upstreamTemplates, upstreamTools } from './upstream-tools.ts'

/** A tool under the name its source gives it. */
export type SourceTool = { localName: string; tool: Tool }

/** What is known beside our own toolkits: the project's upstreams with their pins. */
export type Sources = { upstreams: readonly UpstreamSource[] }

/** Where in the list of selections, what is wrong there and what settles it. `hidden`: names that are nobody's until then. */
export type OfferFault = { path: string; message: string; hidden?: string[] }

/**
 * In order of name, so that a list never changes without a reason. `faults` are what an administrator has to settle: a
 * source that does not exist, a pattern that matches nothing, two things of one name or address. What is at fault is left out:
 * two tools of one name are both hidden (attack case 54).
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
  const tools = new Unique<Tool>(faults, ({ own, apart }) =>
    apart ? 'set a prefix or an alias' : `set an alias, such as alias: { ${quote(own)}: another_name }`,
  )
  const prompts = new Unique<OfferedPrompt>(faults, ({ own, apart }) =>
    apart ? `set a prefix, or leave one out: ${without(own, 'prompts')}` : `leave one out: ${without(own, 'prompts')}`,
  )
  const addresses = new OwnedAddresses(faults)
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
    faults.push(...unmatchedTools(selection, found, i))
    for (const one of select(selection, found)) {
      const name = nameOf(selection, prefix, one.localName)
      if (name === null) {
        const message = `give ${quote(one.localName)} an alias: its name has no usable character`
        faults.push({ path, message, hidden: [one.localName] })
        continue
      }
      if (reserved.includes(nameKey(name))) {
        const message = `give ${quote(one.localName)} an alias: ${name} is a tool of the gateway itself (see finding)`
        faults.push({ path, message, hidden: [one.localName] })
        continue
      }
      const tool = { ...one.tool, name, behaviour: behaviourOf(selection, one) }
      tools.add(nameKey(name), { label: name, value: tool, path, own: one.localName })
    }
    const upstream = sources.upstreams.find((one) => one.id === (selection.upstream ?? selection.worker))
    if (!upstream?.enabled) continue
    upstreams.set(upstream.id, offeredUpstream(upstream))
    const offered = {
      prompts: upstreamPrompts(upstream),
      resources: upstreamResources(upstream),
      templates: upstreamTemplates(upstream),
    }
    faults.push(...unmatchedThings(selection, offered, path))
    for (const prompt of offered.prompts) {
      const { remoteName } = prompt
      if (!chosen(selection, 'prompts', remoteName)) continue
      const name = offeredName(prefix, remoteName)
      if (name === null) {
        const message = `${quote(remoteName)} has no character that clients can take; leave it out: ${without(remoteName, 'prompts')}`
        faults.push({ path, message, hidden: [remoteName] })
        continue
      }
      prompts.add(nameKey(name), { label: name, value: { ...prompt, name }, path, own: remoteName })
    }
    for (const one of offered.resources) {
      if (chosen(selection, 'resources', one.uri)) addresses.addResource(one, path)
    }
    for (const one of offered.templates) {
      if (chosen(selection, 'resources', one.uriTemplate)) addresses.addTemplate(one, path)
    }
  }
  const pages = addresses.sorted()
  return {
    tools: apartFromPages(tools.sorted(), pages),
    prompts: prompts.sorted(),
    ...pages,
    upstreams: [...upstreams.values()],
    faults,
  }
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
