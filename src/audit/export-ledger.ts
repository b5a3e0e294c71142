import type { Part } from './archive/part-store.ts'
import { PartReader } from './archive/read-part.ts'
import type { LedgerApi } from './ledger-api.ts'
import type { ExportHeader, ExportRecord } from './export-format.ts'

export type StoredRow = {
  sequence: number
  id: string
  user: string | null
  leaf: string
  payload: string | null
}

export type ExportPorts = {
  ledger: LedgerApi
  /** Rows with `from` <= sequence < `to`, in order; at most `batch` of them. What was deleted is simply not there. */
  rows: (from: number, to: number) => Promise<StoredRow[]>
}

export type ExportRange = {
  /** First sequence. Default: the first that is still kept. */
  from?: number
  /** One more than the last. Default: everything that is recorded now. */
  to?: number
  /** Opened payloads, or sealed as they are, or none. */
  payloads: 'open' | 'sealed' | 'none'
}

export const exportBatch = 500

/**
 * The record as lines that prove themselves (docs/audit.md). Hashes come from the Ledger's tree and rows from D1, so a row
 * that was changed or deleted there is found and named. Null: nothing is recorded yet.
 */
export async function* exportLedger({ ledger, rows }: ExportPorts, range: ExportRange): AsyncGenerator<string> {
  const note = await ledger.checkpoint()
  const { size, verifier, expiredUpTo } = await ledger.settle()
  if (note === null || verifier === null) return
  const from = Math.min(range.from ?? expiredUpTo, size)
  const to = Math.min(range.to ?? size, size)
  yield json({
    behalf: 'ledger-export',
    version: 1,
    origin: note.split('\n')[0] ?? '',
    verifier,
    from,
    prefix: await ledger.prefix(from),
  } satisfies ExportHeader)

  for (let at = from; at < to; at += exportBatch) {
    const upTo = Math.min(at + exportBatch, to)
    const [hashes, stored, notes] = await Promise.all([
      ledger.leafHashes(at, upTo),
      rows(at, upTo),
      ledger.checkpoints(at, upTo),
    ])
    const payloads = range.payloads === 'open' ? await openAll(ledger, stored) : new Map<number, undefined>()
    const bySequence = new Map(stored.map((row) => [row.sequence, row]))
    const heads = new Map(notes.map((head) => [Number(head.split('\n')[1]), head]))
    for (const [i, hash] of hashes.entries()) {
      const sequence = at + i
      const row = bySequence.get(sequence)
      const payload = payloads.get(sequence)
      yield json({
        sequence,
        hash,
        ...(row ? { leaf: row.leaf } : {}),
        ...(payload ? { payload } : {}),
        ...(range.payloads === 'sealed' && row?.payload ? { sealed: row.payload } : {}),
      } satisfies ExportRecord)
      const head = heads.get(sequence + 1)
      if (head !== undefined) yield json({ checkpoint: head })
    }
  }
  // A part of the record: the next head covers it, and its inclusion is proven by the hashes up to there.
  yield json({ end: to })
}

async function openAll(ledger: LedgerApi, stored: readonly StoredRow[]) {
  const sealed = stored.filter((row) => row.payload !== null)
  const opened = await ledger.open(
    sealed.map((row) => ({ user: row.user ?? '', event: row.id, sealed: row.payload ?? '' })),
  )
  return new Map(sealed.map((row, i) => [row.sequence, opened[i] ?? undefined]))
}

const json = (value: unknown): string => `${JSON.stringify(value)}\n`

type Stores = { DB: D1Database; ARCHIVE?: R2Bucket }

/** The ports of a project's own ledger: hashes from the Ledger, rows from D1 or, the older ones, from the archive. */
export function exportPorts(
  { DB: d1, ARCHIVE: archive }: Stores,
  ledger: LedgerApi,
  project: string,
  name: string,
): ExportPorts {
  const sql = `SELECT sequence, id, "user", leaf, payload FROM events
    WHERE project = ? AND ledger = ? AND sequence >= ? AND sequence < ? ORDER BY sequence`
  let reader: Promise<PartReader> | null = null
  const archived = async (from: number, to: number) => {
    reader ??= ledger.parts().then((parts) => new PartReader(archive, (at) => partOf(parts, at)))
    return (await reader).rows(from, to)
  }
  return {
    ledger,
    async rows(from, to) {
      const rows: StoredRow[] = []
      let at = from
      while (at < to) {
        const part = await archived(at, to)
        if (part !== null) {
          rows.push(...part.rows)
          at = part.upTo
          continue
        }
        const { results } = await d1.prepare(sql).bind(project, name, at, to).all<StoredRow>()
        // What is not there may have gone to the archive a moment ago.
        if (results.length < to - at) reader = null
        if (results.length < to - at && (await archived(at, to)) !== null) continue
        return [...rows, ...results]
      }
      return rows
    },
  }
}

const partOf = (parts: readonly Part[], sequence: number): Part | null =>
  parts.find((part) => part.from_sequence <= sequence && sequence < part.up_to) ?? null
