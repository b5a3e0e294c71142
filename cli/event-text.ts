import { plainLine } from '../src/audit/neutralise.ts'

/** An event as the admin API shows it. */
export type Event = {
  id: string
  at: number
  type: string
  user?: string
  agent?: string
  gateway?: string
  tool?: string
  decision?: string
  outcome?: string
  session?: string
  call?: string
  sequence: number
  attributes: Record<string, unknown>
  payload: Record<string, unknown> | null
  payloadState: string
}

/** Columns for people: when, what came of it, what, by whom, through which agent, and what it was about. */
export function columnsOf(event: Event): string[] {
  return [
    new Date(event.at).toISOString().replace('T', ' ').slice(0, 23),
    event.outcome ?? event.decision ?? '-',
    event.tool ?? event.type,
    personOf(event),
    shortened(event.agent ?? '-', 24),
    event.tool ? event.type.replace('tool.', '') : shortened(aboutOf(event), 80),
    event.call ?? '',
  ].map(plainLine)
}

const telling = ['upstream', 'action', 'target', 'provider', 'kind', 'name', 'change', 'state', 'reason']

/** Of an event that is no call. */
function aboutOf({ gateway = '', attributes }: Event): string {
  const words = telling.map((name) => attributes[name]).filter((value) => typeof value === 'string')
  return words.length > 0 ? words.join(' ') : gateway
}

/** The name, as far as it may still be read; the id is a hash. */
export function personOf({ payload, user }: Event): string {
  const person = payload?.['user'] as { name?: unknown; subject?: unknown } | undefined
  if (typeof person?.name === 'string') return shortened(person.name, 24)
  return user === undefined ? '-' : shortened(user, 12)
}

/** Everything of one event, line by line. */
export function detailsOf(event: Event): string[] {
  const { attributes, payload, ...head } = event
  const rows = [...Object.entries(head), ...Object.entries(attributes), ...Object.entries(payload ?? {})]
  return rows.map(([name, value]) =>
    plainLine(`    ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  )
}

const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text
