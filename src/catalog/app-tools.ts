import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { OfferedResource, OfferedTemplate } from '../core/offered.ts'
import type { Tool } from '../core/tool.ts'
import { upstreamOf } from '../core/tool.ts'
import { matches } from './naming.ts'
import { templatePattern } from './uri-template.ts'

/** SEP-1865: whether an agent may be shown the tool. Left out, it may; `["app"]`: it is there for a page alone. */
export function isForModel({ meta }: Pick<Tool, 'meta'>): boolean {
  const visibility = uiOf(meta)['visibility']
  return !Array.isArray(visibility) || visibility.includes('model')
}

type Pages = { resources: readonly OfferedResource[]; templates: readonly OfferedTemplate[] }

/**
 * To a host the servers behind a gateway are one, so a page of one could call the tools of all, and one's tool could be shown
 * with another's page. Where there are pages, the tools of a source that has none say that they are for the model alone, which
 * a host has to keep to (SEP-1865, visibility), and no tool names a page that is another server's.
 */
export function apartFromPages(tools: readonly Tool[], pages: Pages): Tool[] {
  const owner = (uri: string): string | undefined =>
    pages.resources.find((one) => one.uri === uri)?.upstream ??
    pages.templates.find(({ uriTemplate }) => matches(templatePattern(uriTemplate), uri))?.upstream
  const own = tools.map((tool) => {
    const { resourceUri, ...rest } = uiOf(tool.meta)
    const other = typeof resourceUri === 'string' ? owner(resourceUri) : undefined
    return other === undefined || other === upstreamOf(tool.source) ? tool : withUi(tool, rest)
  })
  const withPages = new Set([
    ...own.filter((tool) => uiOf(tool.meta)['resourceUri'] !== undefined).map(({ source }) => upstreamOf(source)),
    ...pages.resources.filter(({ uri }) => uri.startsWith('ui://')).map(({ upstream }) => upstream),
    ...pages.templates.filter(({ uriTemplate }) => uriTemplate.startsWith('ui://')).map(({ upstream }) => upstream),
  ])
  if (withPages.size === 0) return own
  return own.map((tool) => {
    if (withPages.has(upstreamOf(tool.source))) return tool
    return withUi(tool, { ...uiOf(tool.meta), visibility: isForModel(tool) ? ['model'] : [] })
  })
}

const uiOf = (meta: JsonObject | undefined): JsonObject => (isObject(meta?.['ui']) ? (meta['ui'] as JsonObject) : {})

function withUi(tool: Tool, ui: JsonObject): Tool {
  const { ui: _, ...meta } = tool.meta ?? {}
  const said = Object.keys(ui).length > 0 ? { ...meta, ui } : meta
  const { meta: __, ...rest } = tool
  return Object.keys(said).length > 0 ? { ...rest, meta: said } : rest
}
