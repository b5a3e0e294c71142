import { and, eq, isNull } from 'drizzle-orm'
import type { AgentId, GatewayId, GrantId, ProjectId, UserId } from '../core/ids.ts'
import { sessionId } from '../core/ids.ts'
import { grants } from '../db/schema.ts'
import { forgetConsent } from './consent.ts'
import type { IdentityDeps } from './deps.ts'
import { signOutUser } from './directory.ts'
import { identityEvent } from './events.ts'
import type { GrantFacts } from './grant/facts.ts'
import { grantObjectName } from './grant/name.ts'

export type GrantRow = { id: GrantId; user: UserId; agent: AgentId; gateway: GatewayId; createdAt: number }

/** Who asked for it, for the record: a user id, a key id, or `system`. */
export type By = { by: string; reason: string }

/** The grants of a person that have not ended, for their own page. */
export async function listGrants({ db }: IdentityDeps, project: ProjectId, user: UserId): Promise<GrantRow[]> {
  const { id, agent, gateway, createdAt } = grants
  const rows = await db
    .select({ id, user: grants.user, agent, gateway, createdAt })
    .from(grants)
    .where(and(eq(grants.project, project), eq(grants.user, user), isNull(grants.endedAt)))
    .orderBy(createdAt)
  return rows as GrantRow[]
}

/**
 * Ends one grant of this person: its tokens at once, its session within seconds, and the consent that would make a new one
 * without asking. False: this person has no such grant.
 */
export async function revokeGrant(
  deps: IdentityDeps,
  project: ProjectId,
  user: UserId,
  grant: GrantId,
  by: By,
): Promise<boolean> {
  const row = (await listGrants(deps, project, user)).find((one) => one.id === grant)
  if (row === undefined) return false
  await endGrant(deps, project, row, by)
  await forgetConsent(deps.db, { project, user, agent: row.agent, gateway: row.gateway })
  return true
}

/** Ends everything the person is signed in to: every grant, every live session, every browser. For offboarding and CAEP. */
export async function revokeUser(
  deps: IdentityDeps,
  project: ProjectId,
  user: UserId,
  by: By,
): Promise<{ grants: number }> {
  await signOutUser(deps.db, project, user, deps.now())
  await deps.forgetSignIn(user)
  const rows = await listGrants(deps, project, user)
  for (const row of rows) await endGrant(deps, project, row, by)
  // Also the sessions that have no grant of ours: agents that name the person with an app key.
  await deps.endSessions(project, { gateway: null, match: { user }, reason: by.reason })
  return { grants: rows.length }
}

async function endGrant(deps: IdentityDeps, project: ProjectId, row: GrantRow, { by, reason }: By): Promise<void> {
  const { id, user, agent, gateway } = row
  await deps.grants.getByName(grantObjectName({ project, user, grant: id })).revoke()
  const who = { project, gateway, user, agent }
  await deps.record([identityEvent('identity.grant_revoked', who, deps.now(), { grant: id, by, reason })])
  await grantEnded({ ...who, grant: id }, reason, deps)
}

/** What follows when the Grant object has ended a grant: the live session, and the list. */
export async function grantEnded(
  { project, gateway, user, agent, grant }: Pick<GrantFacts, 'project' | 'gateway' | 'user' | 'agent' | 'grant'>,
  reason: string,
  deps: IdentityDeps,
): Promise<void> {
  const session = await sessionId(project, gateway, user, agent, grant)
  await deps.endSessions(project, { gateway, match: { session }, reason })
  await deps.db
    .update(grants)
    .set({ endedAt: deps.now(), endedReason: reason })
    .where(and(eq(grants.project, project), eq(grants.id, grant), isNull(grants.endedAt)))
}
