import { env, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AuditEvent, Ledger, LedgerApi } from '../../src/audit/audit.ts'
import {
  exportLedger,
  exportPorts,
  ledgerName,
  readEvent,
  recordEvents,
  retentionSettings,
  saveRetention,
  saveSink,
} from '../../src/audit/audit.ts'
import { readPart, unzipped } from '../../src/audit/archive/read-part.ts'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import { opensCommitment } from '../../src/audit/leaf.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { verifyConsistency, verifyInclusion } from '../../src/audit/verify-proof.ts'
import { config } from '../vault/vault-harness.ts'
import { openDb } from '../../src/db/db.ts'
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

  it('keeps its order and its time when a clock goes back (attack case 60)', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const project = newProject()
    const now = Date.UTC(2026, 5, 1)
    vi.setSystemTime(now)
    await recordEvents(env, [event(project, { at: now })])
    vi.setSystemTime(now - 3_600_000)
    await recordEvents(env, [event(project, { at: now - 3_600_000 })])
    await index(project)
    const leaves = (await rows(project)).map((row) => JSON.parse(String(row['leaf'])) as Record<string, unknown>)
    expect(leaves.map(({ recordedAt }) => recordedAt)).toEqual([now, now])
    expect(leaves[1]).toMatchObject({ event: { at: now - 3_600_000 } })
    vi.useRealTimers()
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

describe('erasing a person', () => {
  it('holds for what arrives later about the time before, and not for the time after', async () => {
    const project = newProject()
    const before = Date.now() - 1000
    await recordEvents(env, [event(project, { at: before, payload: { note: 'known' } })])
    await ledger(project).eraseUser('u-alice')
    const late = event(project, { at: before, payload: { note: 'late words' } })
    const after = event(project, { at: Date.now() + 60_000, payload: { note: 'new words' } })
    await recordEvents(env, [late, after])
    await index(project)
    expect(await readEvent(env, project, late.id)).toMatchObject({ payload: null, payloadState: 'none' })
    expect(await readEvent(env, project, after.id)).toMatchObject({ payload: { note: 'new words' } })
  })
})

describe('the archive', () => {
  afterEach(() => vi.useRealTimers())
  const day = 86_400_000
  const start = Date.UTC(2026, 0, 1)
  const retention = (project: string, settings: object) =>
    saveRetention(env.DB, project, retentionSettings.parse(settings), Date.now())
  const on = (days: number) => vi.setSystemTime(start + days * day)
  const some = async (project: string, count: number, more: Partial<AuditEvent> = {}) => {
    const events = Array.from({ length: count }, (_, n) =>
      event(project, { id: uuidv7(Date.now()), at: Date.now(), payload: { note: `words ${n}` }, ...more }),
    )
    await recordEvents(env, events)
    await index(project)
    return events
  }
  /** 30 events on the first day, 20 on the sixth, and the time at which the first ones are too old to be searched. */
  const twoMonths = async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const project = newProject()
    on(0)
    const old = await some(project, 30)
    on(5)
    const young = await some(project, 20, { user: 'u-bob' })
    on(11.5)
    return { project, old, young }
  }
  const exported = async (project: string) => {
    const lines: string[] = []
    const ports = exportPorts(env, ledger(project), project, ledgerName(project))
    for await (const line of exportLedger(ports, { payloads: 'open' })) lines.push(line)
    const { verifier } = await ledger(project).head()
    return { lines, verdict: await verifyExport(lines, { verifier: verifier ?? '' }) }
  }

  it('takes what is older, whole days of it, and everything stays provable and readable', async () => {
    const { project, old } = await twoMonths()
    await retention(project, { searchableDays: 11 })
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 0 })
    await retention(project, { searchableDays: 10 })
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 30, alarms: [], failures: 0 })
    await index(project)
    expect((await rows(project)).map((row) => row['sequence'])).toEqual([...Array(21).keys()].map((n) => n + 30))
    expect((await rows(project)).at(-1)).toMatchObject({ type: 'audit.archived' })

    const [part] = await ledger(project).parts()
    expect(part).toMatchObject({ from_sequence: 0, up_to: 30, state: 'archived' })
    const object = await env.ARCHIVE.get(part?.key ?? '')
    const text = object ? await unzipped(object.body) : ''
    const { verifier } = await ledger(project).head()
    const alone = await verifyExport(text.split('\n'), { verifier: verifier ?? '' })
    expect(alone).toMatchObject({ faults: [], from: 0, to: 30, proven: 30 })
    expect(text).not.toContain('words')

    const { verdict } = await exported(project)
    expect(verdict).toMatchObject({ faults: [], from: 0, to: 51, payloads: 50 })
    expect(await ledger(project).inclusion(old[3]?.id ?? '')).toMatchObject({ sequence: 3 })
    expect(await readEvent(env, project, old[3]?.id ?? '')).toMatchObject({ sequence: 3, payload: { note: 'words 3' } })

    await ledger(project).eraseUser('u-alice')
    const erased = await exported(project)
    expect(erased.verdict).toMatchObject({ faults: [], payloads: 20 })
    expect((await readPart(env.ARCHIVE, { key: part?.key ?? '' }))?.[0]?.payload).toBeTruthy()
  })

  it('finds out when a part was changed or is gone', async () => {
    const { project } = await twoMonths()
    await retention(project, { searchableDays: 10 })
    await ledger(project).archiveNow(project)
    const [part] = await ledger(project).parts()
    const body = await env.ARCHIVE.get(part?.key ?? '')
    const text = (body ? await unzipped(body.body) : '').replace('\\"sequence\\"', '').replace('gateway', 'another')
    const zipped = new Response(text).body?.pipeThrough(new CompressionStream('gzip'))
    await env.ARCHIVE.put(part?.key ?? '', await new Response(zipped).arrayBuffer())
    expect((await exported(project)).verdict.faults).toMatchObject([{ kind: 'altered', sequence: 0 }])
    await env.ARCHIVE.delete(part?.key ?? '')
    expect((await exported(project)).verdict.faults).toMatchObject([{ kind: 'removed', sequence: 0, upTo: 29 }])
  })

  it('goes on after it was stopped between the copy and the deletion, and loses nothing meanwhile', async () => {
    const { project } = await twoMonths()
    await retention(project, { searchableDays: 10 })
    await env.DB.exec(
      `CREATE TRIGGER keep BEFORE DELETE ON events WHEN old.project = '${project}' BEGIN SELECT raise(ABORT, 'away'); END`,
    )
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 30, failures: 1 })
    expect(await rows(project)).toHaveLength(50)
    expect((await exported(project)).verdict.faults).toEqual([])
    await env.DB.exec('DROP TRIGGER keep')
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 30, failures: 0 })
    await index(project)
    expect(await rows(project)).toHaveLength(21)
    expect((await exported(project)).verdict.faults).toEqual([])
  })

  it('lets go of what is no longer kept, tells sinks that were away, and the rest proves itself', async () => {
    const { project } = await twoMonths()
    const sink = {
      id: 'files',
      settings: { kind: 'r2', prefix: `sink-${project}`, start: 'beginning' },
      enabled: false,
    }
    await saveSink(openDb(env.DB), config, project, sink, Date.now())
    await ledger(project).sinksChanged(project)
    await retention(project, { searchableDays: 10, keptDays: 20 })
    await ledger(project).archiveNow(project)
    on(22)
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 50, expiredUpTo: 30 })
    const [gone, kept] = await ledger(project).parts()
    expect(await env.ARCHIVE.get(gone?.key ?? '')).toBeNull()
    expect(await env.ARCHIVE.head(kept?.key ?? '')).not.toBeNull()
    const { verdict, lines } = await exported(project)
    expect(verdict).toMatchObject({ faults: [], from: 30 })
    expect(lines.join('')).toContain('audit.expired')
    expect(await ledger(project).sinkStatus()).toMatchObject([{ id: 'files', cursor: 30, deadLetters: 30 }])

    // What is only in the archive still goes out, in order.
    await runInDurableObject(stub(project), (_, state) => void state.storage.sql.exec('DELETE FROM entries'))
    await saveSink(openDb(env.DB), config, project, { ...sink, enabled: true }, Date.now())
    await ledger(project).sinksChanged(project)
    await ledger(project).pumpSinks()
    const { objects } = await env.ARCHIVE.list({ prefix: `sink-${project}/` })
    const file = await env.ARCHIVE.get(objects[0]?.key ?? '')
    const sent = (file ? await unzipped(file.body) : '').trimEnd().split('\n')
    const sequences = sent.flatMap((line) => {
      const one = JSON.parse(line) as Record<string, unknown>
      return one['behalf.event.type'] === 'audit.checkpoint' ? [] : [one['behalf.sequence']]
    })
    expect(sequences.slice(0, 3)).toEqual([30, 31, 32])
    expect(await ledger(project).sinkStatus()).toMatchObject([{ waiting: 0, waitingSince: null, failures: 0 }])
    expect(sequences.length).toBeGreaterThan(22)
  })

  it('takes the oldest when the record has more than its share of D1', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const project = newProject()
    on(0)
    for (let n = 0; n < 3; n++) {
      await some(project, 20, { payload: { note: 'x'.repeat(30_000) } })
      on(n / 100)
    }
    await retention(project, { searchableMegabytes: 1 })
    const status = await ledger(project).archiveNow(project)
    expect(status.archivedUpTo).toBeGreaterThanOrEqual(10)
    expect(status.searchableBytes).toBeLessThan(1_000_000)
    expect((await exported(project)).verdict).toMatchObject({ faults: [], payloads: 60 })
  })

  it('does nothing that nobody asked for', async () => {
    const { project } = await twoMonths()
    on(3_000)
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 0, expiredUpTo: 0 })
    await env.DB.prepare(`UPDATE projects SET settings = '{"retention":{"keptDays":-1}}' WHERE id = ?`)
      .bind(project)
      .run()
    expect(await ledger(project).archiveNow(project)).toMatchObject({ archivedUpTo: 0, expiredUpTo: 0 })
  })
})

