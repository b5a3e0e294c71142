import { fromUtf8 } from '../../core/bytes.ts'
import type { AuditEvent } from '../event.ts'
import { record } from '../export-format.ts'
import type { StoredRow } from '../export-ledger.ts'
import type { Part } from './part-store.ts'

/** The rows of a part as D1 had them. Null: the archive does not have it any more. Throws when it is no part. */
export async function readPart(archive: R2Bucket, { key }: Pick<Part, 'key'>): Promise<StoredRow[] | null> {
  const object = await archive.get(key)
  if (object === null) return null
  return rowsOf(await unzipped(object.body))
}

export async function unzipped(body: ReadableStream): Promise<string> {
  const stream = body.pipeThrough(new DecompressionStream('gzip'))
  return fromUtf8(new Uint8Array(await new Response(stream).arrayBuffer()))
}

function rowsOf(text: string): StoredRow[] {
  return text.split('\n').flatMap((line) => {
    const read = line.startsWith('{"sequence":') ? record.parse(JSON.parse(line)) : null
    if (read?.leaf === undefined) return []
    const { event } = JSON.parse(read.leaf) as { event: AuditEvent }
    const { sequence, leaf, sealed } = read
    return [{ sequence, id: event.id, user: event.user ?? null, leaf, payload: sealed ?? null }]
  })
}

/** Reads archived rows by sequence, one part in memory at a time: readers go through them in order. */
export class PartReader {
  readonly #archive: R2Bucket | undefined
  readonly #covering: (sequence: number) => Part | null
  #key = ''
  #rows: StoredRow[] = []

  constructor(archive: R2Bucket | undefined, covering: (sequence: number) => Part | null) {
    this.#archive = archive
    this.#covering = covering
  }

  /** Rows from a sequence on, up to the end of its part or `to`. Null: that sequence is in no part. */
  async rows(from: number, to: number): Promise<{ rows: StoredRow[]; upTo: number } | null> {
    const part = this.#covering(from)
    // Without a copy in the archive it is in D1 until it is nowhere.
    if (part === null || (part.state === 'stored' && part.key === '')) return null
    if (this.#archive === undefined || part.state === 'expired') return { rows: [], upTo: part.up_to }
    if (this.#key !== part.key) {
      this.#rows = (await readPart(this.#archive, part)) ?? []
      this.#key = part.key
    }
    const rows = this.#rows.filter(({ sequence }) => sequence >= from && sequence < to)
    return { rows, upTo: Math.min(part.up_to, to) }
  }
}
