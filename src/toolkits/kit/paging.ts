import { z } from 'zod'
import { base64url, fromBase64, fromUtf8, utf8 } from '../../core/bytes.ts'
import { ToolError } from './errors.ts'

/** The one paging shape: every list tool spreads these into its input. */
export const pagingInput = {
  limit: z.number().int().min(1).max(100).default(20).describe('How many items to return, 1 to 100.'),
  cursor: z.string().max(512).optional().describe('next_cursor of the previous answer, to go on from there.'),
}

export function pageOutput<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().optional().describe('Pass it as cursor for the next items.'),
  })
}

export type Page<Item> = { items: Item[]; has_more: boolean; next_cursor?: string }

const position = z.object({ page: z.number().int().min(1), skip: z.number().int().min(0) })

/** How far one call walks when most of what it reads is filtered out. */
const mostPages = 10

/**
 * Walks a provider's numbered pages until `limit` items passed `keep`, so that the model never sees a provider's paging.
 * The cursor is a position, not a secret. Errors: ToolError `bad_input` for a cursor that is not ours.
 */
export async function walkPages<Row, Item>(walk: {
  limit: number
  cursor?: string | undefined
  pageSize: number
  fetchPage(page: number): Promise<Row[]>
  keep(row: Row): Item | null
}): Promise<Page<Item>> {
  let { page, skip } = walk.cursor === undefined ? { page: 1, skip: 0 } : readCursor(walk.cursor)
  const items: Item[] = []
  for (let read = 0; read < mostPages; read++) {
    const rows = await walk.fetchPage(page)
    for (; skip < rows.length; skip++) {
      const row = rows[skip]
      const item = row === undefined ? null : walk.keep(row)
      if (item === null) continue
      if (items.length === walk.limit) return more(items, page, skip)
      items.push(item)
    }
    if (rows.length < walk.pageSize) return { items, has_more: false }
    page++
    skip = 0
  }
  return more(items, page, skip)
}

function more<Item>(items: Item[], page: number, skip: number): Page<Item> {
  return { items, has_more: true, next_cursor: base64url(utf8(JSON.stringify({ page, skip }))) }
}

function readCursor(cursor: string): z.infer<typeof position> {
  try {
    return position.parse(JSON.parse(fromUtf8(fromBase64(cursor))))
  } catch (cause) {
    throw new ToolError(
      'bad_input',
      'The cursor is not one this tool gave out. Leave it out to start at the beginning.',
      { cause },
    )
  }
}
