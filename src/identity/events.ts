import type { AuditEvent, EventType } from '../audit/audit.ts'
import { uuidv7 } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'

type IdentityEvent = Extract<EventType, `identity.${string}` | 'admin.changed'>

export function identityEvent(
  type: IdentityEvent,
  { project, gateway, user, agent }: Pick<AuditEvent, 'project' | 'gateway' | 'user' | 'agent'>,
  now: number,
  attributes: JsonObject = {},
): AuditEvent {
  const who = { ...(gateway && { gateway }), ...(user && { user }), ...(agent && { agent }) }
  return { id: uuidv7(now), type, at: now, project, ...who, attributes }
}
