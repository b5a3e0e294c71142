import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/audit.ts'
import { ledgerOf, recordEvents } from '../../src/audit/audit.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { loadSinks, openSink } from '../../src/audit/sinks/manage.ts'
import { readConfig } from '../../src/config/config.ts'
import { uuidv7 } from '../../src/core/ids.ts'
import { openDb } from '../../src/db/db.ts'
import type { Answer } from '../support/admin-client.ts'
import { admin as asAdmin, newAdminToken } from '../support/admin-client.ts'
import { testVars } from '../support/test-vars.ts'

const adminProject = `events-${crypto.randomUUID()}`
const token = await newAdminToken(adminProject, 'owner')
const admin = <Body = never>(method: string, path: string, body?: unknown): Promise<Answer<Body>> =>
  asAdmin<Body>(method, path, body, { token })
/** For what is no JSON. */
const adminFetch = (method: string, path: string, bearer = token, headers = {}): Promise<Response> =>
  exports.default.fetch(`${testVars.BEHALF_PUBLIC_URL}/admin/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...headers },
  })
async function readUntil({ body }: Response, wanted: RegExp): Promise<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (reader && !wanted.test(text)) text += (await reader.read()).value ?? ''
  await reader?.cancel()
  return text
}
const ledger = () => ledgerOf(env, adminProject)
const newUser = (): string => `user-${crypto.randomUUID()}`

async function recorded(...some: Partial<AuditEvent>[]): Promise<AuditEvent[]> {
  const events = some.map((more) => ({
    id: uuidv7(Date.now()),
    type: 'tool.outcome' as const,
    at: Date.now(),
    project: adminProject,
    attributes: {},
    ...more,
  }))
  await recordEvents(env, events)
  await ledger().settle()
  return events
}

type Page = { items: { id: string; type: string; payload: object | null }[]; nextCursor: string | null }

describe('events by the admin API', () => {
  it('lists page by page with filters', async () => {
    const user = newUser()
    const events = await recorded({ user, tool: 'A' }, { user, tool: 'B' }, { user, tool: 'A', payload: { n: 3 } })
    const first = await admin<Page>('GET', `/events?user=${user}&limit=2`)
    expect(first.body.items.map((one) => one.id)).toEqual([events[2]?.id, events[1]?.id])
    expect(first.body.items[0]?.payload).toEqual({ n: 3 })
    const second = await admin<Page>('GET', `/events?user=${user}&limit=2&cursor=${first.body.nextCursor}`)
    expect(second.body).toMatchObject({ items: [{ id: events[0]?.id }], nextCursor: null })
    const filtered = await admin<Page>('GET', `/events?user=${user}&tool=A&payloads=false&from=2020-01-01T00:00:00Z`)
    expect(filtered.body.items.map((one) => one.payload)).toEqual([null, null])
    expect((await admin('GET', '/events?cursor=nonsense')).status).toBe(400)
    expect((await admin('GET', '/events?from=yesterday')).status).toBe(400)
  })

  it('records who read what', async () => {
    const user = newUser()
    await admin('GET', `/events?user=${user}`)
    await ledger().settle()
    const reads = await admin<Page>('GET', '/events?type=admin.read&limit=200')
    const mine = reads.body.items.filter((one) => JSON.stringify(one.payload).includes(user))
    expect(mine).toMatchObject([{ type: 'admin.read', attributes: { target: 'events', role: 'owner' } }])
  })

  it('shows one event, a call and a proof, and nothing that is not there', async () => {
    const call = crypto.randomUUID()
    const [intent, outcome] = await recorded({ call, type: 'tool.intent' }, { call })
    expect(await admin('GET', `/events/${intent?.id}`)).toMatchObject({ body: { id: intent?.id, type: 'tool.intent' } })
    expect(await admin('GET', `/calls/${call}`)).toMatchObject({
      body: { items: [{ id: intent?.id }, { id: outcome?.id }] },
    })
    expect(await admin('GET', `/events/${outcome?.id}/proof`)).toMatchObject({
      status: 200,
      body: { checkpoint: expect.stringContaining('behalf.test/ledger/') as string },
    })
    for (const path of ['/events/none', '/events/none/proof', '/calls/none'])
      expect((await admin('GET', path)).status).toBe(404)
  })

  it('exports a file in either form', async () => {
    const user = newUser()
    await recorded({ user, tool: '=cmd' }, { user })
    const csv = await adminFetch('GET', `/events/export?format=csv&user=${user}`)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="events.csv"')
    const lines = (await csv.text()).trimEnd().split('\r\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain(`"'=cmd"`)
    const ndjson = await adminFetch('GET', `/events/export?user=${user}`)
    expect((await ndjson.text()).trimEnd().split('\n')).toHaveLength(2)
  })

  it('follows as server-sent events from where the client stopped', async () => {
    const user = newUser()
    await recorded({ user })
    const { size } = await ledger().head()
    const response = await adminFetch('GET', `/events/tail?user=${user}&after=${size - 2}`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await readUntil(response, /data: /)).toContain(`id: ${size - 1}\nevent: tool.outcome\ndata: {`)
  })

  it('goes on behind the last id that a client says it saw, and says where it is although nothing passes', async () => {
    const user = newUser()
    const [seen] = await recorded({ user }, { user, tool: 'Missed' })
    const { sequence } = (await admin<{ sequence: number }>('GET', `/events/${seen?.id}`)).body
    const again = await adminFetch('GET', `/events/tail?user=${user}&after=0`, token, {
      'last-event-id': `${sequence}`,
    })
    const text = await readUntil(again, /data: /)
    expect(text).toContain('"tool":"Missed"')
    expect(text).not.toContain(seen?.id)
    const quiet = await adminFetch('GET', `/events/tail?user=nobody`, token, { 'last-event-id': `${sequence}` })
    const [, first, next] = /^id: (\d+)\n\nid: (\d+)\n\n$/.exec(await readUntil(quiet, /(id: .*\n\n){2}/)) ?? []
    expect(Number(first)).toBe(sequence)
    expect(Number(next)).toBeGreaterThan(sequence)
    const wrong = await adminFetch('GET', '/events/tail', token, { 'last-event-id': 'nonsense' })
    expect(wrong.status).toBe(400)
    await wrong.body?.cancel()
  })

  it('shows nothing more to a token that was revoked while it followed', async () => {
    const user = newUser()
    const auditor = await newAdminToken(adminProject, 'auditor')
    const response = await adminFetch('GET', `/events/tail?user=${user}`, auditor)
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toMatch(/^id: \d+\n\n$/)
    await env.DB.prepare('UPDATE keys SET revoked_at = 1 WHERE project = ? AND role = ?')
      .bind(adminProject, 'auditor')
      .run()
    await recorded({ user })
    expect(await reader?.read()).toMatchObject({ done: true })
  })

  it('is for those who may administer', async () => {
    for (const path of ['/events', '/events/export', '/events/tail', '/ledger/export', '/sinks']) {
      expect((await adminFetch('GET', path, 'wrong token')).status).toBe(401)
    }
  })
})

describe('the ledger by the admin API', () => {
  it('exports what proves itself with the published key', async () => {
    await recorded({}, { payload: { secret: 'word' } })
    const { body } = await admin<{ verifier: string; size: number; checkpoint: string }>('GET', '/ledger')
    const file = await (await adminFetch('GET', '/ledger/export')).text()
    const verdict = await verifyExport(file.split('\n'), { verifier: body.verifier, heads: [body.checkpoint] })
    expect(verdict).toMatchObject({ faults: [], from: 0 })
    expect(verdict.proven).toBe(verdict.to)
    expect(verdict.to).toBeGreaterThanOrEqual(body.size)
    expect(verdict.payloads).toBeGreaterThan(0)
  })

  it('names the record that somebody altered or deleted in the database (attack case 60)', async () => {
    const [first, second] = await recorded({ tool: 'Before' }, { tool: 'After' })
    const place = async (id = '') => (await admin<{ sequence: number }>('GET', `/events/${id}`)).body.sequence
    const [altered, deleted] = [await place(first?.id), await place(second?.id)]
    const where = 'WHERE project = ? AND id = ?'
    const { results } = await env.DB.prepare(`SELECT * FROM events ${where}`).bind(adminProject, second?.id).all()
    await env.DB.prepare(`UPDATE events SET leaf = replace(leaf, 'Before', 'Never') ${where}`)
      .bind(adminProject, first?.id)
      .run()
    await env.DB.prepare(`DELETE FROM events ${where}`).bind(adminProject, second?.id).run()
    const file = await (await adminFetch('GET', '/ledger/export?payloads=none')).text()
    const { verifier } = (await admin<{ verifier: string }>('GET', '/ledger')).body
    const { faults } = await verifyExport(file.split('\n'), { verifier })
    expect(faults).toMatchObject([
      { kind: 'altered', sequence: altered },
      { kind: 'removed', sequence: deleted },
    ])
    // Back to what it was: this file's tests share one ledger.
    await env.DB.prepare(`UPDATE events SET leaf = replace(leaf, 'Never', 'Before') ${where}`)
      .bind(adminProject, first?.id)
      .run()
    const [row] = results
    const names = Object.keys(row ?? {})
    await env.DB.prepare(
      `INSERT INTO events (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    )
      .bind(...Object.values(row ?? {}))
      .run()
  })

  it('erases a person and keeps the proof whole', async () => {
    const user = newUser()
    const [event] = await recorded({ user, payload: { about: 'this person' } })
    expect(await admin('POST', '/ledger/erase', { user })).toMatchObject({ body: { erased: true } })
    expect(await admin('GET', `/events/${event?.id}`)).toMatchObject({
      body: { payload: null, payloadState: 'erased' },
    })
    const { verifier } = (await admin<{ verifier: string }>('GET', '/ledger')).body
    const file = await (await adminFetch('GET', '/ledger/export')).text()
    expect(await verifyExport(file.split('\n'), { verifier })).toMatchObject({ faults: [] })
  })

  it('gives heads and the proof that one continues the other', async () => {
    const { size: older } = (await admin<{ size: number }>('GET', '/ledger')).body
    await recorded({}, {})
    const { size: newer } = (await admin<{ size: number }>('GET', '/ledger')).body
    const heads = await admin<{ items: string[] }>('GET', `/ledger/checkpoints?from=${older - 1}`)
    expect(heads.body.items.length).toBeGreaterThanOrEqual(2)
    expect((await admin('GET', `/ledger/consistency?older=${older}&newer=${newer}`)).status).toBe(200)
    expect((await admin('GET', `/ledger/consistency?older=9&newer=8`)).status).toBe(404)
  })
})

