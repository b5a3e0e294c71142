import { env, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { AuditEvent, Ledger } from '../../src/audit/audit.ts'
import { ledgerName, recordEvents } from '../../src/audit/audit.ts'
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

const ledger = (project: string) => env.LEDGER.getByName(ledgerName(project)) as DurableObjectStub<Ledger>
const rows = async (project: string) => {
  const { results } = await env.DB.prepare('SELECT * FROM events WHERE project = ? ORDER BY sequence')
    .bind(project)
    .all()
  return results
}
const index = (project: string) => runInDurableObject(ledger(project), (object) => object.alarm())

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
    await runInDurableObject(ledger(project), async (object, state) => {
      state.storage.sql.exec(`UPDATE meta SET value = 0 WHERE name = 'indexedUpTo'`)
      state.storage.sql.exec(`INSERT INTO entries VALUES (0, '{"event":{"id":"x","type":"t","at":1}}', NULL)`)
      await object.alarm()
      const [row] = state.storage.sql.exec(`SELECT value FROM meta WHERE name = 'indexedUpTo'`)
      expect(row?.['value']).toBe(0)
    })
  })
})
