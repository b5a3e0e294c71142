import { eq } from 'drizzle-orm'
import { groups } from '../db/schema.ts'
import type { AdminUse } from './route.ts'

const most = 10_000

/** Names of the groups that any sign-in or directory has told of. Undefined while there are none, or too many to know them all. */
export async function knownGroups({ db, admin }: AdminUse): Promise<string[] | undefined> {
  const rows = await db.select({ name: groups.name }).from(groups).where(eq(groups.project, admin.project)).limit(most)
  return rows.length === 0 || rows.length === most ? undefined : rows.map(({ name }) => name)
}
