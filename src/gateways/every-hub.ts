import type { ProjectId } from '../core/ids.ts'
import { openDb } from '../db/db.ts'
import type { HubApi } from './hub-api.ts'
import { hubOf } from './hub-api.ts'
import { listHeads } from './store.ts'

const pageSize = 100

/** Asks the Hub of every gateway of a project, a hundred at a time. */
export async function askEveryHub<Answer>(
  env: Env,
  project: ProjectId,
  ask: (hub: HubApi) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  let after = ''
  for (;;) {
    const heads = await listHeads(openDb(env.DB), project, after, pageSize)
    answers.push(...(await Promise.all(heads.map((head) => ask(hubOf(env, project, head.gateway))))))
    const last = heads.at(-1)
    if (!last || heads.length < pageSize) return answers
    after = last.slug
  }
}
