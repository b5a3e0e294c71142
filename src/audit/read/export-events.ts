import { csvHead, csvLine } from './csv.ts'
import type { EventFilters, Place } from './event-query.ts'
import { listEvents } from './read-events.ts'

const pageSize = 500

/** Every event that matches, newest first, page by page: nothing is held in memory but one page. */
export async function* exportEvents(
  env: Pick<Env, 'DB' | 'LEDGER'>,
  project: string,
  filters: EventFilters,
  format: 'ndjson' | 'csv',
  payloads: boolean,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvHead
  let after: Place | null = null
  do {
    const page: Awaited<ReturnType<typeof listEvents>> = await listEvents(env, project, filters, {
      after,
      limit: pageSize,
      payloads,
    })
    const text = page.items.map((event) => (format === 'csv' ? csvLine(event) : `${JSON.stringify(event)}\n`)).join('')
    if (text !== '') yield text
    after = page.next
  } while (after !== null)
}
