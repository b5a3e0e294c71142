import type { Json, JsonObject } from '../../core/json.ts'
import { flatten, severityOf, summary } from './flatten.ts'
import { textOf } from './post.ts'
import type { SinkRecord } from './record.ts'

/**
 * Open Cybersecurity Schema Framework 1.7 (schema.ocsf.io): tool calls as API Activity (6003), sign-ins as Authentication
 * (3002), everything administrative as Entity Management (3004). What has no place there stands in `unmapped`.
 */
export function toOcsf(record: SinkRecord): JsonObject {
  const { event, recordedAt } = record
  const attributes = flatten(record)
  const shape = shapeOf(event.type, attributes)
  const severity = severityOf(record)
  return {
    category_uid: Math.floor(shape.class_uid / 1000),
    class_uid: shape.class_uid,
    activity_id: shape.activity_id,
    type_uid: shape.class_uid * 100 + shape.activity_id,
    time: event.at,
    severity_id: severity === 'info' ? 1 : severity === 'warning' ? 3 : 4,
    status_id: severity === 'info' ? 1 : 2,
    message: summary(record),
    metadata: {
      uid: event.id,
      version: '1.7.0',
      log_name: 'behalf',
      logged_time: recordedAt,
      sequence: record.sequence,
      tenant_uid: event.project,
      correlation_uid: event.call ?? null,
      event_code: event.type,
      product: { name: 'Behalf', vendor_name: 'Behalf', uid: 'behalf' },
    },
    ...shape.fields(record, attributes),
    unmapped: attributes,
  }
}

type Shape = {
  class_uid: 6003 | 3002 | 3004
  activity_id: number
  fields(record: SinkRecord, attributes: JsonObject): JsonObject
}

function shapeOf(type: string, attributes: JsonObject): Shape {
  if (type.startsWith('identity.'))
    return { class_uid: 3002, activity_id: signInActivity(type), fields: authentication }
  if (/^(admin|gateway|directory|upstream|audit)\./.test(type)) {
    return { class_uid: 3004, activity_id: type === 'admin.read' ? 2 : 3, fields: entityManagement }
  }
  return {
    class_uid: 6003,
    activity_id: operations[textOf(attributes['behalf.tool.operation'])] ?? 99,
    fields: apiActivity,
  }
}

/** Taken from how an administrator classified the tool, never from what an upstream claims. */
const operations: Record<string, number> = { create: 1, read: 2, update: 3, delete: 4 }

const signInActivity = (type: string): number =>
  type === 'identity.signed_in' || type === 'identity.sign_in_failed' ? 1 : type === 'identity.grant_revoked' ? 2 : 99

const person = ({ event }: SinkRecord, attributes: JsonObject): JsonObject => ({
  uid: event.user ?? null,
  name: attributes['user.name'] ?? null,
  type_id: 1,
})

const source = (attributes: JsonObject): JsonObject => ({ ip: (attributes['client.address'] ?? null) as Json })

function apiActivity(record: SinkRecord, attributes: JsonObject): JsonObject {
  const { event } = record
  return {
    actor: {
      user: person(record, attributes),
      app_uid: event.agent ?? null,
      session: { uid: event.session ?? null },
      authorizations: event.decision
        ? [{ decision: event.decision, policy: { uid: attributes['behalf.policy.version'] ?? null } }]
        : [],
    },
    api: {
      operation: event.tool ?? event.type,
      service: { name: event.gateway ?? 'behalf' },
      request: { uid: event.call ?? event.id },
    },
    src_endpoint: source(attributes),
  }
}

const authentication = (record: SinkRecord, attributes: JsonObject): JsonObject => ({
  user: person(record, attributes),
  is_remote: true,
  service: { name: record.event.gateway ?? 'behalf' },
  src_endpoint: source(attributes),
})

const entityManagement = (record: SinkRecord, attributes: JsonObject): JsonObject => ({
  actor: { user: person(record, attributes) },
  entity: { type: record.event.type, uid: record.event.gateway ?? record.event.project },
})
