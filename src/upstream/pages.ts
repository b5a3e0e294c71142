import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { ListKind } from './api.ts'
import type { Connection } from './connection.ts'
import { shallow } from './shape.ts'

const lists = {
  tools: { method: 'tools/list', capability: 'tools' },
  prompts: { method: 'prompts/list', capability: 'prompts' },
  resources: { method: 'resources/list', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', capability: 'resources' },
} as const

const maxPages = 100
const maxItems = 5_000

/** Every page. A server that pages for ever or repeats a cursor is refused rather than cut short: half a list looks whole. */
export async function allPages(connection: Connection, what: ListKind): Promise<Result<JsonObject[]>> {
  const { method, capability } = lists[what]
  if (!(capability in connection.discovered.capabilities)) return ok([])
  const items: JsonObject[] = []
  const cursors = new Set<string>()
  for (let cursor: string | undefined, page = 0; page < maxPages; page++) {
    const answer = await connection.list(method, cursor)
    if (!answer.ok) return answer
    const found = answer.value[what]
    if (!Array.isArray(found) || !shallow(found)) return broken('shape')
    items.push(...found.filter((one): one is JsonObject => isObject(one)))
    if (items.length > maxItems) return broken('too_many_items')
    const { nextCursor } = answer.value
    if (typeof nextCursor !== 'string' || nextCursor === '') return ok(items)
    if (cursors.has(nextCursor)) return broken('cursor_repeats')
    cursors.add(nextCursor)
    cursor = nextCursor
  }
  return broken('too_many_pages')
}

const broken = (fault: string) => refuse('upstream/failed', { evidence: { fault } })
