import { env, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { AuditEvent, OutboxPorts } from '../../src/audit/audit.ts'
import { Outbox } from '../../src/audit/audit.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { digestKey } from '../../src/core/sha256.ts'

const now = 1_800_000_000_000
const key = digestKey(new Uint8Array(32))
let made = 0
let objects = 0

const event = (type: AuditEvent['type'], call?: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: `event-${++made}`,
  type,
  at: now,
  project: 'p',
  attributes: {},
  ...(call ? { call } : {}),
  ...more,
})

type World = {
  outbox: Outbox
  storage: DurableObjectStorage
  received: AuditEvent[]
  armed: number[]
  ports: OutboxPorts
  /** What the next sends do; then they succeed. */
  script: ((events: AuditEvent[]) => Promise<boolean>)[]
  ids: () => string[]
}

/** An outbox in the storage of some object; `restart` is what a killed process leaves behind. */
function inObject<T>(work: (world: World) => Promise<T>): Promise<T> {
  return runInDurableObject(env.LEDGER.getByName(`outbox-test-${++objects}`), (_, state) => {
    const received: AuditEvent[] = []
    const armed: number[] = []
    const script: World['script'] = []
    const ports: OutboxPorts = {
      now: () => now,
      digestKey: () => key,
      arm: (at) => void armed.push(at),
      async send(project, rows) {
        expect(project).toBe('p')
        const events = rows.map(({ head, payload }) => ({
          ...(JSON.parse(head) as AuditEvent),
          ...(payload === null ? {} : { payload: JSON.parse(payload) as JsonObject }),
        }))
        const answer = await (script.shift() ?? (() => Promise.resolve(true)))(events)
        if (answer) received.push(...events)
        return answer
      },
    }
    const { storage } = state
    const ids = () => received.map((one) => one.id)
    return work({ outbox: new Outbox(storage, ports), storage, received, armed, ports, script, ids })
  })
}

