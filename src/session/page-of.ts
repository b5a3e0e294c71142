import type { Tool } from '../core/tool.ts'
import type { ListReply } from './api.ts'

type Page = Extract<ListReply, { ok: true }>

/**
 * One page of a list. The cursor is the name of the last tool shown, and names are in order: a list that changes between two
 * pages neither repeats nor skips what stayed. An unknown cursor simply goes on after where that name would be.
 */
export function pageOf(tools: Tool[], cursor: string | undefined, pageSize: number, version: number): Page {
  const start = cursor === undefined ? 0 : tools.findIndex(({ name }) => name > cursor)
  const page = start < 0 ? [] : tools.slice(start, start + pageSize)
  const last = page.at(-1)
  const more = start >= 0 && start + pageSize < tools.length
  return { ok: true, tools: page, version, ...(more && last ? { nextCursor: last.name } : {}) }
}
