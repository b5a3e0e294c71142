import type { Agent } from '../core/caller.ts'
import type { AgentId, ProjectId } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { agentQuery, toAgent } from '../db/principals.ts'
import { agents } from '../db/schema.ts'

export type NewAgent = Pick<Agent, 'kind' | 'clientId' | 'name' | 'host' | 'trust'>

/** Null: unknown or disabled. */
export async function readAgent(db: Db, project: ProjectId, id: AgentId): Promise<Agent | null> {
  const [row] = await agentQuery(db, project, id)
  return row && !row.disabled ? toAgent(row) : null
}

export async function isAgentActive(db: Db, project: ProjectId, id: AgentId): Promise<boolean> {
  return (await readAgent(db, project, id)) !== null
}

/** False only for an agent an administrator disabled; one nobody has seen yet is not. */
export async function isAgentDisabled(db: Db, project: ProjectId, id: AgentId): Promise<boolean> {
  return (await agentQuery(db, project, id))[0]?.disabled ?? false
}

/**
 * Adds the agent, or brings what it says of itself up to date. Its trust and whether it is disabled stay an administrator's.
 * A query, for `db.batch`.
 */
export function upsertAgent(db: Db, project: ProjectId, id: AgentId, agent: NewAgent, now: number) {
  const { kind, clientId, name, host = null, trust } = agent
  return db
    .insert(agents)
    .values({ project, id, kind, clientId, name, host, trust, createdAt: now, lastSeenAt: now })
    .onConflictDoUpdate({ target: [agents.project, agents.id], set: { name, host, lastSeenAt: now } })
}
