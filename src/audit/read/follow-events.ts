import { exportPorts } from '../export-ledger.ts'
import type { LedgerApi } from '../ledger-api.ts'
import { ledgerOf } from '../record-events.ts'
import type { EventFilters } from './event-query.ts'
import type { EventRowInD1, EventView } from './event-view.ts'
import { viewsOf } from './event-view.ts'
import type { ReadEnv } from './read-events.ts'

const waitMs = 20_000
const batch = 200
/** A request may make 1,000 calls to other objects; the client comes back with the last id it saw. */
const rounds = 300

/** `last`: everything up to this sequence was looked at. */
export type Followed = { events: EventView[]; last: number }

/**
 * What is recorded from now on (or after a sequence), as it comes. Yields an empty round at once, and one whenever nothing
 * happened for a while. A reader that was away for long gets what the Ledger let go of from D1 and the archive.
 */
export async function* followEvents(
  env: ReadEnv,
  project: string,
  filters: EventFilters,
  after: number | null,
  payloads: boolean,
): AsyncGenerator<Followed> {
  const ledger = ledgerOf(env, project)
  const { ledger: name, size, expiredUpTo } = await ledger.head()
  const stored = exportPorts(env, ledger, project, name)
  let last = Math.min(Math.max(after ?? size - 1, expiredUpTo - 1), size - 1)
  yield { events: [], last }
  for (let round = 0; round < rounds; round++) {
    const next = await nextRows(ledger, stored.rows, last)
    last = next.last
    const rows = next.rows.map((row) => ({ ...row, ledger: name }))
    const views = await viewsOf(rows, payloads ? ledger : null)
    yield { events: views.filter((view) => fits(view, filters)), last }
  }
}

type Rows = Omit<EventRowInD1, 'ledger'>[]

async function nextRows(
  ledger: LedgerApi,
  stored: (from: number, to: number) => Promise<Rows>,
  after: number,
): Promise<{ rows: Rows; last: number }> {
  const entries = await ledger.follow(after, batch, waitMs)
  const first = entries[0]?.sequence ?? after + 1
  if (first === after + 1) return { rows: entries, last: entries.at(-1)?.sequence ?? after }
  const upTo = Math.min(first, after + 1 + batch)
  return { rows: await stored(after + 1, upTo), last: upTo - 1 }
}

export function fits(event: EventView, filters: EventFilters): boolean {
  const { type, from, to, text, ...same } = filters
  const equal = Object.entries(same).every(
    ([name, value]) => value === undefined || event[name as keyof EventView] === value,
  )
  const { payload: _, ...rest } = event
  return (
    equal &&
    (type === undefined || (type.endsWith('*') ? event.type.startsWith(type.slice(0, -1)) : event.type === type)) &&
    (from === undefined || event.at >= from) &&
    (to === undefined || event.at < to) &&
    (text === undefined || JSON.stringify(rest).toLowerCase().includes(text.toLowerCase()))
  )
}
