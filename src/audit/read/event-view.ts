import type { JsonObject } from '../../core/json.ts'
import type { AuditEvent } from '../event.ts'
import type { LedgerApi, SealedPayload } from '../ledger-api.ts'
import type { Leaf } from '../leaf.ts'

/** An event as it is shown: what is in the leaf, and the payload if it can be opened. */
export type EventView = Omit<AuditEvent, 'payload'> & {
  ledger: string
  sequence: number
  recordedAt: number
  payload: JsonObject | null
  /** `erased`: there was one, and the person it is about was erased. `closed`: it was not asked for. */
  payloadState: 'none' | 'open' | 'erased' | 'closed'
}

export type EventRowInD1 = { ledger: string; sequence: number; leaf: string; payload: string | null }

/** Opens payloads in one round trip. */
export async function viewsOf(
  rows: readonly EventRowInD1[],
  ledger: Pick<LedgerApi, 'open'> | null,
): Promise<EventView[]> {
  const leaves = rows.map((row) => JSON.parse(row.leaf) as Leaf)
  const sealed: SealedPayload[] = []
  const places: number[] = []
  for (const [i, { payload }] of rows.entries()) {
    const event = leaves[i]?.event
    if (payload === null || event === undefined) continue
    sealed.push({ user: event.user ?? '', event: event.id, sealed: payload })
    places.push(i)
  }
  const opened = ledger === null || sealed.length === 0 ? null : await ledger.open(sealed)
  const payloads = new Map(places.map((i, n) => [i, opened === null ? 'closed' : (opened[n]?.value ?? 'erased')]))
  return rows.map((row, i) => {
    const leaf = leaves[i] as Leaf
    const payload = payloads.get(i) ?? 'none'
    return {
      ...leaf.event,
      ledger: row.ledger,
      sequence: row.sequence,
      recordedAt: leaf.recordedAt,
      payload: typeof payload === 'string' ? null : payload,
      payloadState: typeof payload === 'string' ? (payload as 'none' | 'erased' | 'closed') : 'open',
    }
  })
}
