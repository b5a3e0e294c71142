import type { AuditEvent } from '../audit/audit.ts'
import { recordEvents } from '../audit/audit.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { uuidv7 } from '../core/ids.ts'
import { logFault } from '../core/log.ts'
import type { Result } from '../core/result.ts'
import { refuse } from '../core/result.ts'
import { diff } from '../gateways/gateways.ts'
import { adminActor } from './admin-actor.ts'
import type { AdminUse, Change } from './route.ts'

const maxDifferences = 200

/**
 * Records what is about to change, makes the change, and records how it ended. A change that cannot be recorded is not made.
 *
 * Errors: `audit/unavailable`, and those of the change.
 */
export async function recordAndCommit<Reply>(use: AdminUse, change: Change<Reply>): Promise<Result<Reply>> {
  const call = uuidv7(use.now())
  const differences = diff(change.before ?? undefined, change.after ?? undefined)
  const payload = { differences: differences.slice(0, maxDifferences) as unknown as Json }
  const changed = differences.slice(0, 30).map((one) => one.path.slice(0, 200))
  try {
    await recordEvents(use.env, [event(use, change, call, { phase: 'intent', changed }, { payload })])
  } catch (cause) {
    logFault('admin.not_recorded', cause, { action: change.action })
    return refuse('audit/unavailable', { message: 'The change could not be recorded, so it was not made.' })
  }
  try {
    const result = await change.commit()
    const code = result.ok ? {} : { code: result.error.code }
    await ended(use, change, call, result.ok ? 'done' : 'refused', code)
    return result
  } catch (cause) {
    await ended(use, change, call, 'failed', {})
    throw cause
  }
}

/** Somebody tried what their role does not allow (attack case 35). */
export async function recordForbidden(use: AdminUse, target: string): Promise<void> {
  const refused = event(use, { action: 'forbidden', target }, uuidv7(use.now()), {}, { outcome: 'refused' })
  await recordEvents(use.env, [refused]).catch((cause: unknown) => logFault('admin.not_recorded', cause))
}

/** The intent is on disk already: whoever reads the record sees a change whose end is not known. */
async function ended(
  use: AdminUse,
  change: Change<unknown>,
  call: string,
  outcome: NonNullable<AuditEvent['outcome']>,
  attributes: JsonObject,
): Promise<void> {
  const last = event(use, change, call, { phase: 'outcome', ...attributes }, { outcome })
  await recordEvents(use.env, [last]).catch((cause: unknown) => logFault('admin.not_recorded', cause))
}

function event(
  { admin, now }: AdminUse,
  { action, target }: Pick<Change<unknown>, 'action' | 'target'>,
  call: string,
  attributes: JsonObject,
  more: Partial<AuditEvent>,
): AuditEvent {
  const at = now()
  const { user, by, payload } = adminActor(admin)
  // A change to a gateway is found under its name, like everything else that happens there.
  const gateway = /^gateways\/([^/]+)$/.exec(target)?.[1]
  return {
    id: uuidv7(at),
    type: 'admin.changed',
    at,
    project: admin.project,
    user,
    call,
    ...(gateway === undefined ? {} : { gateway }),
    attributes: { action, target, by, role: admin.role, ...attributes },
    ...more,
    payload: { ...payload, ...more.payload },
  }
}
