import { recordEvents } from '../audit/audit.ts'
import type { JsonObject } from '../core/json.ts'
import { uuidv7 } from '../core/ids.ts'
import { logFault } from '../core/log.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { adminActor } from './admin-actor.ts'
import type { AdminUse } from './route.ts'

/**
 * Who looked at what in the record. Written before anything is shown; what was looked for goes into the sealed payload,
 * because it may name a person.
 *
 * Errors: `audit/unavailable`.
 */
export async function recordRead(
  use: AdminUse,
  target: string,
  query: Record<string, unknown> = {},
): Promise<Result<null>> {
  const { admin, env, now } = use
  const at = now()
  const { user, by, payload } = adminActor(admin)
  const event = {
    id: uuidv7(at),
    type: 'admin.read' as const,
    at,
    project: admin.project,
    user,
    attributes: { target, by, role: admin.role },
    payload: { ...payload, query: JSON.parse(JSON.stringify(query)) as JsonObject },
  }
  try {
    await recordEvents(env, [event])
    return ok(null)
  } catch (cause) {
    logFault('admin.not_recorded', cause, { target })
    return refuse('audit/unavailable')
  }
}
