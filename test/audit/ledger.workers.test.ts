import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { AuditEvent, Ledger, LedgerApi } from '../../src/audit/audit.ts'
import { ledgerName, recordEvents } from '../../src/audit/audit.ts'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import { opensCommitment } from '../../src/audit/leaf.ts'
import { verifyConsistency, verifyInclusion } from '../../src/audit/verify-proof.ts'
import { fromBase64, sha256, utf8 } from '../../src/core/bytes.ts'
import { eventRow } from '../../src/audit/event-row.ts'
import { uuidv7 } from '../../src/core/ids.ts'

let projects = 0
const newProject = (): string => `ledger-test-${++projects}`

const event = (project: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: uuidv7(1_800_000_000_000),
  type: 'admin.changed',
  at: 1_800_000_000_000,
  project,
  user: 'u-alice',
  attributes: { what: 'gateway' },
  ...more,
})

const stub = (project: string) => env.LEDGER.getByName(ledgerName(project)) as DurableObjectStub<Ledger>
const ledger = (project: string) => stub(project) as unknown as LedgerApi
const rows = async (project: string) => {
  const { results } = await env.DB.prepare('SELECT * FROM events WHERE project = ? ORDER BY sequence')
    .bind(project)
    .all()
  return results
}
const index = (project: string) => ledger(project).settle()

describe('the Ledger', () => {
  it('orders events and carries them to D1, payload sealed and outside the leaf', async () => {
    const project = newProject()
    await recordEvents(env, [
      event(project, { payload: { note: 'private words' } }),
      event(project, { type: 'identity.signed_in' }),
    ])
    await index(project)
    const [first, second] = await rows(project)
    expect(first).toMatchObject({ sequence: 0, type: 'admin.changed', user: 'u-alice', ledger: ledgerName(project) })
    expect(second).toMatchObject({ sequence: 1, type: 'identity.signed_in', payload: null })
    expect(JSON.stringify(first)).not.toContain('private words')
    expect(JSON.parse(String(first?.['leaf']))).toMatchObject({ v: 1, event: { attributes: { what: 'gateway' } } })
  })

  it('stores an event once, however often and however parallel it comes', async () => {
    const project = newProject()
    const events = [event(project), event(project), event(project)].map(eventRow)
    const replies = await Promise.all([
      ledger(project).append(project, [...events, ...events]),
      ledger(project).append(project, events),
      ledger(project).append(project, events.slice(1)),
    ])
    expect(replies.map((reply) => reply.ok)).toEqual([true, true, true])
    expect(await ledger(project).append(project, events)).toEqual({ ok: true, size: 3 })
    await index(project)
    expect((await rows(project)).map((row) => row['sequence'])).toEqual([0, 1, 2])
  })

  it("refuses another project's event", async () => {
    const project = newProject()
    await ledger(project).append(project, [eventRow(event(project))])
    const reply = await ledger(project).append('other', [eventRow(event('other'))])
    expect(reply).toEqual({ ok: false, reason: 'other_project' })
    expect(await ledger(project).append(project, [])).toEqual({ ok: true, size: 1 })
  })

  it('loses nothing while D1 is away', async () => {
    const project = newProject()
    await recordEvents(env, [event(project), event(project)])
    await env.DB.exec('ALTER TABLE events RENAME TO events_away')
    await index(project)
    await env.DB.exec('ALTER TABLE events_away RENAME TO events')
    expect(await rows(project)).toEqual([])
    await index(project)
    expect(await rows(project)).toHaveLength(2)
  })

  it('does not take another row at its place for its own', async () => {
    const project = newProject()
    await recordEvents(env, [event(project)])
    await index(project)
    await env.DB.prepare(`UPDATE events SET leaf = '{}' WHERE project = ?`).bind(project).run()
    await runInDurableObject(stub(project), async (object, state) => {
      state.storage.sql.exec(`UPDATE meta SET value = 0 WHERE name = 'indexedUpTo'`)
      await object.settle()
      const [row] = state.storage.sql.exec(`SELECT value FROM meta WHERE name = 'indexedUpTo'`)
      expect(row?.['value']).toBe(0)
    })
  })
})

