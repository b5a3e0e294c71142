import type { ProjectId } from '../core/ids.ts'
import { askEveryHub } from './every-hub.ts'
import type { Match } from './hub-api.ts'

/**
 * What the directory says of people or agents is not what it said: groups, attributes, how far an agent is trusted. Live
 * sessions read it anew, like a published rule (promise 7). Call it after D1 has the change.
 */
export async function principalsChanged(env: Env, project: ProjectId, match: Match): Promise<void> {
  await askEveryHub(env, project, (hub) => hub.principalsChanged(match))
}
