import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { paramHeadersFault } from '../core/param-headers.ts'
import type { OfferedPrompt, OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Behaviour, Icon } from '../core/tool.ts'
import { vettedPage } from './app-page.ts'
import type { SourceTool } from './offer.ts'
import { sensitiveIn } from './sensitive-marks.ts'
import type { UpstreamSettings } from './upstream-settings.ts'
import { needsOf, upstreamSettingsSchema } from './upstream-settings.ts'
import { vettedIcons, vettedMeta, vettedPageMeta } from './vetted-meta.ts'

/** A definition of an upstream as an administrator admitted it. */
export type Pin = {
  kind: string
  name: string
  hash: string
  definition: unknown
  behaviour: Behaviour | null
  status: 'admitted' | 'quarantined' | 'removed'
}

export type UpstreamSource = {
  id: string
  url: string
  enabled: boolean
  settings: unknown
  discovered: unknown
  pins: readonly Pin[]
}

/** What nobody classified is treated as the worst it could be (attack case 57: an upstream's own claim never decides). */
export const unclassified: Behaviour = { operation: 'update', destructive: true, idempotent: false, openWorld: true }

const text = z.string().optional()
const object = z.record(z.string(), z.json())
const anything = z.unknown().optional()
const common = { title: text, description: text, icons: anything, _meta: anything }
const toolDefinition = z.looseObject({
  ...common,
  inputSchema: object.default({ type: 'object' }),
  outputSchema: object.optional(),
  securitySchemes: anything,
  execution: z.looseObject({ taskSupport: z.string() }).optional().catch(undefined),
})
const argument = z.object({ name: z.string(), title: text, description: text, required: z.boolean().optional() })
const promptDefinition = z.looseObject({ ...common, arguments: z.array(argument).optional() })
const resourceShape = {
  ...common,
  name: z.string(),
  mimeType: text,
  size: z.number().optional(),
  annotations: object.optional(),
}
const resourceDefinition = z.looseObject({ ...resourceShape, uri: z.string() })
const templateDefinition = z.looseObject({ ...resourceShape, uriTemplate: z.string() })

/** Only what was admitted. A pin that cannot be read is left out, like one in quarantine. */
function admitted<T extends z.ZodType>(
  upstream: UpstreamSource,
  kind: string,
  schema: T,
): { pin: Pin; value: z.output<T> }[] {
  if (!upstream.enabled) return []
  return upstream.pins.flatMap((pin) => {
    const parsed = schema.safeParse(pin.definition)
    return pin.kind === kind && pin.status === 'admitted' && parsed.success ? [{ pin, value: parsed.data }] : []
  })
}

export function settingsOf(upstream: Pick<UpstreamSource, 'settings'>): UpstreamSettings {
  const parsed = upstreamSettingsSchema.safeParse(upstream.settings)
  return parsed.success ? parsed.data : upstreamSettingsSchema.parse({})
}

export function upstreamTools(upstream: UpstreamSource): SourceTool[] {
  const needs = needsOf(settingsOf(upstream).credentials)
  const usable = admitted(upstream, 'tool', toolDefinition).filter(
    ({ value }) => paramHeadersFault(value.inputSchema as JsonObject) === null,
  )
  return usable.map(({ pin, value }) => {
    const { inputSchema, outputSchema, execution } = value
    const taskOnly = execution?.taskSupport === 'required' && ({ taskOnly: true } as const)
    return {
      localName: pin.name,
      tool: {
        name: pin.name,
        title: value.title ?? pin.name,
        description: value.description ?? '',
        inputSchema: inputSchema as JsonObject,
        ...(outputSchema ? { outputSchema: outputSchema as JsonObject } : {}),
        behaviour: pin.behaviour ?? unclassified,
        source: { kind: 'upstream', upstream: upstream.id, remoteName: pin.name, ...taskOnly },
        ...needs,
        sensitive: sensitiveIn(inputSchema as JsonObject, outputSchema as JsonObject | undefined),
        definitionHash: pin.hash,
        ...extras(value.icons, vettedMeta(value)),
      },
    }
  })
}

export function upstreamPrompts(upstream: UpstreamSource): OfferedPrompt[] {
  return admitted(upstream, 'prompt', promptDefinition).map(({ pin, value }) => ({
    ...defined({
      title: value.title,
      description: value.description,
      arguments: value.arguments as OfferedPrompt['arguments'],
    }),
    name: pin.name,
    remoteName: pin.name,
    upstream: upstream.id,
    definitionHash: pin.hash,
    ...extras(value.icons, vettedMeta(value)),
  }))
}

export function upstreamResources(upstream: UpstreamSource): OfferedResource[] {
  return admitted(upstream, 'resource', resourceDefinition).map(({ pin, value }) => ({
    uri: value.uri,
    ...aboutResource(upstream, pin, value),
    ...defined({ size: value.size }),
  }))
}

export function upstreamTemplates(upstream: UpstreamSource): OfferedTemplate[] {
  return admitted(upstream, 'template', templateDefinition).map(({ pin, value }) => ({
    uriTemplate: value.uriTemplate,
    ...aboutResource(upstream, pin, value),
  }))
}

type AboutResource = Pick<
  z.output<typeof resourceDefinition>,
  'name' | 'title' | 'description' | 'mimeType' | 'annotations' | 'icons' | '_meta'
>

function aboutResource(
  upstream: UpstreamSource,
  pin: Pin,
  value: AboutResource,
): Omit<OfferedResource, 'uri' | 'size'> {
  const { name, title, description, mimeType } = value
  const annotations = value.annotations as JsonObject | undefined
  return {
    name,
    upstream: upstream.id,
    definitionHash: pin.hash,
    ...defined({ title, description, mimeType, annotations }),
    ...pageOf(upstream),
    ...extras(value.icons, vettedPageMeta(value)),
  }
}

function pageOf(upstream: UpstreamSource): Pick<OfferedResource, 'page'> {
  const page = vettedPage(settingsOf(upstream).pages)
  return Object.keys(page).length > 0 ? { page } : {}
}

function extras(icons: unknown, meta: JsonObject | null): { icons?: Icon[]; meta?: JsonObject } {
  const vetted = vettedIcons(icons)
  return { ...(vetted.length > 0 ? { icons: vetted } : {}), ...(meta ? { meta } : {}) }
}

/** Without the keys that have no value: `exactOptionalPropertyTypes`. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never
}
