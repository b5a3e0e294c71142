import type { Json, JsonObject } from '../core/json.ts'
import type { Entry } from './ledger-storage.ts'

/**
 * Writes entries to D1, where they are searched. One statement for a batch.
 * Repeating a batch changes nothing. Throws when D1 fails, and when D1 holds another event at the same place: that
 * happens only when a Ledger or the database was restored from a copy, and must not pass unseen. Returns the size of D1.
 */
export async function indexEntries(
  d1: D1Database,
  place: { project: string; ledger: string },
  entries: readonly Entry[],
): Promise<number | null> {
  const rows = JSON.stringify(entries.map(rowOf))
  const { meta } = await d1.prepare(insert).bind(place.project, place.ledger, rows).run()
  if (meta.changes === entries.length || meta.rows_written === entries.length) return meta.size_after ?? null
  const { results } = await d1.prepare(differing).bind(place.project, place.ledger, rows).all<{ sequence: number }>()
  const [first] = results
  if (first) throw new Error(`D1 holds another event at sequence ${first.sequence} of ${place.ledger}`)
  return meta.size_after ?? null
}

const fields = ['type', 'at', 'call', 'gateway', 'user', 'agent', 'session', 'tool', 'decision', 'outcome']

/** The columns are read here and not by D1, which would parse each leaf once for each of them. */
function rowOf({ sequence, leaf, payload }: Entry): Json[] {
  const { event } = JSON.parse(leaf) as { event: JsonObject }
  return [sequence, leaf, payload, event['id'] ?? null, ...fields.map((name) => event[name] ?? null)]
}

const insert = `
  INSERT INTO events (project, ledger, sequence, id, ${fields.map((name) => `"${name}"`).join(', ')}, leaf, payload)
  SELECT ?1, ?2, value ->> 0, value ->> 3, ${fields.map((_, i) => `value ->> ${i + 4}`).join(', ')}, value ->> 1, value ->> 2
  FROM json_each(?3) WHERE true
  ON CONFLICT (project, ledger, sequence) DO NOTHING`

const differing = `
  SELECT batch.value ->> 0 AS sequence FROM json_each(?3) AS batch
  LEFT JOIN events ON events.project = ?1 AND events.ledger = ?2 AND events.sequence = batch.value ->> 0
  WHERE events.leaf IS NOT batch.value ->> 1 ORDER BY 1 LIMIT 1`

/** In UTF-16 units. */
export const lengthOf = ({ leaf, payload }: Entry): number => leaf.length + (payload?.length ?? 0)

/** D1 takes a parameter of 2 MB: this many UTF-16 units are less, whatever they are. One entry always is. */
const batchLength = 600_000

/** As many of them as one statement takes. */
export function withinBytes(entries: readonly Entry[]): readonly Entry[] {
  let length = 0
  const fits = entries.findIndex((entry, i) => (length += lengthOf(entry)) > batchLength && i > 0)
  return fits < 0 ? entries : entries.slice(0, fits)
}
