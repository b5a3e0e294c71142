import { isForModel, matches } from '../../catalog/catalog.ts'
import type { ClientFeatures } from '../../core/call.ts'
import type { Caller } from '../../core/caller.ts'
import { uiExtension } from '../../core/call.ts'
import { isObject } from '../../core/json.ts'
import type { Tool } from '../../core/tool.ts'
import type { FindingSettings, OwnToolName } from '../../gateways/gateways.ts'
import { ownToolNames, shownOwnTools } from '../../gateways/gateways.ts'
import { listTools } from '../list-tools.ts'
import type { Runtime } from '../ports.ts'
import { callTool } from './call-tool.ts'
import { describeTool } from './describe-tool.ts'
import type { Finding } from './finding.ts'
import { listApps } from './list-apps.ts'
import { manageConnections } from './manage-connections.ts'
import type { OwnTool } from './own-tool.ts'
import { asTool } from './own-tool.ts'
import { reportMissingTool } from './report-missing-tool.ts'
import { searchTools } from './search-tools.ts'

/**
 * What a list has for this caller: every tool they could be permitted, or a few and the means to find the rest. Which of the
 * two changes nothing about what may be called.
 */
export function shownTools(
  caller: Caller,
  features: Pick<ClientFeatures, 'clientName' | 'capabilities'>,
  use: Pick<Runtime, 'gateway' | 'facts' | 'now'>,
  finding: Finding,
): Tool[] {
  const { settings } = finding
  const permitted = listTools(caller, use)
  const tools = permitted.filter(isForModel)
  // A host keeps them from its model, and has to know them for its pages. Another client would offer them.
  const forPages = showsPages(features) ? permitted.filter((tool) => !isForModel(tool)) : []
  const searching = isSearching(settings, tools.length, { caller, features })
  const own = shownOwnTools(settings, searching).map((name) =>
    asTool(all[name], name === 'search_tools' ? appsIn(tools, finding) : ''),
  )
  if (!searching && own.length + forPages.length === 0) return tools
  const listed = searching ? tools.filter(({ name }) => settings.show.some((pattern) => matches(pattern, name))) : tools
  return [...listed, ...forPages, ...own].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The client said that it shows pages (SEP-1865). */
function showsPages({ capabilities }: Pick<ClientFeatures, 'capabilities'>): boolean {
  const { extensions } = capabilities
  return isObject(extensions) && isObject(extensions[uiExtension])
}

type Client = { caller: Pick<Caller, 'agent'>; features: Pick<ClientFeatures, 'clientName'> }

export function isSearching(settings: FindingSettings, tools: number, client: Client): boolean {
  const mode = modeFor(settings, client)
  return mode === 'search' || (mode === 'auto' && tools > settings.above)
}

/** The longest pattern that fits speaks, so that one client can differ from its kind. */
function modeFor({ mode, clients }: FindingSettings, { caller, features }: Client): FindingSettings['mode'] {
  const names = [caller.agent.clientId, features.clientName].filter((name) => name !== undefined)
  const fitting = Object.keys(clients)
    .filter((pattern) => names.some((name) => matches(pattern, name)))
    .toSorted((a, b) => b.length - a.length)
  return clients[fitting[0] ?? ''] ?? mode
}

const all: Readonly<Record<OwnToolName, OwnTool>> = {
  search_tools: searchTools,
  describe_tool: describeTool,
  call_tool: callTool,
  list_apps: listApps,
  manage_connections: manageConnections,
  report_missing_tool: reportMissingTool,
}

export function ownToolNamed(settings: FindingSettings, name: string): OwnTool | undefined {
  const known = ownToolNames(settings).find((one) => one === name)
  return known && all[known]
}

const maxAppsNamed = 30

/** So that a model knows what it can search for at all. The titles are the administrator's. */
function appsIn(tools: readonly Tool[], finding: Finding): string {
  const counts = new Map<string, number>()
  for (const tool of tools) {
    const { title } = finding.appOf(tool)
    counts.set(title, (counts.get(title) ?? 0) + 1)
  }
  const apps = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const named = apps.slice(0, maxAppsNamed).map(([title, count]) => `${title} (${count})`)
  const rest = apps.length > maxAppsNamed ? [`${apps.length - maxAppsNamed} more apps`] : []
  return apps.length === 0 ? 'There is no tool for you here now.' : `There are: ${[...named, ...rest].join(', ')}.`
}
