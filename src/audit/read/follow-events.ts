import type { LedgerApi } from '../ledger-api.ts'
import type { EventFilters } from './event-query.ts'
import type { EventView } from './event-view.ts'
import { viewsOf } from './event-view.ts'

const waitMs = 20_000
const batch = 200
/** A request may make 1,000 calls to other objects; the client comes back with the last id it saw. */
const rounds = 400

export type Followed = { events: EventView[]; last: number }

/** What is recorded from now on (or after a sequence), as it comes. Yields an empty round while nothing happens. */
export async function* followEvents(
  ledger: LedgerApi,
  filters: EventFilters,
  after: number | null,
  payloads: boolean,
): AsyncGenerator<Followed> {
  const head = await ledger.head()
  let last = after ?? head.size - 1
  for (let round = 0; round < rounds; round++) {
    const entries = await ledger.follow(last, batch, waitMs)
    last = entries.at(-1)?.sequence ?? last
    const rows = entries.map((entry) => ({ ...entry, ledger: head.ledger }))
    const views = await viewsOf(rows, payloads ? ledger : null)
    yield { events: views.filter((view) => fits(view, filters)), last }
  }
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
