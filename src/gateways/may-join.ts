import { and, eq } from 'drizzle-orm'
import type { ProjectId } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { agents, users } from '../db/schema.ts'
import type { Member } from './hub-api.ts'

/**
 * Neither the person nor the agent was cut off. A token that was verified a few seconds ago may still be believed elsewhere;
 * a new session is not opened on it (promise 7: for new calls at once).
 */
export async function mayJoin(db: Db, project: ProjectId, { user, agent }: Member): Promise<boolean> {
  const [people, applications] = await db.batch([
    db
      .select({ active: users.active })
      .from(users)
      .where(and(eq(users.project, project), eq(users.id, user)))
      .limit(1),
    db
      .select({ disabled: agents.disabled })
      .from(agents)
      .where(and(eq(agents.project, project), eq(agents.id, agent)))
      .limit(1),
  ])
  return people[0]?.active !== false && applications[0]?.disabled !== true
}
