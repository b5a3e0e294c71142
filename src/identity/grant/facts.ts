import { z } from 'zod'
import type { AgentId, GatewayId, GrantId, ProjectId, UserId } from '../../core/ids.ts'
import type { StoredGrant } from './records.ts'

/** Which agent acts for whom, where. Kept beside the library's own data and set once, at consent. */
export type GrantFacts = {
  project: ProjectId
  gateway: GatewayId
  user: UserId
  agent: AgentId
  grant: GrantId
  clientId: string
  /** The URL the client asked for: the only audience of the tokens (RFC 8707). */
  resource: string
  /** When the person signed in. */
  authenticatedAt: number
}

export type GrantMetadata = Pick<GrantFacts, 'project' | 'gateway' | 'user' | 'agent' | 'authenticatedAt'>

const metadata = z.object({
  project: z.string(),
  gateway: z.string(),
  user: z.string(),
  agent: z.string(),
  authenticatedAt: z.number(),
})

export function readFacts(grant: StoredGrant): GrantFacts {
  const own = metadata.parse(grant.metadata) as GrantMetadata
  return { ...own, grant: grant.id as GrantId, clientId: grant.clientId, resource: grant.resource }
}
