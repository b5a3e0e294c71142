import type { GatewayId, ProjectId } from '../core/ids.ts'
import { openDb } from '../db/db.ts'
import type { Match } from './hub-api.ts'
import { hubOf } from './hub-api.ts'
import { listHeads } from './store.ts'

const pageSize = 100

/**
 * The kill switch over a whole project, or one gateway of it. Ends live sessions; whoever may sign in can begin a new one, so
 * cut the person or the agent off first.
 */
export async function endSessions(
  env: Env,
  project: ProjectId,
  { gateway, match, reason }: { gateway: GatewayId | null; match: Match; reason: string },
): Promise<{ sessions: number; pending: number }> {
  const reached = { sessions: 0, pending: 0 }
  const end = async (id: GatewayId): Promise<void> => {
    const reach = await hubOf(env, project, id).end(match, reason)
    reached.sessions += reach.sessions
    reached.pending += reach.pending
  }
  if (gateway !== null) {
    await end(gateway)
    return reached
  }
  let after = ''
  for (;;) {
    const heads = await listHeads(openDb(env.DB), project, after, pageSize)
    await Promise.all(heads.map((head) => end(head.gateway)))
    const last = heads.at(-1)
    if (!last || heads.length < pageSize) return reached
    after = last.slug
  }
}
