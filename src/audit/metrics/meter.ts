import type { LedgerStorage } from '../ledger-storage.ts'
import type { Tally } from './tally.ts'
import { addToTally, emptyTally } from './tally.ts'

const batch = 500
const batches = 20
/** A Worker may write 250 in one invocation. */
const maxPoints = 200

/** Counts what was recorded since the last time, each event once. Returns how many events there were. */
export function meter(storage: LedgerStorage, dataset: AnalyticsEngineDataset | undefined, now: number): number {
  let counted = 0
  const points: Tally['points'] = new Map()
  for (let n = 0; n < batches; n++) {
    const entries = storage.entries(storage.meteredUpTo, batch)
    const last = entries.at(-1)
    if (last === undefined) break
    const tally = emptyTally()
    for (const { leaf } of entries) addToTally(tally, leaf)
    storage.metered(tally, last.sequence + 1, now)
    for (const [key, point] of tally.points) points.set(`${n}${key}`, point)
    counted += entries.length
  }
  if (dataset) send(dataset, points)
  return counted
}

/** blobs: type, project, gateway, tool, decision, outcome, error. doubles: calls, added ms and upstream ms of one of them. */
function send(dataset: AnalyticsEngineDataset, points: Tally['points']): void {
  for (const { blobs, calls, addedMs, upstreamMs } of [...points.values()].slice(0, maxPoints)) {
    dataset.writeDataPoint({
      indexes: [blobs[1] ?? ''],
      blobs,
      doubles: [calls, addedMs / calls, upstreamMs / calls],
    })
  }
}