describe('an outbox', () => {
  it('hands over in order and keeps nothing that was acknowledged', () =>
    inObject(async ({ outbox, received, storage }) => {
      outbox.put(event('session.started'))
      outbox.put(event('tool.intent', 'c1'))
      outbox.put(event('tool.outcome', 'c1', { outcome: 'done' }))
      expect(outbox.depth).toBe(3)
      expect(await outbox.flush()).toBeNull()
      expect(received.map((one) => one.type)).toEqual(['session.started', 'tool.intent', 'tool.outcome'])
      expect(storage.sql.exec('SELECT * FROM audit_outbox').toArray()).toEqual([])
    }))

  it('asks for one alarm, however many events there are, and again for the next after a flush', () =>
    inObject(async ({ outbox, armed }) => {
      for (let i = 0; i < 5; i++) outbox.put(event('session.started'))
      expect(armed).toEqual([now + 1_000])
      await outbox.flush()
      outbox.put(event('session.started'))
      expect(armed).toHaveLength(2)
    }))

  it('keeps everything when the Ledger is away, and waits longer each time', () =>
    inObject(async ({ outbox, script, received }) => {
      script.push(
        () => Promise.resolve(false),
        () => Promise.reject(new Error('gone')),
        () => Promise.resolve(false),
      )
      outbox.put(event('session.started'))
      const waits = [await outbox.flush(), await outbox.flush(), await outbox.flush()]
      expect(waits).toEqual([now + 1000, now + 2000, now + 4000])
      expect(outbox.depth).toBe(1)
      expect(await outbox.flush()).toBeNull()
      expect(received).toHaveLength(1)
    }))

  it('sends again what was stored by the Ledger but not acknowledged, with the same ids', () =>
    inObject(async ({ outbox, script, ids }) => {
      const stored: string[] = []
      outbox.put(event('session.started'))
      script.push((events) => {
        stored.push(...events.map((one) => one.id))
        return Promise.reject(new Error('the answer was lost'))
      })
      await outbox.flush()
      await outbox.flush()
      expect(stored).toHaveLength(1)
      expect(ids()).toEqual(stored)
    }))

  it('keeps an intent until its outcome is written, and sends it once while the object lives', () =>
    inObject(async ({ outbox, ids, storage }) => {
      const intent = event('tool.intent', 'c1')
      outbox.put(intent)
      await outbox.flush()
      await outbox.flush()
      expect(ids()).toEqual([intent.id])
      expect(storage.sql.exec('SELECT * FROM audit_outbox').toArray()).toHaveLength(1)
      outbox.put(event('tool.outcome', 'c1'))
      await outbox.flush()
      expect(ids()).toHaveLength(2)
      expect(storage.sql.exec('SELECT * FROM audit_outbox').toArray()).toEqual([])
    }))

  it('records the outcome of a call that a crash cut off as unknown, once', () =>
    inObject(async ({ outbox, storage, ports, received, armed }) => {
      outbox.put(
        event('tool.intent', 'c1', { tool: 'Github_CreateIssue', attributes: { a: 1 }, payload: { arguments: {} } }),
      )
      outbox.put(event('tool.intent', 'c2'))
      outbox.put(event('tool.outcome', 'c2', { outcome: 'done' }))
      await outbox.flush()
      const restarted = new Outbox(storage, ports)
      expect(armed).toHaveLength(2)
      await restarted.flush()
      await new Outbox(storage, ports).flush()
      const unknown = received.filter((one) => one.outcome === 'unknown')
      expect(unknown).toHaveLength(1)
      expect(unknown[0]).toMatchObject({
        type: 'tool.outcome',
        call: 'c1',
        tool: 'Github_CreateIssue',
        attributes: { a: 1, 'error.type': 'interrupted' },
      })
      expect(unknown[0]).not.toHaveProperty('payload')
    }))

  it('writes what was deferred by itself soon after, and no call that begins pays for it', () =>
    inObject(async ({ outbox, storage }) => {
      const stored = () => storage.sql.exec('SELECT * FROM audit_outbox').toArray().length
      outbox.put(event('tool.intent', 'c1'))
      outbox.defer(() => event('tool.outcome', 'c1'))
      outbox.put(event('tool.intent', 'c2'))
      expect(stored()).toBe(2)
      expect(outbox.depth).toBe(3)
      outbox.defer(() => event('tool.outcome', 'c2'))
      await expect.poll(stored).toBe(4)
    }))

  it('does not wait when many outcomes have come together', () =>
    inObject(async ({ outbox, storage }) => {
      const stored = () => storage.sql.exec('SELECT * FROM audit_outbox').toArray().length
      for (let n = 0; n < 19; n++) outbox.defer(() => event('tool.outcome', `c${n}`))
      expect(stored()).toBe(0)
      outbox.defer(() => event('tool.outcome', 'c19'))
      expect(stored()).toBe(20)
    }))

  it('writes the outcomes before what happened after them, in order', () =>
    inObject(async ({ outbox, ids }) => {
      const calls = Array.from({ length: 45 }, (_, n) => event('tool.outcome', `c${n}`, { outcome: 'done' }))
      for (const call of calls) outbox.defer(() => call)
      const last = event('session.ended')
      outbox.put(last)
      await outbox.flush()
      expect(ids()).toEqual([...calls, last].map(({ id }) => id))
    }))

  it('keeps the outcomes while the storage refuses', () =>
    inObject(async ({ storage, ports, ids }) => {
      let full = false
      const exec: SqlStorage['exec'] = (query, ...values) => {
        if (full && query.startsWith('INSERT')) throw new Error('database or disk is full: SQLITE_FULL')
        return storage.sql.exec(query, ...values)
      }
      const sql = { exec } as SqlStorage
      const transactionSync = (write: () => unknown) => write()
      const outbox = new Outbox({ sql, transactionSync } as DurableObjectStorage, ports)
      full = true
      const outcomes = Array.from({ length: 21 }, (_, n) => event('tool.outcome', `c${n}`, { outcome: 'done' }))
      for (const outcome of outcomes) outbox.defer(() => outcome)
      expect(() => outbox.put(event('session.ended'))).toThrow('SQLITE_FULL')
      expect(outbox.depth).toBe(21)
      full = false
      await outbox.flush()
      expect(ids()).toEqual(outcomes.map(({ id }) => id))
    }))

  it('keeps that a call ended when its result cannot be redacted, and holds up no other for one that cannot be made', () =>
    inObject(async ({ outbox, received }) => {
      outbox.defer(() => {
        throw new TypeError('no such outcome')
      })
      const round: JsonObject = {}
      round['itself'] = round
      outbox.defer(() => event('tool.outcome', 'c1', { payload: { result: round } }))
      outbox.defer(() => event('tool.outcome', 'c2', { payload: { account: 'alice' } }))
      await outbox.flush()
      expect(received).toMatchObject([{ call: 'c1' }, { call: 'c2', payload: { account: 'alice' } }])
      expect(received[0]).not.toHaveProperty('payload')
    }))

  it('takes a deferred outcome along in a flush', () =>
    inObject(async ({ outbox, received }) => {
      outbox.put(event('tool.intent', 'c1'))
      outbox.defer(() => event('tool.outcome', 'c1'))
      expect(await outbox.flush()).toBeNull()
      expect(received.map((one) => one.type)).toEqual(['tool.intent', 'tool.outcome'])
    }))

  it('loses no event that is put while a flush is under way', () =>
    inObject(async ({ outbox, script, ids }) => {
      const first = event('tool.intent', 'c1')
      const second = event('tool.outcome', 'c1')
      script.push(async () => {
        outbox.put(second)
        return Promise.resolve(true)
      })
      outbox.put(first)
      await Promise.all([outbox.flush(), outbox.flush()])
      expect(ids()).toEqual([first.id, second.id])
      expect(outbox.depth).toBe(0)
    }))

  it('hands over in batches', () =>
    inObject(async ({ outbox, script, received }) => {
      let sends = 0
      const count = () => {
        sends++
        return Promise.resolve(true)
      }
      script.push(count, count, count)
      for (let i = 0; i < 1001; i++) outbox.put(event('session.started'))
      expect(await outbox.flush()).toBeNull()
      expect(sends).toBe(3)
      expect(received).toHaveLength(1001)
    }))

  it('redacts before it stores', () =>
    inObject(async ({ outbox, storage }) => {
      const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'
      outbox.put(
        event('tool.intent', 'c1', { payload: { arguments: { note: `use ${secret}`, password: 'hunter2!' } } }),
      )
      outbox.defer(() =>
        event('tool.outcome', 'c1', { payload: { result: { content: [{ type: 'text', text: secret }] } } }),
      )
      await outbox.flush()
      outbox.put(event('tool.intent', 'c2', { payload: { arguments: { note: secret } } }))
      const stored = JSON.stringify(storage.sql.exec('SELECT * FROM audit_outbox').toArray())
      expect(stored).toContain('[redacted:github:')
      expect(stored).not.toContain(secret)
      expect(stored).not.toContain('hunter2!')
    }))

  it('takes an event of any size and any text', () =>
    inObject(async ({ outbox, received }) => {
      outbox.put(
        event('tool.refused', 'c1', {
          tool: 'x\u001b[31m\nInjected: line',
          attributes: { big: 'x'.repeat(100_000), esc: '\u001b]0;title\u0007', lone: '\ud800' },
          payload: {
            arguments: { huge: 'y'.repeat(2_000_000), deep: JSON.parse('['.repeat(500) + ']'.repeat(500)) as [] },
          },
        }),
      )
      await outbox.flush()
      const text = JSON.stringify(received[0])
      expect(text.length).toBeLessThan(160_000)
      expect(received[0]).toMatchObject({ type: 'tool.refused', tool: 'x␛[31m␊Injected: line' })
      expect(received[0]?.attributes).toMatchObject({ esc: '␛]0;title␇', lone: '\ufffd' })
      expect(received[0]?.attributes).not.toHaveProperty('big')
    }))
})
