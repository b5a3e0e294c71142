import { z } from 'zod'
import { isForModel, sentences } from '../../catalog/catalog.ts'
import type { JsonObject } from '../../core/json.ts'
import { isObject } from '../../core/json.ts'
import { ok, refuse } from '../../core/result.ts'
import type { Tool } from '../../core/tool.ts'
import { permitted } from '../list-tools.ts'
import { sameApp } from './list-apps.ts'
import type { OwnContext } from './own-tool.ts'
import { askerOf, ownTool, reads } from './own-tool.ts'

const input = z.object({
  query: z
    .string()
    .max(500)
    .default('')
    .describe('What you want to do, in a few words: "create an issue". Leave it out to go through all tools.'),
  app: z.string().max(200).optional().describe('Only tools of this app, by its id or title from list_apps.'),
  limit: z.int().min(1).max(25).default(8).describe('How many tools to return, 1 to 25.'),
  cursor: z.string().max(20).optional().describe('next_cursor of the previous answer, to go on from there.'),
})

export const searchTools = ownTool({
  name: 'search_tools',
  title: 'Search tools',
  description:
    'Finds tools of this gateway that are not in the list, by what they do. Search before you say that something cannot be done. Then describe_tool shows the arguments of one, and call_tool calls it.',
  input,
  behaviour: reads,
  async run({ query, app, limit, cursor }, context) {
    const start = cursor === undefined ? 0 : Number(cursor)
    if (!Number.isSafeInteger(start) || start < 0) {
      return refuse('runtime/invalid_arguments', { help: { text: 'cursor: not one that this tool gave out' } })
    }
    const found = find(query, app, context)
    const page = found.slice(start, start + limit)
    const more = start + limit < found.length
    return ok({
      items: page.map((tool) => row(tool, context)),
      has_more: more,
      ...(more ? { next_cursor: `${start + limit}` } : {}),
      ...(found.length === 0 ? { hint: hintFor(app) } : {}),
    })
  },
})

/** The same for an app that is not there and for one in which nothing fits: neither may be told from one that is hidden. */
const hintFor = (app: string | undefined): string =>
  `Nothing fits. Try other words, or fewer${app === undefined ? '' : ', or leave out app: list_apps shows which there are'}.`

/** Only what the same evaluator as the list's lets this caller see. */
function find(query: string, app: string | undefined, { call, use, own }: OwnContext): Tool[] {
  const now = use.now()
  const asker = askerOf(call)
  const mayUse = (tool: Tool): boolean =>
    isForModel(tool) &&
    (app === undefined || sameApp(own.finding.appOf(tool), app)) &&
    permitted(tool, asker, use, now) !== null
  return query.trim() === '' ? use.gateway.tools.filter(mayUse) : own.finding.index().search(query, mayUse)
}

function row(tool: Tool, { own }: OwnContext): JsonObject {
  return {
    name: tool.name,
    title: tool.title,
    description: shortened(tool.description),
    app: own.finding.appOf(tool).title,
    does: tool.behaviour.destructive ? `${tool.behaviour.operation}, destructive` : tool.behaviour.operation,
    arguments: argumentsOf(tool.inputSchema),
  }
}

const maxDescription = 240
const maxArguments = 15

function shortened(description: string): string {
  const { first } = sentences(description)
  return first.length > maxDescription ? `${first.slice(0, maxDescription)}…` : first
}

/** Names; those that may be left out have a question mark. */
function argumentsOf({ properties, required }: JsonObject): string[] {
  if (!isObject(properties)) return []
  const needed = Array.isArray(required) ? required : []
  const names = Object.keys(properties).map((name) => (needed.includes(name) ? name : `${name}?`))
  return names.length > maxArguments ? [...names.slice(0, maxArguments), '…'] : names
}