describe('the proof', () => {
  const many = async (project: string, count: number) => {
    const events = Array.from({ length: count }, () => event(project))
    await recordEvents(env, events)
    return events
  }

  it('shows that an event is in the signed tree, to somebody who trusts only the key', async () => {
    const project = newProject()
    const events = await many(project, 300)
    await index(project)
    const wanted = events[257] as AuditEvent
    const proof = await ledger(project).inclusion(wanted.id)
    const { verifier } = await ledger(project).head()
    const checkpoint = await openCheckpoint(proof?.checkpoint ?? '', verifier ?? '')
    const row = (await rows(project))[257]
    const leaf = await sha256(utf8(`\0${String(row?.['leaf'])}`))
    const path = (proof?.proof ?? []).map(fromBase64)
    expect(proof).toMatchObject({ sequence: 257, size: 300 })
    expect(verifyInclusion(leaf, 257, 300, path, checkpoint?.root ?? leaf)).toBe(true)
    expect(verifyInclusion(await sha256('\0{}'), 257, 300, path, checkpoint?.root ?? leaf)).toBe(false)
    expect(await ledger(project).inclusion('no such event')).toBeNull()
  })

  it('shows that a later tree continues an earlier one', async () => {
    const project = newProject()
    await many(project, 10)
    const { verifier } = await ledger(project).head()
    const older = await openCheckpoint((await ledger(project).checkpoint()) ?? '', verifier ?? '')
    await many(project, 300)
    const newer = await openCheckpoint((await ledger(project).checkpoint()) ?? '', verifier ?? '')
    const proof = ((await ledger(project).consistency(10, 310)) ?? []).map(fromBase64)
    if (older === null || newer === null) throw new Error('no checkpoint')
    expect([older.size, newer.size]).toEqual([10, 310])
    expect(verifyConsistency(10, older.root, 310, newer.root, proof)).toBe(true)
    expect(await ledger(project).consistency(10, 311)).toBeNull()
    expect(await ledger(project).consistency(5, 4)).toBeNull()
  })

  it('signs one head for one size and keeps it where the Ledger cannot change it', async () => {
    const project = newProject()
    await many(project, 3)
    const note = await ledger(project).checkpoint()
    expect(await ledger(project).checkpoint()).toBe(note)
    await index(project)
    const { results } = await env.DB.prepare('SELECT size, note FROM checkpoints WHERE project = ?').bind(project).all()
    expect(results).toEqual([{ size: 3, note }])
    const copy = await env.ARCHIVE.get(`${ledgerName(project)}/checkpoints/3`)
    expect(await copy?.text()).toBe(note)
    expect(await ledger(project).checkpoints(0, 100)).toEqual([note])
  })

  it('signs by itself once a thousand leaves came', async () => {
    const project = newProject()
    await many(project, 1000)
    await expect
      .poll(() => runDurableObjectAlarm(stub(project)).then(() => ledger(project).checkpoints(0, 1e9)))
      .toHaveLength(1)
  })
})

describe('a payload', () => {
  it('opens for the record, matches its commitment, and is gone with its person', async () => {
    const project = newProject()
    const alice = event(project, { payload: { note: 'about Alice' } })
    const bob = event(project, { user: 'u-bob', payload: { note: 'about Bob' } })
    await recordEvents(env, [alice, bob])
    await index(project)
    const sealed = (await rows(project)).map((row) => ({
      user: String(row['user']),
      event: String(row['id']),
      sealed: String(row['payload']),
    }))
    const leaf = JSON.parse(String((await rows(project))[0]?.['leaf'])) as { payload: string }
    const [opened] = await ledger(project).open(sealed)
    expect(opened?.value).toEqual({ note: 'about Alice' })
    expect(await opensCommitment(leaf.payload, fromBase64(opened?.nonce ?? ''), { note: 'about Alice' })).toBe(true)
    expect(await opensCommitment(leaf.payload, fromBase64(opened?.nonce ?? ''), { note: 'about Eve' })).toBe(false)

    expect(await ledger(project).eraseUser('u-alice')).toBe(true)
    expect(await ledger(project).eraseUser('u-alice')).toBe(false)
    const after = await ledger(project).open(sealed)
    expect(after.map((one) => one?.value ?? null)).toEqual([null, { note: 'about Bob' }])
    expect(await ledger(project).inclusion(alice.id)).toMatchObject({ sequence: 0 })
  })

  it('does not open as a part of another event or of another person', async () => {
    const project = newProject()
    await recordEvents(env, [event(project, { payload: { note: 'x' } }), event(project, { payload: { note: 'y' } })])
    await index(project)
    const [one, two] = await rows(project)
    const moved = { user: 'u-alice', event: String(two?.['id']), sealed: String(one?.['payload']) }
    const bent = { user: 'u-alice', event: String(one?.['id']), sealed: `AAAA${String(one?.['payload']).slice(4)}` }
    const other = { user: 'u-bob', event: String(one?.['id']), sealed: String(one?.['payload']) }
    expect(await ledger(project).open([moved, bent, other])).toEqual([null, null, null])
  })
})

describe('the tail', () => {
  it('gives what came after, and waits for it', async () => {
    const project = newProject()
    await recordEvents(env, [event(project), event(project)])
    expect((await ledger(project).follow(-1, 10, 0)).map((entry) => entry.sequence)).toEqual([0, 1])
    expect(await ledger(project).follow(1, 10, 0)).toEqual([])
    const waiting = ledger(project).follow(1, 10, 20_000)
    await recordEvents(env, [event(project)])
    expect((await waiting).map((entry) => entry.sequence)).toEqual([2])
  })
})
