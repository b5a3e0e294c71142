import { ledgerOf } from '../record-events.ts'
import type { EventFilters, Place, Statement } from './event-query.ts'
import { pageStatement, searchEndStatement } from './event-query.ts'
import type { EventRowInD1, EventView } from './event-view.ts'
import { viewsOf } from './event-view.ts'

type ReadEnv = Pick<Env, 'DB' | 'LEDGER'>

export type EventPage = {
  items: EventView[]
  /** Give it back for the next page. Null: there is nothing more. */
  next: Place | null
}

type Row = EventRowInD1 & { at: number }

/**
 * One page, newest first. A search for text looks at 20,000 events at most and then says where it stopped: a page may be
 * empty and still have a next one.
 */
export async function listEvents(
  env: ReadEnv,
  project: string,
  filters: EventFilters,
  page: { after: Place | null; limit: number; payloads: boolean },
): Promise<EventPage> {
  const rows = await query<Row>(env.DB, pageStatement(project, filters, page.after, page.limit + 1))
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  const items = await viewsOf(shown, page.payloads ? ledgerOf(env, project) : null)
  if (rows.length > page.limit && last)
    return { items, next: { at: last.at, sequence: last.sequence, ledger: last.ledger } }
  if (filters.text === undefined) return { items, next: null }
  const [end] = await query<Place>(env.DB, searchEndStatement(project, filters, page.after))
  return { items, next: end ?? null }
}

/** Everything about one call, oldest first: intent, consent, approval, outcome. */
export async function readStory(env: ReadEnv, project: string, call: string): Promise<EventView[]> {
  const { items } = await listEvents(env, project, { call }, { after: null, limit: 500, payloads: true })
  return items.toReversed()
}

export async function readEvent(env: ReadEnv, project: string, id: string): Promise<EventView | null> {
  const sql = 'SELECT ledger, sequence, at, leaf, payload FROM events WHERE project = ? AND id = ?'
  const rows = await query<Row>(env.DB, { sql, values: [project, id] })
  const [view] = await viewsOf(rows, ledgerOf(env, project))
  return view ?? null
}

async function query<T>(d1: D1Database, { sql, values }: Statement): Promise<T[]> {
  const { results } = await d1
    .prepare(sql)
    .bind(...values)
    .all<T>()
  return results
}
