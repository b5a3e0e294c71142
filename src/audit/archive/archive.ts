import { logFault } from '../../core/log.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { AuditEvent } from '../event.ts'
import type { ExportPorts } from '../export-ledger.ts'
import { exportLedger } from '../export-ledger.ts'
import type { LedgerStorage } from '../ledger-storage.ts'
import { gzip } from '../sinks/post.ts'
import type { Part } from './part-store.ts'
import { unzipped } from './read-part.ts'
import type { Retention } from './retention.ts'
import { rowBytes } from './retention.ts'

export type ArchivePorts = {
  storage: LedgerStorage
  d1: D1Database
  /** A deployment without one keeps everything in D1 until its time is over. */
  bucket: R2Bucket | undefined
  project: string
  ledger: string
  export: ExportPorts
  retention: Retention
  /** Into the record itself: what left D1, and what is gone. */
  record: (event: AuditEvent) => Promise<void>
}

const dayMs = 86_400_000
/** Together with its gzipped copy a part has to fit into an object's memory several times over. */
const partBytes = 6_000_000
const partRecords = 2_000
const pageRecords = 200
const partsPerRun = 10

/**
 * Moves the oldest part of the record to the archive, and lets go of what nobody wants kept any more. Each step is repeated
 * after a crash without harm: stored, read back and compared, noted, deleted from D1, recorded. Returns true when there is
 * more to do at once.
 */
export async function archiveOnce(ports: ArchivePorts, now: number): Promise<boolean> {
  const { storage } = ports
  for (const part of storage.parts.inState('stored')) await drop(ports, part, now)
  for (let n = 0; n < partsPerRun; n++) {
    const due = await dueUpTo(ports, now)
    if (due === null) break
    const part = await nextPart(ports, due)
    if (part === null) break
    storage.parts.add({ ...part, ...(await store(ports, part)), stored_at: now, state: 'stored' })
    const [stored] = storage.parts.inState('stored')
    if (stored) await drop(ports, stored, now)
    if (n === partsPerRun - 1) return true
  }
  if (ports.retention.keptDays !== null) await expire(ports, now - ports.retention.keptDays * dayMs, now)
  return false
}

/** Records made before this time leave D1 now; `Infinity`: the oldest do, because there is no room. Null: none. */
async function dueUpTo({ storage, d1, project, ledger, retention, bucket }: ArchivePorts, now: number) {
  const from = storage.parts.end
  if (from >= storage.indexedUpTo) return null
  const tooMuch = storage.searchableBytes > retention.searchableMegabytes * 1_000_000
  if (tooMuch && bucket !== undefined) return Number.POSITIVE_INFINITY
  const wanted = bucket === undefined ? retention.keptDays : (retention.searchableDays ?? retention.keptDays)
  if (wanted === null) return null
  const sql = 'SELECT leaf FROM events WHERE project = ? AND ledger = ? AND sequence >= ? ORDER BY sequence LIMIT 1'
  const oldest = await d1.prepare(sql).bind(project, ledger, from).first<{ leaf: string }>()
  if (oldest === null) return null
  const { recordedAt } = JSON.parse(oldest.leaf) as { recordedAt: number }
  // A day's worth at once, or a quiet project would make a part of every hour.
  return recordedAt < now - (wanted + 1) * dayMs ? now - wanted * dayMs : null
}

type NextPart = Pick<Part, 'from_sequence' | 'up_to' | 'last_at'>

/** Ends at a signed head, so that it proves itself with nothing but the key. Null: no head covers what is due yet. */
async function nextPart({ storage, d1, project, ledger }: ArchivePorts, before: number): Promise<NextPart | null> {
  const from = storage.parts.end
  const heads = storage.checkpoints(from, storage.indexedUpTo, 1_000).filter(({ created_at }) => created_at < before)
  const [first] = heads
  if (first === undefined) return null
  const sql = `SELECT max(sequence) AS last, sum(length(leaf) + coalesce(length(payload), 0)) AS bytes FROM (SELECT sequence, leaf, payload
    FROM events WHERE project = ? AND ledger = ? AND sequence >= ? ORDER BY sequence LIMIT ${pageRecords})`
  let bytes = 0
  let reached = from
  while (reached < from + partRecords && bytes < partBytes) {
    const page = await d1.prepare(sql).bind(project, ledger, reached).first<{ last: number | null; bytes: number }>()
    if (page === null || page.last === null) break
    bytes += page.bytes
    reached = page.last + 1
  }
  const end = heads.findLast(({ size }) => size <= reached) ?? first
  return { from_sequence: from, up_to: end.size, last_at: end.created_at }
}

