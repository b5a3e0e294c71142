import type { GatewayId, ProjectId } from '../core/ids.ts'
import { askEveryHub } from './every-hub.ts'
import type { Match } from './hub-api.ts'
import { hubOf } from './hub-api.ts'

/**
 * The kill switch over a whole project, or one gateway of it. Ends live sessions; whoever may sign in can begin a new one, so
 * cut the person or the agent off first.
 */
export async function endSessions(
  env: Env,
  project: ProjectId,
  { gateway, match, reason }: { gateway: GatewayId | null; match: Match; reason: string },
): Promise<{ sessions: number; pending: number }> {
  const reached =
    gateway === null
      ? await askEveryHub(env, project, (hub) => hub.end(match, reason))
      : [await hubOf(env, project, gateway).end(match, reason)]
  const sum = (of: 'sessions' | 'pending') => reached.reduce((all, one) => all + one[of], 0)
  return { sessions: sum('sessions'), pending: sum('pending') }
}
