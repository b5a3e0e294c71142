import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { drizzle } from 'drizzle-orm/d1'
import * as schema from './schema.ts'

export type Db = DrizzleD1Database<typeof schema>

/**
 * Always the primary: decisions and administration must read their own writes.
 * D1 has no transactions; a change and the rows that belong to it go into one `db.batch`.
 */
export function openDb(d1: D1Database): Db {
  const primary = d1.withSession('first-primary') as unknown as D1Database
  return drizzle(primary, { schema })
}
