import { and, eq, sql } from 'drizzle-orm'
import { base64url, lengthPrefixed, sha256 } from '../core/bytes.ts'
import type { User } from '../core/caller.ts'
import type { ProjectId, UserId } from '../core/ids.ts'
import { userId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Db } from '../db/db.ts'
import type { DirectoryUser } from '../db/principals.ts'
import { groupsQuery, toUser, userQuery } from '../db/principals.ts'
import { groups, memberships, users } from '../db/schema.ts'

export async function readUser(db: Db, project: ProjectId, id: UserId): Promise<DirectoryUser | null> {
  const [rows, groupRows] = await db.batch([userQuery(db, project, id), groupsQuery(db, project, id)])
  return rows[0] ? toUser(rows[0], groupRows) : null
}

export async function isUserActive(db: Db, project: ProjectId, id: UserId): Promise<boolean> {
  return (await userQuery(db, project, id))[0]?.active ?? false
}

export type Person = {
  issuer: string
  subject: string
  name: string
  email?: string
  groups: readonly string[]
  attributes: Readonly<Record<string, Json>>
}

/**
 * Writes what a sign-in says of a person. It replaces the memberships that earlier sign-ins claimed and no others (SCIM's and
 * an administrator's stay), and never makes an inactive person active again.
 */
export async function saveSignIn(db: Db, project: ProjectId, person: Person, now: number): Promise<DirectoryUser> {
  const { issuer, subject, name, email = null, attributes } = person
  const id = await userId(project, issuer, subject)
  const seen = { name, email, attributes, updatedAt: now, lastSeenAt: now }
  const claimed = await Promise.all(
    person.groups.map(async (group) => ({ project, id: await claimedGroupId(project, group), name: group })),
  )
  const names = sql`json_each(${JSON.stringify(claimed)})`
  await db.batch([
    db
      .insert(users)
      .values({ project, id, kind: 'person', issuer, subject, createdAt: now, ...seen })
      .onConflictDoUpdate({ target: [users.project, users.id], set: seen }),
    db
      .delete(memberships)
      .where(and(eq(memberships.project, project), eq(memberships.user, id), eq(memberships.source, 'claims'))),
    // One parameter for all groups: D1 binds at most 100 per statement. `WHERE true` keeps ON CONFLICT from being read as a join.
    db
      .insert(groups)
      .select(sql`SELECT ${project}, value ->> 'id', value ->> 'name', 'claims' FROM ${names} WHERE true`)
      .onConflictDoNothing(),
    db
      .insert(memberships)
      .select(sql`SELECT ${project}, ${id}, value ->> 'id', 'claims' FROM ${names} WHERE true`)
      .onConflictDoNothing(),
  ])
  const saved = await readUser(db, project, id)
  if (saved === null) throw new Error('a user was written and is not there')
  return saved
}

async function claimedGroupId(project: ProjectId, name: string): Promise<string> {
  return base64url(await sha256(lengthPrefixed('group', project, 'claims', name)))
}

/** The person an app key names, or the service account it is. Known afterwards (`added`); what the directory says already stays. */
export async function findOrAddUser(
  db: Db,
  project: ProjectId,
  user: Pick<User, 'kind' | 'issuer' | 'subject' | 'name'>,
  now: number,
): Promise<{ user: DirectoryUser; added: boolean }> {
  const id = await userId(project, user.issuer, user.subject)
  const known = await readUser(db, project, id)
  if (known !== null) return { user: known, added: false }
  const inserted = await db
    .insert(users)
    .values({ project, id, ...user, createdAt: now, updatedAt: now })
    .onConflictDoNothing()
    .returning({ id: users.id })
  const found = await readUser(db, project, id)
  if (found === null) throw new Error('a user was written and is not there')
  return { user: found, added: inserted.length > 0 }
}

/** Everything the person did in a browser so far needs a new sign-in. */
export async function signOutUser(db: Db, project: ProjectId, id: UserId, now: number): Promise<void> {
  await db
    .update(users)
    .set({ signedOutAt: now })
    .where(and(eq(users.project, project), eq(users.id, id)))
}
