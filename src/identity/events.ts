import type { AuditEvent, EventType } from '../audit/audit.ts'
import type { User } from '../core/caller.ts'
import { uuidv7 } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { clientAddress } from './client-address.ts'

type IdentityEvent = Extract<EventType, `identity.${string}` | 'admin.changed' | 'directory.changed'>

/** `gateway` is its id; the name that people know is added when it is recorded. */
type Who = Pick<AuditEvent, 'project' | 'gateway' | 'user' | 'agent'>

/** Nothing that tells who a person is may be an attribute: attributes cannot be erased, a payload can. */
export function identityEvent(
  type: IdentityEvent,
  { project, gateway, user, agent }: Who,
  now: number,
  attributes: JsonObject = {},
  payload?: JsonObject,
): AuditEvent {
  const who = { ...(gateway && { gatewayId: gateway }), ...(user && { user }), ...(agent && { agent }) }
  return { id: uuidv7(now), type, at: now, project, ...who, attributes, ...(payload && { payload }) }
}

/** Who it was and from where, as the payload of an event about them. */
export function personPayload(user: Pick<User, 'issuer' | 'subject' | 'name'> | null, request?: Request): JsonObject {
  const address = request ? clientAddress(request) : null
  return {
    user: {
      ...(user && { issuer: user.issuer, subject: user.subject, name: user.name }),
      ...(address !== null && { address }),
    },
  }
}
