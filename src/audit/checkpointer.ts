import { logFault } from '../core/log.ts'
import type { LedgerStorage } from './ledger-storage.ts'
import { signCheckpoint } from './checkpoint.ts'
import type { Signer } from './note.ts'
import { rootOf } from './tree.ts'

const everyMs = 60_000
const everyLeaves = 1_000

export type CheckpointPlaces = {
  d1: D1Database
  /** A deployment without an archive bucket keeps its checkpoints in D1 and in the sinks. */
  archive: R2Bucket | undefined
}

/** When the next head is due: a minute after the last one, or at once when a thousand leaves came. Null: nothing new. */
export function checkpointDueAt(storage: LedgerStorage, now: number): number | null {
  const last = storage.lastCheckpoint
  const fresh = storage.size - (last?.size ?? 0)
  if (fresh === 0) return null
  return fresh >= everyLeaves ? now : (last?.created_at ?? now - everyMs) + everyMs
}

/** Signs the tree as it is. The head is stored before anybody sees it, so that no other one is ever signed at this size. */
export async function makeCheckpoint(storage: LedgerStorage, signer: Signer, now: number): Promise<string | null> {
  const { size } = storage
  const last = storage.lastCheckpoint
  if (last?.size === size) return last.note
  if (size === 0) return null
  const note = await signCheckpoint(signer, size, rootOf(storage.tiles, size))
  storage.addCheckpoint({ size, note, created_at: now })
  return note
}

/** Copies new heads to where the Ledger itself cannot change them later. What fails is tried again with the next one. */
export async function publishCheckpoints(
  storage: LedgerStorage,
  place: { project: string; ledger: string },
  { d1, archive }: CheckpointPlaces,
): Promise<boolean> {
  const rows = storage.checkpoints(storage.publishedUpTo, undefined, 100)
  const last = rows.at(-1)
  if (last === undefined) return false
  const insert = d1.prepare(
    'INSERT OR IGNORE INTO checkpoints (project, ledger, size, note, created_at) VALUES (?, ?, ?, ?, ?)',
  )
  try {
    await d1.batch(rows.map((row) => insert.bind(place.project, place.ledger, row.size, row.note, row.created_at)))
    // Never over an older object: a checkpoint that was replaced in the archive would be no witness.
    const onlyIf = { etagDoesNotMatch: '*' }
    for (const row of rows) await archive?.put(`${place.ledger}/checkpoints/${row.size}`, row.note, { onlyIf })
  } catch (cause) {
    logFault('checkpoints could not be copied', cause, { ledger: place.ledger })
    throw cause
  }
  storage.publishedUpTo = last.size
  return rows.length === 100
}
