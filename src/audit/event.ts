import type { JsonObject } from '../core/json.ts'

/**
 * What the record is made of. `attributes` are small, never secret, searchable and part of the leaf;
 * `payload` (arguments, results: redacted) is sealed under the user's key outside the leaf, so that erasing a
 * person keeps the proof.
 */
export type AuditEvent = {
  /** UUIDv7. Everything downstream is idempotent by it. */
  id: string
  type: EventType
  at: number
  project: string
  /** Its name in the URL, which people know: what readers filter by. */
  gateway?: string
  /** Its id, which never passes to another gateway. */
  gatewayId?: string
  gatewayVersion?: number
  user?: string
  agent?: string
  session?: string
  /** Joins an intent with its outcome, and every event that happened on the way. */
  call?: string
  tool?: string
  decision?: 'permit' | 'deny' | 'approve'
  outcome?: 'done' | 'failed' | 'refused' | 'unknown'
  attributes: JsonObject
  payload?: JsonObject
}

export type EventType =
  | 'tool.intent'
  | 'tool.outcome'
  | 'tool.refused'
  | 'identity.signed_in'
  | 'identity.sign_in_failed'
  | 'identity.signed_out'
  | 'identity.consented'
  | 'identity.consent_denied'
  | 'identity.token_issued'
  | 'identity.token_refreshed'
  | 'identity.token_reused'
  | 'identity.grant_revoked'
  | 'identity.key_created'
  | 'identity.key_used'
  | 'identity.key_revoked'
  | 'session.started'
  | 'session.ended'
  | 'session.refused'
  | 'connect.offered'
  | 'connect.started'
  | 'connect.completed'
  | 'connect.failed'
  | 'connect.user_mismatch'
  | 'vault.refreshed'
  | 'vault.refresh_failed'
  | 'vault.revoked'
  | 'vault.integrity'
  | 'vault.shredded'
  | 'approval.requested'
  | 'approval.decided'
  | 'gateway.published'
  | 'gateway.disabled'
  | 'gateway.names_hidden'
  | 'admin.changed'
  | 'admin.read'
  | 'directory.changed'
  | 'upstream.changed'
  | 'upstream.quarantined'
  | 'upstream.health'
  | 'catalog.tool_missing'
  | 'audit.checkpoint'
  | 'audit.archived'
  | 'audit.expired'
  | 'audit.sink_changed'
