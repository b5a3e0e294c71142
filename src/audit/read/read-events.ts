import { exportPorts } from '../export-ledger.ts'
import { ledgerName } from '../ledger-name.ts'
import { ledgerOf } from '../record-events.ts'
import type { EventFilters, Place, Statement } from './event-query.ts'
import { pageStatement, searchEndStatement } from './event-query.ts'
import type { EventRowInD1, EventView } from './event-view.ts'
import { viewsOf } from './event-view.ts'

export type ReadEnv = Pick<Env, 'DB' | 'LEDGER'> & { ARCHIVE?: R2Bucket }

export type EventPage = {
  items: EventView[]
  /** Give it back for the next page. Null: there is nothing more. */
  next: Place | null
}

type Row = EventRowInD1 & { at: number }

/**
 * One page, newest first. A search for text looks at 5,000 events at most and then says where it stopped: a page may be
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

const storyLimit = 500
/** A person may take a day to answer; a search looks at 5,000 events of theirs at most. */
const storyMs = 24 * 3_600_000
const links = ['behalf.call.resumes', 'behalf.approval.id'] as const

/**
 * Everything about one call, oldest first: intent, consent, approval, outcome. A call that had to wait and was tried again
 * is one story under the id of any of its tries.
 */
export async function readStory(env: ReadEnv, project: string, call: string): Promise<EventView[]> {
  const story = new Map<string, EventView>()
  const wanted = [call]
  const seen = new Set<string>()
  while (wanted.length > 0 && seen.size < 20 && story.size < storyLimit) {
    const next = wanted.shift() ?? ''
    if (seen.has(next)) continue
    seen.add(next)
    const own = await eventsOf(env, project, { call: next })
    for (const event of own) {
      story.set(event.id, event)
      const resumes = event.attributes['behalf.call.resumes']
      if (typeof resumes === 'string') wanted.push(resumes)
    }
    const first = own[0]
    const waited = own.find(({ type }) => type === 'approval.requested' || type === 'tool.refused')
    if (first?.user === undefined || waited === undefined) continue
    const asked = own.flatMap((event) => event.attributes['behalf.approval.id'] ?? [])
    const names = new Set([next, ...asked].filter((name) => typeof name === 'string'))
    for (const text of names) {
      const near = { user: first.user, from: first.at, to: first.at + storyMs, text }
      for (const event of await eventsOf(env, project, near)) {
        if (!links.some((link) => [event.attributes[link]].flat().includes(text))) continue
        story.set(event.id, event)
        if (event.call !== undefined && !seen.has(event.call)) wanted.push(event.call)
      }
    }
  }
  return [...story.values()].toSorted((a, b) => a.at - b.at || a.sequence - b.sequence)
}

async function eventsOf(env: ReadEnv, project: string, filters: EventFilters): Promise<EventView[]> {
  const { items } = await listEvents(env, project, filters, { after: null, limit: storyLimit, payloads: true })
  return items.toReversed()
}

export async function readEvent(env: ReadEnv, project: string, id: string): Promise<EventView | null> {
  const sql = 'SELECT ledger, sequence, at, leaf, payload FROM events WHERE project = ? AND id = ?'
  const rows = await query<EventRowInD1>(env.DB, { sql, values: [project, id] })
  const ledger = ledgerOf(env, project)
  const [view] = await viewsOf(rows.length > 0 ? rows : await archivedRow(env, project, id), ledger)
  return view ?? null
}

/** What is no longer searched can still be had by its id. */
async function archivedRow(env: ReadEnv, project: string, id: string): Promise<EventRowInD1[]> {
  const ledger = ledgerOf(env, project)
  const sequence = await ledger.sequenceOf(id)
  if (sequence === null) return []
  const name = ledgerName(project)
  const rows = await exportPorts(env, ledger, project, name).rows(sequence, sequence + 1)
  return rows.map(({ leaf, payload }) => ({ ledger: name, sequence, leaf, payload }))
}

async function query<T>(d1: D1Database, { sql, values }: Statement): Promise<T[]> {
  const { results } = await d1
    .prepare(sql)
    .bind(...values)
    .all<T>()
  return results
}
