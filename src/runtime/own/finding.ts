import type { App } from '../../catalog/catalog.ts'
import { appOf, ToolIndex } from '../../catalog/catalog.ts'
import type { Tool } from '../../core/tool.ts'
import type { FindingSettings, Snapshot } from '../../gateways/gateways.ts'

/** How the tools of one version of a gateway are found. */
export type Finding = {
  settings: FindingSettings
  /** Made when somebody searches for the first time. */
  index(): ToolIndex
  appOf(tool: Tool): App
}

const made = new WeakMap<Snapshot, Finding>()

/** Once per version and isolate, however many sessions share it. */
export function findingOf(snapshot: Snapshot): Finding {
  let finding = made.get(snapshot)
  if (!finding) made.set(snapshot, (finding = prepare(snapshot)))
  return finding
}

function prepare(snapshot: Snapshot): Finding {
  const titles = new Map(snapshot.upstreams.map(({ target, title }) => [target.id, title]))
  const find = (tool: Tool): App => appOf(tool.source, titles)
  let index: ToolIndex | null = null
  return {
    settings: snapshot.finding,
    appOf: find,
    index: () =>
      (index ??= new ToolIndex(snapshot.tools, (tool) => {
        const { id, title } = find(tool)
        return id === title ? id : `${id} ${title}`
      })),
  }
}