describe('sinks by the admin API', () => {
  const webhook = { kind: 'webhook', url: 'https://10.0.0.1/hook' }

  it('keeps the secret to itself, and shows how far a sink has got', async () => {
    const id = `hook-${crypto.randomUUID().slice(0, 8)}`
    expect(await admin('PUT', `/sinks/${id}`, { settings: webhook })).toMatchObject({ status: 400 })
    const made = await admin('PUT', `/sinks/${id}`, { settings: webhook, secret: 'whsec_c2VjcmV0' })
    expect(made).toMatchObject({ status: 200, body: { id, enabled: true, hasSecret: true } })
    await recorded({})
    await ledger().pumpSinks()
    const { body } = await admin<{ items: { id: string }[] }>('GET', '/sinks')
    expect(JSON.stringify(body)).not.toContain('c2VjcmV0')
    // A private address: the guard refuses it, and nothing is lost.
    expect(body.items.find((one) => one.id === id)).toMatchObject({
      settings: { kind: 'webhook' },
      status: {
        delivered: 0,
        error: expect.stringMatching(/^egress\/blocked: /) as string,
        waiting: expect.any(Number) as number,
      },
    })
    expect(await admin('POST', `/sinks/${id}/test`)).toMatchObject({
      body: { ok: false, reason: expect.stringMatching(/^egress\/blocked: /) as string },
    })
    expect(await admin('GET', `/sinks/${id}/dead-letters`)).toMatchObject({ body: { items: [] } })
    expect(await admin('DELETE', `/sinks/${id}`)).toMatchObject({ status: 200 })
    expect(await admin('DELETE', `/sinks/${id}`)).toMatchObject({ status: 404 })
  })

  it('shows no header that is a secret by its name, and keeps it when the settings come back as they were shown', async () => {
    const id = `headers-${crypto.randomUUID().slice(0, 8)}`
    const headers = { 'x-goog-api-key': 'goog-9f8e7d6c', 'x-tenant': 'acme' }
    const made = await admin('PUT', `/sinks/${id}`, { settings: { ...webhook, headers }, secret: 's' })
    const shown = { settings: { headers: { 'x-goog-api-key': '[kept]', 'x-tenant': 'acme' } } }
    expect(made).toMatchObject({ status: 200, body: shown })
    const { items } = (await admin<{ items: { id: string; settings: { headers: object } }[] }>('GET', '/sinks')).body
    const one = items.find((sink) => sink.id === id)
    expect(one).toMatchObject(shown)
    expect(await admin('PUT', `/sinks/${id}`, { settings: one?.settings })).toMatchObject({ status: 200 })
    const kept = (await loadSinks(openDb(env.DB), adminProject)).find((sink) => sink.id === id)
    expect(JSON.stringify(kept)).not.toContain('goog-9f8e7d6c')
    const config = readConfig(env)
    const opened = config.ok && kept ? await openSink(config.value, adminProject, kept) : null
    expect(opened).toMatchObject({ secret: 's', settings: { headers } })
    const moved = { ...one?.settings, url: 'https://elsewhere.test/' }
    expect(await admin('PUT', `/sinks/${id}`, { settings: moved, secret: 't' })).toMatchObject({ status: 400 })
    expect(JSON.stringify((await admin<Page>('GET', '/events?type=admin.changed&limit=200')).body)).not.toContain(
      '9f8e7d6c',
    )
    await admin('DELETE', `/sinks/${id}`)
  })

  it('delivers to the archive bucket', async () => {
    const id = `files-${crypto.randomUUID().slice(0, 8)}`
    await admin('PUT', `/sinks/${id}`, { settings: { kind: 'r2', prefix: id } })
    const [event] = await recorded({ tool: 'Archived' })
    await expect
      .poll(async () => (await ledger().pumpSinks()).find((one) => one.id === id)?.delivered ?? 0)
      .toBeGreaterThan(0)
    const { objects } = await env.ARCHIVE.list({ prefix: `${id}/` })
    const file = await env.ARCHIVE.get(objects[0]?.key ?? '')
    const text = await new Response(file?.body.pipeThrough(new DecompressionStream('gzip'))).text()
    expect(text).toContain(event?.id)
    await admin('DELETE', `/sinks/${id}`)
  })

  it('says what is wrong with settings', async () => {
    const answer = await admin('PUT', '/sinks/x', { settings: { kind: 'splunk', url: 'nowhere' }, secret: 's' })
    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringContaining('settings.url') as string } })
    expect((await admin('PUT', '/sinks/Bad_Id', { settings: webhook, secret: 's' })).status).toBe(400)
  })
})
