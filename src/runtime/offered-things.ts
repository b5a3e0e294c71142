import { matches, templatePattern } from '../catalog/catalog.ts'
import type { JsonObject } from '../core/json.ts'
import type { OfferedPrompt, OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Tool } from '../core/tool.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import { reading } from '../policy/policy.ts'
import type { OfferedThings } from './ports.ts'

type Needs = Pick<Tool, 'authorization' | 'secrets'>

/**
 * Prompts and resources as the rules, the vault and the record see them: things with a name, a behaviour and a source, like
 * tools. So they take the same way as a tool call and none of its steps can be forgotten.
 */
export function offeredThings(snapshot: Snapshot): OfferedThings {
  const needs = new Map(snapshot.upstreams.map(({ target, needs: one }) => [target.id, one]))
  const prompts = snapshot.prompts.map((prompt) => promptThing(prompt, needs.get(prompt.upstream)))
  const resources = snapshot.resources.map((one) => resourceThing(one.uri, one, needs.get(one.upstream)))
  const byName = new Map(prompts.map((thing) => [thing.name, thing]))
  const byUri = new Map(resources.map((thing) => [thing.name, thing]))
  const templates = snapshot.templates.map((one) => ({
    thing: resourceThing(one.uriTemplate, one, needs.get(one.upstream)),
    pattern: templatePattern(one.uriTemplate),
    of: one,
  }))
  const byTemplate = new Map(templates.map((one) => [one.thing.name, one.thing]))
  return {
    prompts: snapshot.prompts,
    resources: snapshot.resources,
    templates: snapshot.templates,
    prompt: (name) => byName.get(name),
    template: (uriTemplate) => byTemplate.get(uriTemplate),
    // No two servers have a template or a resource of one address (`catalog`), so the first is of the server whose it is.
    resource(uri) {
      const known = byUri.get(uri) ?? byTemplate.get(uri)
      if (known) return known
      const found = templates.find(({ pattern }) => matches(pattern, uri))?.of
      return found && resourceThing(uri, found, needs.get(found.upstream))
    },
  }
}

function promptThing(prompt: OfferedPrompt, needs: Needs | undefined): Tool {
  const declared = prompt.arguments ?? []
  const inputSchema: JsonObject = {
    type: 'object',
    properties: Object.fromEntries(declared.map(({ name }) => [name, { type: 'string' }])),
    required: declared.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  }
  return thing(prompt.name, prompt.remoteName, prompt, needs, inputSchema)
}

function resourceThing(uri: string, about: OfferedResource | OfferedTemplate, needs: Needs | undefined): Tool {
  const pages = [about.meta?.['ui'] ?? {}, about.page ?? {}]
  return { ...thing(uri, uri, about, needs, { type: 'object' }), meta: { pages } }
}

function thing(
  name: string,
  remoteName: string,
  about: { title?: string; description?: string; upstream: string; definitionHash: string },
  needs: Needs | undefined,
  inputSchema: JsonObject,
): Tool {
  return {
    name,
    title: about.title ?? name,
    description: about.description ?? '',
    inputSchema,
    behaviour: reading,
    source: { kind: 'upstream', upstream: about.upstream, remoteName },
    sensitive: [],
    definitionHash: about.definitionHash,
    ...(needs ?? { secrets: [] }),
  }
}
