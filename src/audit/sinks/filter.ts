import type { SinkRecord } from './record.ts'
import type { SinkFilter, SinkSettings } from './settings.ts'

/** Signed heads always pass: they are what makes the rest provable. */
export function passes({ event }: SinkRecord, filter: SinkFilter): boolean {
  if (event.type === 'audit.checkpoint') return true
  return (
    matches(event.type, filter.types) &&
    matches(event.gateway, filter.gateways) &&
    matches(event.tool, filter.tools) &&
    matches(event.agent, filter.agents) &&
    matches(event.user, filter.users) &&
    (filter.decisions === undefined || (event.decision !== undefined && filter.decisions.includes(event.decision))) &&
    (filter.outcomes === undefined || (event.outcome !== undefined && filter.outcomes.includes(event.outcome)))
  )
}

function matches(value: string | undefined, patterns: readonly string[] | undefined): boolean {
  if (patterns === undefined) return true
  return value !== undefined && patterns.some((pattern) => matchesOne(value, pattern))
}

/** `*` stands for any text. Without a regular expression, so that no pattern can be slow. */
function matchesOne(value: string, pattern: string): boolean {
  const [first = '', ...parts] = pattern.split('*')
  if (parts.length === 0) return value === pattern
  if (!value.startsWith(first)) return false
  const last = parts.pop() ?? ''
  let at = first.length
  for (const part of parts) {
    const found = value.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return value.length - last.length >= at && value.endsWith(last)
}

/** What the sink asked not to see is left out before anything is encoded. */
export function selected(record: SinkRecord, { payload, omit }: Pick<SinkSettings, 'payload' | 'omit'>): SinkRecord {
  const { payload: kept, attributes, ...event } = record.event
  const names = Object.entries(attributes).filter(([name]) => !omit.includes(name))
  return {
    ...record,
    ...(omit.length > 0 ? { omit } : {}),
    event: {
      ...event,
      attributes: Object.fromEntries(names),
      ...(payload && kept ? { payload: kept } : {}),
    },
  }
}
