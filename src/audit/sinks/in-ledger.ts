import { readConfig } from '../../config/config.ts'
import { systemClock } from '../../core/clock.ts'
import { pause } from '../../core/timer.ts'
import { openDb } from '../../db/db.ts'
import { createEgress } from '../../egress/egress.ts'
import type { SinkStatus, SinkTest } from '../ledger-api.ts'
import type { Entry, LedgerStorage } from '../ledger-storage.ts'
import type { PayloadKeys } from '../payload-keys.ts'
import { PartReader } from '../archive/read-part.ts'
import { readEntries } from '../read-entries.ts'
import { loadSinks, openSink } from './manage.ts'
import type { SinkRecord } from './record.ts'
import { headRecord } from './record.ts'
import type { RunnerPorts } from './runner.ts'
import type { Delivery } from './sink.ts'
import type { SinkState } from './state.ts'

type Host = {
  storage: LedgerStorage
  env: Pick<Env, 'DB'> & { ARCHIVE?: R2Bucket }
  ledger: string
  keys: () => PayloadKeys | null
}

/** What the sinks of a Ledger need of it. */
export function sinkPorts({ storage, env, ledger, keys }: Host): Omit<RunnerPorts, 'wake'> {
  const project = (): string => storage.project ?? ''
  const parts = new PartReader(env.ARCHIVE, (sequence) => storage.parts.covering(sequence))
  return {
    states: storage.sinks,
    now: systemClock,
    size: () => storage.size,
    lastHead: () => storage.lastCheckpoint?.size ?? 0,
    load: () => (storage.project === null ? Promise.resolve([]) : loadSinks(openDb(env.DB), project())),
    heads: (after, upTo) =>
      storage
        .checkpoints(after, upTo, 100)
        .map((row) => headRecord(project(), ledger, row.size, row.note, row.created_at)),
    async read(from, limit) {
      const open = keys()
      return open ? readEntries(storage, env.DB, parts, { project: project(), ledger }, open, from, limit) : []
    },
    async open(sink, memory) {
      const config = readConfig(env)
      if (!config.ok) throw new Error('no sink without the configuration')
      const { secret, settings } = await openSink(config.value, project(), sink)
      const tools = {
        egress: createEgress(config.value),
        secret,
        now: systemClock,
        wait: pause,
        archive: env.ARCHIVE,
        memory,
      }
      return { tools, settings }
    },
  }
}

export function statusOf(storage: LedgerStorage, id: string): SinkStatus | null {
  const state = storage.sinks.read(id)
  if (state === null) return null
  const [oldest] = storage.entries(state.cursor, 1)
  const waiting = Math.max(0, storage.size - state.cursor)
  return {
    id,
    cursor: state.cursor,
    waiting,
    waitingSince: waiting > 0 && oldest ? waitingSince(state, oldest) : null,
    failures: state.failures,
    error: state.error,
    nextAt: state.next_at,
    delivered: state.delivered,
    deliveredAt: state.delivered_at,
    deadLetters: state.dead,
  }
}

/** The Ledger has the latest records only. Of one that is not here any more it is known that it came after the last delivery. */
function waitingSince({ cursor, delivered_at: deliveredAt }: SinkState, oldest: Entry): number {
  const { recordedAt } = JSON.parse(oldest.leaf) as { recordedAt: number }
  return oldest.sequence === cursor ? recordedAt : Math.min(recordedAt, deliveredAt ?? recordedAt)
}

/** Not recorded and not proven: it only shows that the way to the receiver is open. */
export function testRecord(project: string, ledger: string, sequence: number, now: number): SinkRecord {
  const attributes = { 'behalf.test': true }
  const event = { id: `test-${now}`, type: 'audit.sink_changed' as const, at: now, project, attributes }
  return { ledger, sequence, recordedAt: now, event, length: 200 }
}

export function testReply(delivery: Delivery): SinkTest {
  const { kind, answer } = delivery
  const refused = kind === 'accepted' ? delivery.refused[0]?.reason : delivery.reason
  return {
    ok: kind === 'accepted' && delivery.refused.length === 0,
    reason: refused ?? '',
    status: answer?.status ?? null,
    answer: answer?.text.slice(0, 2_000) ?? '',
  }
}
