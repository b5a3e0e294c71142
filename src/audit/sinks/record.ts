import type { JsonObject } from '../../core/json.ts'
import type { AuditEvent } from '../event.ts'

/** One event as a sink sees it: from the ledger, payload opened. A signed head travels as an event `audit.checkpoint`. */
export type SinkRecord = {
  ledger: string
  /** Number of the leaf; of a head: the last one it covers. */
  sequence: number
  recordedAt: number
  event: AuditEvent
  /** About how long it is as JSON. */
  length: number
  /** Attribute names that the sink does not want, by the names it would see them under. */
  omit?: readonly string[]
}

export function recordOf(ledger: string, sequence: number, leaf: string, payload: JsonObject | null): SinkRecord {
  const { event, recordedAt } = JSON.parse(leaf) as { event: AuditEvent; recordedAt: number }
  const length = leaf.length + (payload === null ? 0 : JSON.stringify(payload).length)
  return { ledger, sequence, recordedAt, event: { ...event, ...(payload ? { payload } : {}) }, length }
}

/** The head is for whoever wants to check later that the operator did not rewrite what he sent before. */
export function headRecord(project: string, ledger: string, size: number, note: string, at: number): SinkRecord {
  const attributes = { 'behalf.checkpoint.size': size, 'behalf.checkpoint.note': note }
  const event: AuditEvent = { id: `${note.split('\n')[0]}#${size}`, type: 'audit.checkpoint', at, project, attributes }
  return { ledger, sequence: size - 1, recordedAt: at, event, length: note.length + 200 }
}
