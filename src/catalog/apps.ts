import type { ToolSource } from '../core/tool.ts'
import { toolkits } from '../toolkits/toolkits.ts'

/** What people call the place where tools come from. `id` is what a gateway document names it by. */
export type App = { id: string; title: string }

const ownApps = new Map(toolkits.map(({ name, title }) => [name, { id: name, title }]))

/** `titles`: of the sources that are not ours, by id. */
export function appOf(source: ToolSource, titles: ReadonlyMap<string, string>): App {
  if (source.kind === 'builtin') return { id: 'behalf', title: 'Behalf' }
  if (source.kind === 'toolkit') return ownApps.get(source.toolkit) ?? { id: source.toolkit, title: source.toolkit }
  const id = source.kind === 'upstream' ? source.upstream : source.binding
  return { id, title: titles.get(id) ?? id }
}
