/**
 * The record. Durable Objects write events into their own `Outbox`; the Worker calls `recordEvents`; both end in the
 * project's `Ledger`, which orders them, proves them and carries them to D1.
 */
export type { AuditEvent, EventType } from './event.ts'
export type { LedgerApi } from './ledger-api.ts'
export type { Redacted, RedactionMode, RedactionPolicy } from './redact.ts'
export { Ledger } from './ledger.ts'
export { ledgerName } from './ledger-name.ts'
export { Outbox } from './outbox.ts'
export type { OutboxPorts } from './outbox.ts'
export { ledgerPorts, recordEvents } from './record-events.ts'
export type { PayloadPolicy } from './redact-event.ts'
export { defaultArgumentsMode, defaultResultMode, redact, redactionKey } from './redact.ts'
