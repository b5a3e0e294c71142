import type { OfferedUpstream, OfferFault, Sources } from '../catalog/catalog.ts'
import { offer } from '../catalog/catalog.ts'
import type { Caller } from '../core/caller.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import type { OfferedPrompt, OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import { isFor } from './assignment.ts'
import { failingTests } from './check-rules.ts'
import type { Fault, GatewayDocument } from './document.ts'
import { ownToolNames } from './finding.ts'
import { invalid } from './document.ts'

/**
 * One version of a gateway, compiled: names resolved to whole tools, defaults filled in. Immutable and plain JSON, so that it
 * can lie in KV and cross to a Session object.
 */
export type Snapshot = Omit<GatewayDocument, 'kind' | 'name' | 'tools'> & {
  project: ProjectId
  gateway: GatewayId
  slug: string
  version: number
  /** In order of name. */
  tools: Tool[]
  prompts: OfferedPrompt[]
  resources: OfferedResource[]
  templates: OfferedTemplate[]
  upstreams: OfferedUpstream[]
  /** What could not be offered as the document says, such as two names that are one, and what settles it. */
  leftOut: LeftOut[]
}

export type LeftOut = OfferFault

export type SnapshotOf = { project: ProjectId; gateway: GatewayId; version: number }

/**
 * `strict` for what is about to be published: anything that does not resolve is refused. Without it, what does not resolve
 * any more is left out, so that a live gateway survives a removed upstream.
 *
 * Errors: `gateways/invalid`.
 */
export async function compileSnapshot(
  document: GatewayDocument,
  sources: Sources,
  of: SnapshotOf,
  { strict }: { strict: boolean },
): Promise<Result<Snapshot>> {
  const { kind: _, name, tools: selections, ...settings } = document
  const offered = await offer(selections, sources, ownToolNames(settings.finding))
  if (strict && offered.faults.length > 0) return invalid(offered.faults)
  const { tools, faults } = withinCaps(offered.tools, document)
  if (strict && faults.length > 0) return invalid(faults)
  const { prompts, resources, templates, upstreams } = offered
  const leftOut = offered.faults.slice(0, mostLeftOut)
  const failing = strict ? failingTests(document.rules, { tools, prompts, resources }) : []
  if (failing.length > 0) return invalid(failing)
  const { tests: __, ...rules } = { ...document.rules, version: `${name}@${of.version}` }
  return ok({ ...settings, ...of, slug: name, rules, tools, prompts, resources, templates, upstreams, leftOut })
}

/** Two servers with a thousand names in common must not fill a snapshot. */
const mostLeftOut = 200

/** A tool that needs more of a provider than this gateway may use is not offered: it could only fail. */
function withinCaps(tools: readonly Tool[], { providers }: GatewayDocument): { tools: Tool[]; faults: Fault[] } {
  const used = new Set(tools.map((tool) => tool.authorization?.provider))
  const faults = Object.keys(providers)
    .filter((provider) => !used.has(provider))
    .map((provider) => ({ path: `providers.${provider}`, message: 'no tool of this gateway uses this provider' }))
  const fits = ({ authorization }: Tool): boolean => {
    if (!authorization || !Object.hasOwn(providers, authorization.provider)) return true
    const cap = providers[authorization.provider]?.maxScopes ?? null
    return cap === null || authorization.scopes.every((scope) => cap.includes(scope))
  }
  return { tools: tools.filter(fits), faults }
}

/** Whether the gateway is for this person through this agent. Asked at sign-in and at the start of every session. */
export function isAssigned(snapshot: Pick<Snapshot, 'for'>, caller: Pick<Caller, 'user' | 'agent'>): boolean {
  return isFor(snapshot.for, caller)
}
