import { env, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { LedgerStorage } from '../../../src/audit/ledger-storage.ts'
import { pump } from '../../../src/audit/sinks/pump.ts'
import type { PumpPorts } from '../../../src/audit/sinks/pump.ts'
import type { SinkRecord } from '../../../src/audit/sinks/record.ts'
import { sinkSettings } from '../../../src/audit/sinks/settings.ts'
import type { Batch, Delivery } from '../../../src/audit/sinks/sink.ts'
import { head, toolEvent } from '../support/sink-records.ts'

let ledgers = 0
const ok: Delivery = { kind: 'accepted', refused: [] }

type World = {
  ports: PumpPorts
  records: SinkRecord[]
  heads: SinkRecord[]
  /** Sequences of each batch that was sent, with heads as `h<size>`. */
  sent: { id: string; what: (number | string)[] }[]
  /** Decides about a batch; default: accepted. */
  answer: (batch: Batch) => Delivery | Promise<Delivery>
  run(): Promise<number | null>
  state(): ReturnType<LedgerStorage['sinks']['read']>
  storage: LedgerStorage
}

function inLedger(work: (world: World) => Promise<void>, settings: object = {}): Promise<void> {
  return runInDurableObject(env.LEDGER.getByName(`pump-test-${++ledgers}`), async (_, { storage: raw }) => {
    const storage = new LedgerStorage(raw)
    const world: World = {
      records: [],
      heads: [],
      sent: [],
      answer: () => ok,
      storage,
      run: () => pump(storage.sinks.open('s', 0, 0), world.ports),
      state: () => storage.sinks.read('s'),
      ports: {
        states: storage.sinks,
        settings: sinkSettings.parse({ kind: 'webhook', url: 'https://hook.test', ...settings }),
        limits: { records: 4, bytes: 1_000_000, everyMs: 0 },
        read: async (from, limit) => world.records.slice(from, from + limit),
        heads: (after, upTo) => world.heads.filter(({ sequence }) => sequence + 1 > after && sequence + 1 <= upTo),
        now: () => 1_000_000,
        jitter: () => 1,
        deliver: async (batch) => {
          const what = batch.records.map(({ event, sequence }) =>
            event.type === 'audit.checkpoint' ? `h${sequence + 1}` : sequence,
          )
          world.sent.push({ id: batch.id, what })
          return world.answer(batch)
        },
      },
    }
    await work(world)
  })
}

const some = (count: number, from = 0): SinkRecord[] => Array.from({ length: count }, (_, i) => toolEvent(from + i))
const contents = (world: World) => world.sent.map(({ what }) => what)

describe('a sink', () => {
  it('gets everything in order, in batches, with each signed head behind what it covers', () =>
    inLedger(async (world) => {
      world.records = some(6)
      world.heads = [head(2), head(6)]
      expect(await world.run()).toBeNull()
      expect(contents(world)).toEqual([
        [0, 1, 'h2', 2, 3],
        [4, 5, 'h6'],
      ])
      expect(world.state()).toMatchObject({ cursor: 6, head: 6, delivered: 8, dead: 0, failures: 0 })
      world.heads.push(head(6))
      expect(await world.run()).toBeNull()
      expect(world.sent).toHaveLength(2)
    }))

  it('gets a head that was signed after its records went out', () =>
    inLedger(async (world) => {
      world.records = some(3)
      await world.run()
      world.heads = [head(3)]
      await world.run()
      expect(contents(world)).toEqual([[0, 1, 2], ['h3']])
      expect(await world.run()).toBeNull()
      expect(world.sent).toHaveLength(2)
    }))

  it('that is down loses nothing, waits longer each time, and catches up in order', () =>
    inLedger(async (world) => {
      world.records = some(3)
      world.answer = () => ({ kind: 'later', reason: '503' })
      expect(await world.run()).toBe(1_001_000)
      world.ports = { ...world.ports, now: () => 1_001_000 }
      expect(await world.run()).toBe(1_003_000)
      expect(world.state()).toMatchObject({ cursor: 0, failures: 2, error: '503' })
      world.records.push(...some(7, 3))
      world.answer = () => ok
      world.ports = { ...world.ports, now: () => 2_000_000 }
      expect(await world.run()).toBeNull()
      expect(contents(world).slice(2)).toEqual([
        [0, 1, 2],
        [3, 4, 5, 6],
        [7, 8, 9],
      ])
      expect(world.state()).toMatchObject({ cursor: 10, failures: 0, error: null })
    }))

  it('that is down for a day loses nothing, knocks every five minutes, and catches up in order (attack case 60)', () =>
    inLedger(async (world) => {
      const start = 1_000_000
      let now = start
      world.ports = { ...world.ports, limits: { records: 500, bytes: 10_000_000, everyMs: 0 }, now: () => now }
      world.answer = () => ({ kind: 'later', reason: '503' })
      let knocks = 0
      for (; now < start + 86_400_000; knocks++) {
        world.records.push(...some(10, world.records.length))
        now = (await world.run()) ?? now
      }
      expect(knocks).toBeGreaterThan(280)
      expect(knocks).toBeLessThan(310)
      // What was sent first is sent again, and nothing else in between: nobody gets a part twice.
      expect(new Set(world.sent.map(({ id }) => id)).size).toBe(1)
      world.sent.length = 0
      world.answer = () => ok
      expect(await world.run()).toBeNull()
      expect(contents(world).flat()).toEqual(world.records.map(({ sequence }) => sequence))
      expect(world.state()).toMatchObject({ delivered: world.records.length, dead: 0, failures: 0 })
    }))

  it('waits as long as the receiver asks', () =>
    inLedger(async (world) => {
      world.records = some(1)
      world.answer = () => ({ kind: 'later', reason: '429', afterMs: 90_000 })
      expect(await world.run()).toBe(1_090_000)
      expect(await world.run()).toBe(1_090_000)
      expect(world.sent).toHaveLength(1)
    }))

  it('gets the very same batch again after a crash, although more has come', () =>
    inLedger(async (world) => {
      world.records = some(2)
      world.heads = [head(2)]
      world.answer = () => Promise.reject(new Error('the process died'))
      await expect(world.run()).rejects.toThrow('died')
      world.records.push(...some(5, 2))
      world.heads.push(head(7))
      world.answer = () => ok
      await world.run()
      expect(contents(world)).toEqual([
        [0, 1, 'h2'],
        [0, 1, 'h2'],
        [2, 3, 4, 5],
        [6, 'h7'],
      ])
      expect(world.sent[1]?.id).toBe(world.sent[0]?.id)
      expect(new Set(world.sent.map(({ id }) => id)).size).toBe(3)
    }))

  it('loses one record it refuses, and says which', () =>
    inLedger(async (world) => {
      world.records = some(4)
      world.answer = ({ records }) =>
        records.some((one) => one.sequence === 2) ? { kind: 'refused', reason: '400' } : ok
      expect(await world.run()).toBeNull()
      expect(contents(world)).toEqual([[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]])
      expect(world.state()).toMatchObject({ cursor: 4, delivered: 3, dead: 1 })
      expect(world.storage.sinks.deadLetters('s')).toMatchObject([
        { from_sequence: 2, up_to: 2, count: 1, reason: '400' },
      ])
    }))

  it('goes on behind what was settled when it stops in the middle', () =>
    inLedger(async (world) => {
      world.records = some(4)
      world.answer = ({ records }) =>
        records.length > 2
          ? { kind: 'refused', reason: '413' }
          : records[0]?.sequence === 2
            ? { kind: 'later', reason: '503' }
            : ok
      await world.run()
      expect(world.state()).toMatchObject({ cursor: 2, delivered: 2, failures: 1 })
      world.answer = () => ok
      world.ports = { ...world.ports, now: () => 9_000_000 }
      await world.run()
      expect(contents(world).at(-1)).toEqual([2, 3])
      expect(world.state()).toMatchObject({ cursor: 4, delivered: 4, dead: 0 })
    }))

  it('that refuses everything is stopped before it has eaten the record', () =>
    inLedger(async (world) => {
      world.records = some(100)
      world.answer = () => ({ kind: 'refused', reason: '400' })
      world.ports = { ...world.ports, limits: { records: 100, bytes: 1e9, everyMs: 0 } }
      expect(await world.run()).toBe(1_300_000)
      expect(world.state()).toMatchObject({ dead: 20, error: 'refuses everything: 400' })
    }))

  it('counts what a receiver refused without saying which', () =>
    inLedger(async (world) => {
      world.records = some(4)
      world.answer = () => ({ kind: 'accepted', refused: [{ index: null, count: 3, reason: 'too old' }] })
      await world.run()
      expect(world.state()).toMatchObject({ cursor: 4, delivered: 1, dead: 3 })
      expect(world.storage.sinks.deadLetters('s')).toMatchObject([{ from_sequence: 0, up_to: 3, count: 3 }])
    }))

  it('sees only what its filter lets through, and nothing it asked to leave out', () =>
    inLedger(
      async (world) => {
        const seen: SinkRecord[] = []
        world.records = [
          toolEvent(0),
          toolEvent(1, { decision: 'deny', tool: 'Slack_Send' }),
          toolEvent(2, { decision: 'deny', tool: 'Github_DeleteRepo' }),
          toolEvent(3, { decision: 'deny', tool: 'Gitlab' }),
        ]
        world.heads = [head(4)]
        world.answer = ({ records }) => (seen.push(...records), ok)
        await world.run()
        expect(contents(world)).toEqual([[2, 'h4']])
        expect(seen[0]?.event.payload).toBeUndefined()
        expect(seen[0]?.event.attributes).not.toHaveProperty('trace_id')
        expect(world.state()).toMatchObject({ cursor: 4 })
      },
      { filter: { decisions: ['deny'], tools: ['Github_*', 'S*k_end'] }, payload: false, omit: ['trace_id'] },
    ))

  it('collects until a batch is full or old enough', () =>
    inLedger(async (world) => {
      world.ports = { ...world.ports, limits: { records: 4, bytes: 1e9, everyMs: 60_000 } }
      world.records = some(1)
      await world.run()
      world.records.push(...some(2, 1))
      expect(await world.run()).toBe(1_060_000)
      world.records.push(...some(2, 3))
      await world.run()
      expect(contents(world)).toEqual([[0], [1, 2, 3, 4]])
    }))

  it('gets no batch larger than its limit', () =>
    inLedger(async (world) => {
      world.records = some(5)
      world.ports = {
        ...world.ports,
        limits: { records: 100, bytes: (world.records[0]?.length ?? 0) * 2 + 10, everyMs: 0 },
      }
      await world.run()
      expect(contents(world)).toEqual([[0, 1], [2, 3], [4]])
    }))

  it('does not skip a hole in the record', () =>
    inLedger(async (world) => {
      world.records = [toolEvent(0), toolEvent(2)]
      await expect(world.run()).rejects.toThrow('hole at 1')
      expect(world.state()).toMatchObject({ cursor: 0 })
    }))
})
