import type { ProjectId, UserId } from '../core/ids.ts'
import { agentId, appClientId, serviceAccountIssuer } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { upsertAgent } from './agents.ts'
import { findOrAddUser } from './directory.ts'
import { displayName } from './display-name.ts'

/** The agent and the identity it acts as, as its first key would make them. An existing one stays as it is. */
export async function addServiceAccount(db: Db, project: ProjectId, name: string, now: number): Promise<UserId> {
  const clientId = appClientId(name)
  const id = await agentId(project, clientId)
  const shown = displayName(name, 'Unnamed agent')
  await upsertAgent(db, project, id, { kind: 'app_key', clientId, name: shown, trust: 'known' }, now)
  const account = { kind: 'service_account', issuer: serviceAccountIssuer, subject: id, name: shown } as const
  return (await findOrAddUser(db, project, account, now)).user.id
}
