import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Icon } from '../core/tool.ts'
import { vettedPage } from './app-page.ts'

const icon = z.object({
  // Clients load it: only https, or the picture itself. Never SVG by value, which can hold script.
  src: z.union([
    z.url({ protocol: /^https$/ }).max(2000),
    z.string().regex(/^data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]{1,20000}$/),
  ]),
  mimeType: z.string().max(100).optional(),
  sizes: z.array(z.string().max(20)).max(10).optional(),
  theme: z.enum(['light', 'dark']).optional(),
})

export function vettedIcons(value: unknown): Icon[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, 10).flatMap((one) => {
    const parsed = icon.safeParse(one)
    return parsed.success ? [parsed.data as Icon] : []
  })
}

/** MCP Apps (SEP-1865): the page a client may show for this tool, and who may call the tool. */
const ui = z.object({
  resourceUri: z
    .string()
    .regex(/^ui:\/\/[\x21-\x7e]{1,500}$/)
    .optional(),
  visibility: z
    .array(z.enum(['model', 'app']))
    .max(2)
    .optional(),
})

const scheme = z.discriminatedUnion('type', [
  z.object({ type: z.literal('noauth') }),
  z.object({ type: z.literal('oauth2'), scopes: z.array(z.string().max(300)).max(100).optional() }),
])

/** Of a resource or a template: what its page may reach (SEP-1865). Part of what is admitted, and the limit when it is read. */
export function vettedPageMeta({ _meta: meta }: { _meta?: unknown }): JsonObject | null {
  const page = vettedPage(isObject(meta) ? meta['ui'] : undefined)
  return Object.keys(page).length > 0 ? { ui: page } : null
}

/** What of a definition's metadata goes on to clients. Everything else stays behind: its meaning is between two other parties. */
export function vettedMeta(definition: { _meta?: unknown; securitySchemes?: unknown }): JsonObject | null {
  const given = z.record(z.string(), z.unknown()).safeParse(definition._meta)
  const app = ui.safeParse(
    given.success ? (given.data['ui'] ?? { resourceUri: given.data['ui/resourceUri'] }) : undefined,
  )
  const schemes = z.array(scheme).max(10).safeParse(definition.securitySchemes)
  const meta: JsonObject = {
    ...(app.success && Object.values(app.data).some((one) => one !== undefined) ? { ui: app.data as JsonObject } : {}),
    ...(schemes.success ? { securitySchemes: schemes.data as JsonObject[] } : {}),
  }
  return Object.keys(meta).length > 0 ? meta : null
}