/** Where it lies, and how large it is. Read back before anything is deleted. */
async function store(ports: ArchivePorts, part: NextPart): Promise<{ key: string; bytes: number }> {
  const { bucket, ledger } = ports
  if (bucket === undefined) return { key: '', bytes: 0 }
  const lines: string[] = []
  const range = { from: part.from_sequence, to: part.up_to, payloads: 'sealed' } as const
  for await (const line of exportLedger(ports.export, range)) lines.push(line)
  const text = lines.join('')
  const key = `${ledger}/archive/${padded(part.from_sequence)}-${padded(part.up_to)}.ndjson.gz`
  const body = await gzip(text)
  await bucket.put(key, body, { httpMetadata: { contentType: 'application/x-ndjson', contentEncoding: 'gzip' } })
  const copy = await bucket.get(key)
  if (copy === null || (await unzipped(copy.body)) !== text) throw new Error(`${key} is not what was written`)
  return { key, bytes: body.length }
}

/** Fixed width, so that names sort as numbers do. */
const padded = (sequence: number): string => `${sequence}`.padStart(12, '0')

async function drop(ports: ArchivePorts, part: Part, now: number): Promise<void> {
  const { storage, d1, project, ledger } = ports
  const kept = part.key !== ''
  const remove = d1.prepare(
    `DELETE FROM events WHERE project = ?1 AND ledger = ?2 AND sequence >= ?3 AND sequence < ?4
       RETURNING length(leaf) + coalesce(length(payload), 0) AS bytes`,
  )
  let freed = 0
  for (let at = part.from_sequence; at < part.up_to; at += pageRecords) {
    const upTo = Math.min(at + pageRecords, part.up_to)
    const { results } = await remove.bind(project, ledger, at, upTo).all<{ bytes: number }>()
    for (const { bytes } of results) freed += bytes + rowBytes
  }
  storage.searchableBytes -= freed
  storage.parts.set(part.from_sequence, kept ? 'archived' : 'expired')
  if (!kept) skipSinks(storage, part, now)
  await tell(ports, part, kept ? 'audit.archived' : 'audit.expired', now)
}

async function expire(ports: ArchivePorts, before: number, now: number): Promise<void> {
  const { storage, bucket } = ports
  for (const part of storage.parts.inState('archived')) {
    if (part.last_at >= before || bucket === undefined) return
    await bucket.delete(part.key)
    storage.parts.set(part.from_sequence, 'expired')
    skipSinks(storage, part, now)
    await tell(ports, part, 'audit.expired', now)
  }
}

/** A sink that was away for longer than the record is kept: what it missed is counted, and it goes on behind it. */
function skipSinks(storage: LedgerStorage, { up_to: upTo }: Part, at: number): void {
  for (const id of storage.sinks.ids()) {
    const state = storage.sinks.read(id)
    if (state === null || state.cursor >= upTo) continue
    storage.sinks.bury(id, state.cursor, upTo - 1, upTo - state.cursor, 'expired before it was delivered', at)
    storage.sinks.settle(id, { cursor: upTo, head: state.head, delivered: 0, at, whole: true })
  }
}

async function tell(
  { record, project }: ArchivePorts,
  part: Part,
  type: 'audit.archived' | 'audit.expired',
  now: number,
): Promise<void> {
  const attributes = { from: part.from_sequence, to: part.up_to, key: part.key, bytes: part.bytes }
  try {
    await record({ id: uuidv7(now), type, at: now, project, attributes })
  } catch (cause) {
    logFault('the archive could not be recorded', cause, { from: part.from_sequence, to: part.up_to })
  }
}
