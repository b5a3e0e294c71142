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

export { partSpanId } from './sinks/spans.ts'

/** Reading: pages, stories, exports, a live view. */
export type { EventFilters, Place } from './read/event-query.ts'
export { eventFilters, placeText, readPlace } from './read/event-query.ts'
export type { EventView } from './read/event-view.ts'
export { exportEvents } from './read/export-events.ts'
export { followEvents } from './read/follow-events.ts'
export { listEvents, readEvent, readStory } from './read/read-events.ts'

/** The proof, and what leaves: heads, exports, sinks. */
export { exportLedger, exportPorts } from './export-ledger.ts'
export { ledgerOf } from './record-events.ts'
export type { SinkStatus } from './ledger-api.ts'
export type { SinkView } from './sinks/manage.ts'
export { deleteSink, listSinks, saveSink, sinkInput } from './sinks/manage.ts'
export { sinkSettings } from './sinks/settings.ts'
export { readRetention, retentionSettings, saveRetention } from './archive/retention.ts'
export { openMetricsType } from './metrics/open-metrics.ts'
