import { and, asc, desc, eq, gt, inArray, or } from 'drizzle-orm'
import type { Agent, User } from '../core/caller.ts'
import type { UserId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import { toAgent } from '../db/principals.ts'
import { agents, groups, memberships, users } from '../db/schema.ts'
import type { AdminUse } from './route.ts'

/** Most agents one question is asked for. Those that called last. */
export const mostAgents = 100

/** People and service accounts that still are, in order of id, with their groups as they are now. */
export async function listActiveUsers({ db, admin }: AdminUse, after: string, limit: number): Promise<User[]> {
  const active = and(eq(users.project, admin.project), eq(users.active, true), gt(users.id, after))
  return withGroups(await db.select().from(users).where(active).orderBy(asc(users.id)).limit(limit), { db, admin })
}

export async function readUsers({ db, admin }: AdminUse, ids: readonly string[]): Promise<Map<string, User>> {
  const found: User[] = []
  // D1 binds at most 100 values per statement.
  for (let at = 0; at < ids.length; at += 90) {
    const some = and(eq(users.project, admin.project), inArray(users.id, ids.slice(at, at + 90)))
    found.push(...(await withGroups(await db.select().from(users).where(some), { db, admin })))
  }
  return new Map(found.map((user) => [user.id, user]))
}

/** By id, or by an address that exactly one person has. For administrators who look somebody up; nobody is identified by it. */
export async function findUser(use: AdminUse, text: string): Promise<User | null> {
  const known = (await readUsers(use, [text])).get(text)
  if (known !== undefined || !text.includes('@')) return known ?? null
  const { db, admin } = use
  const rows = await db
    .select()
    .from(users)
    .where(and(eq(users.project, admin.project), eq(users.email, text)))
    .limit(2)
  const [only] = await withGroups(rows, use)
  return rows.length === 1 && only !== undefined ? only : null
}

export async function listAgents({ db, admin }: AdminUse): Promise<Agent[]> {
  const enabled = and(eq(agents.project, admin.project), eq(agents.disabled, false))
  return (
    await db.select().from(agents).where(enabled).orderBy(desc(agents.lastSeenAt), asc(agents.id)).limit(mostAgents)
  ).map(toAgent)
}

/** By id or client id. */
export async function findAgent({ db, admin }: AdminUse, text: string): Promise<Agent | null> {
  const named = and(eq(agents.project, admin.project), or(eq(agents.id, text), eq(agents.clientId, text)))
  const [row] = await db.select().from(agents).where(named).limit(1)
  return row ? toAgent(row) : null
}

export async function readAgents({ db, admin }: AdminUse): Promise<Map<string, Agent>> {
  const rows = await db.select().from(agents).where(eq(agents.project, admin.project)).limit(2000)
  return new Map(rows.map((row) => [row.id, toAgent(row)]))
}

async function withGroups(
  rows: readonly (typeof users.$inferSelect)[],
  { db, admin }: Pick<AdminUse, 'db' | 'admin'>,
): Promise<User[]> {
  const names = new Map<string, string[]>()
  for (let at = 0; at < rows.length; at += 90) {
    const ids = rows.slice(at, at + 90).map(({ id }) => id)
    const found = await db
      .selectDistinct({ user: memberships.user, name: groups.name })
      .from(memberships)
      .innerJoin(groups, and(eq(groups.project, memberships.project), eq(groups.id, memberships.group)))
      .where(and(eq(memberships.project, admin.project), inArray(memberships.user, ids)))
    for (const { user, name } of found) names.set(user, [...(names.get(user) ?? []), name])
  }
  return rows.map(({ id, kind, issuer, subject, name, email, attributes }) => ({
    id: id as UserId,
    kind,
    issuer,
    subject,
    name,
    groups: names.get(id) ?? [],
    attributes: attributes as Record<string, Json>,
    ...(email === null ? {} : { email }),
  }))
}
