import type { PartReader } from './archive/read-part.ts'
import type { LedgerStorage } from './ledger-storage.ts'
import type { PayloadKeys } from './payload-keys.ts'
import { openPayload } from './leaf.ts'
import type { SinkRecord } from './sinks/record.ts'
import { recordOf } from './sinks/record.ts'

type Row = { sequence: number; leaf: string; payload: string | null }

/**
 * Records from a sequence on, for sinks: from the Ledger while it still has them, else from D1 or the archive, so that a
 * receiver may be away for as long as the record is kept.
 */
export async function readEntries(
  storage: LedgerStorage,
  d1: D1Database,
  parts: PartReader,
  place: { project: string; ledger: string },
  keys: PayloadKeys,
  from: number,
  limit: number,
): Promise<SinkRecord[]> {
  const rows = await rowsFrom(storage, d1, parts, place, from, limit)
  return Promise.all(
    rows.map(async ({ sequence, leaf, payload }) => {
      const record = recordOf(place.ledger, sequence, leaf, null)
      if (payload === null) return record
      const nonced = await keys.open(record.event.user ?? '', record.event.id, payload)
      return nonced ? recordOf(place.ledger, sequence, leaf, openPayload(nonced).value) : record
    }),
  )
}

async function rowsFrom(
  storage: LedgerStorage,
  d1: D1Database,
  parts: PartReader,
  { project, ledger }: { project: string; ledger: string },
  from: number,
  limit: number,
): Promise<Row[]> {
  const local = storage.entries(from, limit)
  if (from >= storage.size || local[0]?.sequence === from) return local
  const rows: Row[] = []
  let at = from
  for (let part = await parts.rows(at, from + limit); part !== null; part = await parts.rows(at, from + limit)) {
    rows.push(...part.rows)
    at = part.upTo
  }
  if (at >= from + limit) return rows
  const { results } = await d1
    .prepare(
      'SELECT sequence, leaf, payload FROM events WHERE project = ? AND ledger = ? AND sequence >= ? ORDER BY sequence LIMIT ?',
    )
    .bind(project, ledger, at, from + limit - at)
    .all<Row>()
  return [...rows, ...results]
}
