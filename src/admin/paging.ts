import { z } from 'zod'
import { base64url, fromBase64, fromUtf8, utf8 } from '../core/bytes.ts'

/** The last key of the page before, in a form nobody is tempted to build. It names a place in an order, never a right. */
const cursor = z
  .string()
  .max(2000)
  .transform((text, check) => {
    try {
      const value: unknown = JSON.parse(fromUtf8(fromBase64(text)))
      if (typeof value === 'string' || typeof value === 'number') return value
    } catch {
      // Said below.
    }
    check.addIssue({ code: 'custom', message: 'is not a cursor of this list' })
    return z.NEVER
  })

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Items in one page.'),
  cursor: cursor.optional().describe('`nextCursor` of the page before.'),
})

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** Query one row more than the page holds, then cut it off here. */
export function toPage<Item>(
  rows: readonly Item[],
  limit: number,
  keyOf: (item: Item) => string | number,
): { items: Item[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items, nextCursor: more ? base64url(utf8(JSON.stringify(keyOf(last)))) : null }
}

/** Where a list ordered by text begins. */
export const afterText = (value: string | number | undefined): string => (value === undefined ? '' : String(value))

/** Where a list ordered by falling numbers begins. */
export const beforeNumber = (value: string | number | undefined): number =>
  typeof value === 'number' ? value : Number.MAX_SAFE_INTEGER
