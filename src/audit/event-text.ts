import type { Json } from '../core/json.ts'
import type { AuditEvent } from './event.ts'
import { mapStrings, plainLine, plainText } from './neutralise.ts'

/** An event's own fields and attributes. What is beyond is cut and said so: an event is a fact, not a store. */
export const maxHeadLength = 16_384
/** The payload as JSON. `redact` caps it well below; this is the last line. */
export const maxPayloadLength = 131_072

// What JSON.stringify leaves of a control, bidi, zero-width or tag character, and of a lone surrogate.
const suspect = /\\[bfnrtu]|[\u007f-\u009f\u200b-\u200d\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\udb40]/

/**
 * The text of an event in an outbox. On the hot path of every call: one JSON.stringify, one search.
 * Whatever came from outside is neutralised here once more, so that no caller can forget it.
 */
export function eventText(event: AuditEvent): string {
  const { payload, ...head } = event
  let text = JSON.stringify(head)
  if (suspect.test(text)) text = JSON.stringify(mapStrings(head as unknown as Json, plainLine))
  if (text.length > maxHeadLength) text = JSON.stringify(cutAttributes(event, text.length))
  if (payload === undefined) return text

  let body = JSON.stringify(payload)
  if (suspect.test(body)) body = JSON.stringify(mapStrings(payload, plainText))
  if (body.length > maxPayloadLength) body = JSON.stringify({ cut: { length: body.length } })
  return `${text.slice(0, -1)},"payload":${body}}`
}

/** Keeps who, what, when and the outcome whatever somebody managed to put into an attribute. */
function cutAttributes(event: AuditEvent, length: number): AuditEvent {
  const { payload: _, ...head } = event
  const short = (value: Json): Json => (typeof value === 'string' ? plainLine(value).slice(0, 256) : value)
  const cut = Object.entries(head).map(([key, value]) => [key, key === 'attributes' ? {} : short(value as Json)])
  const kept = Object.entries(event.attributes).filter(([, value]) => JSON.stringify(value).length <= 256)
  const attributes = { ...Object.fromEntries(kept.slice(0, 32)), 'behalf.cut_attributes_length': length }
  return { ...Object.fromEntries(cut), attributes: mapStrings(attributes, plainLine) } as AuditEvent
}
