import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { ProjectId } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import type { Egress } from '../egress/egress.ts'
import { createEgress } from '../egress/egress.ts'
import { openDb } from '../db/db.ts'

/** What federation works with, for one project. */
export type FederationUse = {
  env: Env
  config: Config
  db: Db
  egress: Egress
  now: Clock
  project: ProjectId
}

export function federationUse(env: Env, config: Config, project: ProjectId, now: Clock): FederationUse {
  return { env, config, db: openDb(env.DB), egress: createEgress(config), now, project }
}
