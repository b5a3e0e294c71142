import { isObject } from '../core/json.ts'
import type { AuditEvent } from './event.ts'

/** Texts from an outbox. `null` when one of them is no event: then the whole batch is refused and nothing is lost. */
export function readEvents(texts: unknown): AuditEvent[] | null {
  if (!Array.isArray(texts)) return null
  try {
    const events = texts.map((text) => JSON.parse(String(text)) as unknown)
    return events.every(isEvent) ? events : null
  } catch {
    return null
  }
}

function isEvent(value: unknown): value is AuditEvent {
  return (
    isObject(value) &&
    ['id', 'type', 'project'].every((name) => typeof value[name] === 'string') &&
    typeof value['at'] === 'number' &&
    isObject(value['attributes']) &&
    (value['payload'] === undefined || isObject(value['payload']))
  )
}
