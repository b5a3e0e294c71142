import type { Agent, User } from '../core/caller.ts'
import type { ProjectId } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { agentQuery, groupsQuery, toAgent, toUser, userOf, userQuery } from '../db/principals.ts'
import type { Member } from './hub-api.ts'

/** Both identities as the directory has them. Null: it does not know them (yet). `readAt`: at that time or later. */
export type Principals = { user: User | null; agent: Agent | null; readAt: number }

/**
 * Null: the person or the agent was cut off. A token that was verified a few seconds ago may still be believed elsewhere;
 * a session is not opened on it (promise 7: for new calls at once).
 */
export async function readPrincipals(
  db: Db,
  project: ProjectId,
  { user, agent }: Member,
  now: number,
): Promise<Principals | null> {
  const [people, groups, applications] = await db.batch([
    userQuery(db, project, user),
    groupsQuery(db, project, user),
    agentQuery(db, project, agent),
  ])
  const [person, application] = [people[0], applications[0]]
  if (person?.active === false || application?.disabled === true) return null
  return {
    user: person ? userOf(toUser(person, groups)) : null,
    agent: application ? toAgent(application) : null,
    readAt: now,
  }
}