describe('the counters', () => {
  it('count each event once, also after a restart', async () => {
    const project = newProject()
    const outcome = event(project, {
      type: 'tool.outcome',
      gateway: 'sales',
      tool: 'T_x',
      decision: 'permit',
      outcome: 'done',
      attributes: { 'behalf.tool.definition.sha256': 'h', 'behalf.duration_ms': 14, 'behalf.upstream_ms': 10 },
    })
    await recordEvents(env, [event(project), outcome])
    await recordEvents(env, [outcome])
    const before = await ledger(project).metrics()
    expect(before).toContain('behalf_calls_total{gateway="sales",tool="T_x",decision="permit",outcome="done"} 1\n')
    expect(before).toContain('behalf_events_total{type="admin.changed"} 1\n')
    expect(before).toContain('behalf_call_added_seconds_bucket{gateway="sales",le="0.005"} 1\n')
    expect(before).toContain('behalf_ledger_records 2\n')
    await index(project)
    await runInDurableObject(stub(project), (_, state) => state.storage.sync())
    expect(await ledger(project).metrics()).toContain('behalf_events_total{type="admin.changed"} 1\n')
  })

  it('never hold more series than there is room for', async () => {
    const project = newProject()
    await runInDurableObject(stub(project), (_, state) => {
      const insert = `INSERT INTO metrics SELECT '["x_total",{"n":"' || value || '"}]', 1 FROM json_each(?)`
      state.storage.sql.exec(insert, JSON.stringify([...Array(4_999).keys()]))
    })
    await recordEvents(env, [event(project)])
    const text = await ledger(project).metrics()
    expect(text).toContain('behalf_metrics_dropped_total 1\n')
    expect(text).not.toContain('behalf_events_total{')
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
