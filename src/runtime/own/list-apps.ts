import { z } from 'zod'
import type { App } from '../../catalog/catalog.ts'
import type { JsonObject } from '../../core/json.ts'
import { ok } from '../../core/result.ts'
import type { Tool } from '../../core/tool.ts'
import { listModelTools } from '../list-tools.ts'
import type { OwnConnection, OwnContext } from './own-tool.ts'
import { ownTool, reads } from './own-tool.ts'

/** One source of tools, as far as this caller may use it. */
export type VisibleApp = App & { tools: Tool[]; providers: string[] }

/** In order of title. */
export function visibleApps({ call, use, own }: OwnContext): VisibleApp[] {
  const apps = new Map<string, VisibleApp>()
  for (const tool of listModelTools(call.caller, use, call.task)) {
    const app = own.finding.appOf(tool)
    const known = apps.get(app.id) ?? { ...app, tools: [], providers: [] }
    apps.set(app.id, known)
    known.tools.push(tool)
    const provider = tool.authorization?.provider
    if (provider !== undefined && !known.providers.includes(provider)) known.providers.push(provider)
  }
  return [...apps.values()].toSorted((a, b) => (a.title < b.title ? -1 : 1))
}

export const sameApp = ({ id, title }: App, wanted: string): boolean =>
  [id, title].some((name) => name.toLowerCase() === wanted.trim().toLowerCase())

export const listApps = ownTool({
  name: 'list_apps',
  title: 'List apps',
  description:
    'Which apps the tools of this gateway belong to, how many tools each has for you, and whether an account is connected.',
  input: z.object({}),
  behaviour: reads,
  async run(_, context) {
    const apps = visibleApps(context)
    const needed = new Set(apps.flatMap(({ providers }) => providers))
    const accounts = needed.size > 0 ? await context.own.connections.list(context.call) : []
    return ok({ items: apps.map((app) => appRow(app, accounts)), has_more: false })
  },
})

function appRow({ id, title, tools, providers }: VisibleApp, accounts: readonly OwnConnection[]): JsonObject {
  const own = accounts.filter(({ provider }) => providers.includes(provider))
  return { app: id, title, tools: tools.length, account: stateOf(providers, own), accounts: own.map(accountRow) }
}

function stateOf(providers: readonly string[], own: readonly OwnConnection[]): string {
  if (providers.length === 0) return 'not_needed'
  if (own.some(({ status }) => status === 'active')) return 'connected'
  return own[0]?.status ?? 'not_connected'
}

export const accountRow = ({ label, status, isDefault }: OwnConnection): JsonObject => ({
  account: label,
  status,
  default: isDefault,
})
