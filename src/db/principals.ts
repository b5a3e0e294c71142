import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Agent, User } from '../core/caller.ts'
import type { AgentId, ProjectId, UserId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { Db } from './db.ts'
import { agents, groups, memberships, users } from './schema.ts'

/** A person as the directory knows them. An inactive one is somebody who left: they may do nothing. */
export type DirectoryUser = User & { active: boolean; signedOutAt: number | null }

const attributesShape = z.record(z.string(), z.json())

export function userQuery(db: Db, project: ProjectId, id: string) {
  return db
    .select()
    .from(users)
    .where(and(eq(users.project, project), eq(users.id, id)))
}

/** Names of all groups, whoever asserts the membership. */
export function groupsQuery(db: Db, project: ProjectId, id: string) {
  return db
    .selectDistinct({ name: groups.name })
    .from(memberships)
    .innerJoin(groups, and(eq(groups.project, memberships.project), eq(groups.id, memberships.group)))
    .where(and(eq(memberships.project, project), eq(memberships.user, id)))
    .orderBy(groups.name)
}

/** Disabled or not. */
export function agentQuery(db: Db, project: ProjectId, id: string) {
  return db
    .select()
    .from(agents)
    .where(and(eq(agents.project, project), eq(agents.id, id)))
}

export function toUser(row: typeof users.$inferSelect, groupRows: readonly { name: string }[]): DirectoryUser {
  const { id, kind, issuer, subject, name, email, active, signedOutAt } = row
  const attributes = attributesShape.parse(row.attributes) as Record<string, Json>
  const user = { id: id as UserId, kind, issuer, subject, name, groups: groupRows.map((one) => one.name), attributes }
  return { ...user, ...(email !== null && { email }), active, signedOutAt }
}

/** Without what only the directory needs. */
export function userOf(person: DirectoryUser): User {
  const { active: _, signedOutAt: __, ...user } = person
  return user
}

export function toAgent({ id, kind, clientId, name, host, trust }: typeof agents.$inferSelect): Agent {
  return { id: id as AgentId, kind, clientId, name, trust, ...(host !== null && { host }) }
}
