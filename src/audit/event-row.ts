import type { Json, JsonObject } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import type { AuditEvent } from './event.ts'
import { mapStrings, plainLine, plainText } from './neutralise.ts'

/**
 * An event on its way: canonical JSON already (RFC 8785), so that nobody after this has to parse it to hash it.
 * `head` is the event without its payload.
 */
export type EventRow = { id: string; user: string; head: string; payload: string | null }

/** An event's own fields and attributes. What is beyond is cut and said so: an event is a fact, not a store. */
export const maxHeadLength = 16_384
/** The payload as JSON. `redact` caps it well below; this is the last line. */
export const maxPayloadLength = 131_072

// What JSON.stringify leaves of a control, bidi, zero-width or tag character, and of a lone surrogate.
const suspect = /\\[bfnrtu]|[\u007f-\u009f\u200b-\u200d\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\udb40]/

/**
 * An event as it waits where it happened: the same in plain JSON. A canonical text costs eight times as much, and nothing
 * reads one before the Ledger does.
 */
export type WaitingRow = EventRow

/** What would be cut on its way is cut now: nothing fills the storage of whoever waits. */
export function waitingRow(event: AuditEvent): WaitingRow {
  const { payload, ...head } = event
  const row = {
    id: event.id,
    user: event.user ?? '',
    head: JSON.stringify(head),
    payload: payload === undefined ? null : JSON.stringify(payload),
  }
  const fits = row.head.length <= maxHeadLength && (row.payload?.length ?? 0) <= maxPayloadLength
  return fits ? row : eventRow(event)
}

export function sentRow({ head, payload }: WaitingRow): EventRow {
  const event = JSON.parse(head) as AuditEvent
  return eventRow(payload === null ? event : { ...event, payload: JSON.parse(payload) as JsonObject })
}

/**
 * One canonical text, one search. Whatever came from outside is neutralised here once more, so that no caller can
 * forget it.
 */
export function eventRow(event: AuditEvent): EventRow {
  const { payload, ...head } = event
  let text = canonicalJson(head as unknown as JsonObject)
  if (suspect.test(text)) text = canonicalJson(mapStrings(head as unknown as Json, plainLine))
  if (text.length > maxHeadLength) text = canonicalJson(cutAttributes(event, text.length))
  return {
    id: event.id,
    user: event.user ?? '',
    head: text,
    payload: payload === undefined ? null : payloadText(payload),
  }
}

function payloadText(payload: JsonObject): string {
  let text = canonicalJson(payload)
  if (suspect.test(text)) text = canonicalJson(mapStrings(payload, plainText))
  return text.length > maxPayloadLength ? canonicalJson({ cut: { length: text.length } }) : text
}

/** Keeps who, what, when and the outcome whatever somebody managed to put into an attribute. */
function cutAttributes(event: AuditEvent, length: number): JsonObject {
  const { payload: _, attributes, ...head } = event
  const short = (value: Json): Json => (typeof value === 'string' ? plainLine(value).slice(0, 256) : value)
  const kept = Object.entries(attributes).filter(([, value]) => JSON.stringify(value).length <= 256)
  return {
    ...Object.fromEntries(Object.entries(head).map(([key, value]) => [key, short(value as Json)])),
    attributes: mapStrings(
      Object.fromEntries([...kept.slice(0, 32), ['behalf.cut_attributes_length', length]]),
      plainLine,
    ),
  }
}
