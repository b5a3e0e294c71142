import { z } from 'zod'

const shown = z.enum(['searching', 'always', 'never'])
const namePattern = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9_-]*\*?[A-Za-z0-9_-]*$/, 'use the name of a tool here, with * for any characters')
const clientPattern = z.string().min(1).max(300)

/** How the tools of a gateway are found when there are many. It shapes what is shown and never what is permitted. */
export const findingSchema = z
  .strictObject({
    mode: z
      .enum(['auto', 'list', 'search'])
      .default('auto')
      .describe(
        'list: tools/list has every tool. search: a few, and tools to find, describe and call the rest. auto: search above a number.',
      ),
    above: z
      .int()
      .min(1)
      .max(10_000)
      .default(80)
      .describe('With auto: more tools than this that the caller may use, and they are searched.'),
    clients: z
      .record(clientPattern, z.enum(['auto', 'list', 'search']))
      .default({})
      .describe('The mode for some clients, by client id or by the name a client gives itself, with *.'),
    show: z
      .array(namePattern)
      .max(100)
      .default([])
      .describe('Tools that are listed although the others are searched, by their names here, with *.'),
    connections: shown.default('searching').describe('When list_apps and manage_connections are there.'),
    reports: shown.default('searching').describe('When report_missing_tool is there.'),
  })
  .prefault({})

export type FindingSettings = z.output<typeof findingSchema>

export type OwnToolName =
  | 'search_tools'
  | 'describe_tool'
  | 'call_tool'
  | 'list_apps'
  | 'manage_connections'
  | 'report_missing_tool'

/** Tools of the gateway itself that somebody may see there. Callable whoever asks, so that a list of a moment ago still holds. */
export function ownToolNames(settings: FindingSettings): OwnToolName[] {
  const { mode, clients } = settings
  const searchable = mode !== 'list' || Object.values(clients).some((one) => one !== 'list')
  return [...(searchable ? forSearch : []), ...helperNames(settings, searchable)]
}

export function shownOwnTools(settings: FindingSettings, searching: boolean): OwnToolName[] {
  return [...(searching ? forSearch : []), ...helperNames(settings, searching)]
}

const forSearch = ['search_tools', 'describe_tool', 'call_tool'] as const

function helperNames({ connections, reports }: FindingSettings, searching: boolean): OwnToolName[] {
  const there = (when: z.output<typeof shown>): boolean => when === 'always' || (when === 'searching' && searching)
  return [
    ...(there(connections) ? (['list_apps', 'manage_connections'] as const) : []),
    ...(there(reports) ? (['report_missing_tool'] as const) : []),
  ]
}
