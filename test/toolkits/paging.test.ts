import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ToolError } from '../../src/toolkits/kit/errors.ts'
import { walkPages } from '../../src/toolkits/kit/paging.ts'
import '../support/property.ts'

const pageSize = 7
const even = (row: number) => (row % 2 === 0 ? row : null)

function walk(rows: readonly number[], limit: number, cursor?: string) {
  const fetchPage = (page: number) => Promise.resolve(rows.slice((page - 1) * pageSize, page * pageSize))
  return walkPages({ limit, cursor, pageSize, fetchPage, keep: even })
}

describe('walking a provider’s pages', () => {
  it('gives every kept row once and in order, whatever the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(100), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (rows, limit) => {
          const seen: number[] = []
          let cursor: string | undefined
          do {
            const page = await walk(rows, limit, cursor)
            expect(page.items.length).toBeLessThanOrEqual(limit)
            expect(page.has_more).toBe(page.next_cursor !== undefined)
            seen.push(...page.items)
            cursor = page.next_cursor
          } while (cursor !== undefined)
          expect(seen).toEqual(rows.filter((row) => row % 2 === 0))
        },
      ),
    )
  })

  it('reads at most ten pages in one call, and says that there is more', async () => {
    const rows = Array.from({ length: pageSize * 30 }, () => 1)
    const page = await walk(rows, 5)
    expect(page.items).toEqual([])
    expect(page.has_more).toBe(true)
  })

  it.each(['', 'nonsense', btoa('{"page":0,"skip":0}'), btoa('{"page":1}'), btoa('[]')])(
    'refuses a cursor that it did not give out: %j',
    async (cursor) => {
      await expect(walk([2], 5, cursor)).rejects.toMatchObject({ kind: 'bad_input' } satisfies Partial<ToolError>)
    },
  )
})
