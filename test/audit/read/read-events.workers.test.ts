import { env, runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../../src/audit/audit.ts'
import { ledgerName, recordEvents } from '../../../src/audit/audit.ts'
import type { EventFilters, Place } from '../../../src/audit/read/event-query.ts'
import { pageStatement, placeText, readPlace } from '../../../src/audit/read/event-query.ts'
import { exportEvents } from '../../../src/audit/read/export-events.ts'
import { followEvents } from '../../../src/audit/read/follow-events.ts'
import { listEvents, readEvent, readStory } from '../../../src/audit/read/read-events.ts'
import { ledgerOf } from '../../../src/audit/record-events.ts'

const project = 'read-test'
const start = 1_800_000_000_000

function event(n: number, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: `read-${n}`,
    type: n % 10 === 0 ? 'identity.signed_in' : n % 2 === 0 ? 'tool.intent' : 'tool.outcome',
    // Three events share each moment: order must not depend on the clock alone.
    at: start + Math.floor(n / 3) * 1000,
    project,
    user: n % 3 === 0 ? 'alice' : 'bob',
    agent: n % 7 === 0 ? 'cursor' : 'claude',
    gateway: 'sales',
    tool: n % 5 === 0 ? 'Slack_Send' : 'Github_Read',
    call: `call-${Math.floor(n / 2)}`,
    decision: n % 11 === 0 ? 'deny' : 'permit',
    outcome: n % 13 === 0 ? 'failed' : 'done',
    attributes: { note: n === 77 ? 'Needle in the Hay' : 'hay' },
    payload: { n },
    ...more,
  }
}

const all = Array.from({ length: 100 }, (_, n) => event(n))
beforeAll(async () => {
  await recordEvents(env, all)
  await recordEvents(env, [event(0, { id: 'foreign', project: 'read-other' })])
  await Promise.all([ledgerOf(env, project).settle(), ledgerOf(env, 'read-other').settle()])
})

async function ids(filters: EventFilters, limit = 200): Promise<string[]> {
  const { items } = await listEvents(env, project, filters, { after: null, limit, payloads: false })
  return items.map((item) => item.id)
}
const expected = (keep: (one: AuditEvent) => boolean): string[] =>
  all
    .filter(keep)
    .map((one) => one.id)
    .toReversed()

describe('a list of events', () => {
  it('is newest first and of one project', async () => {
    expect(await ids({})).toEqual(expected(() => true))
  })

  it.each<[string, EventFilters, (one: AuditEvent) => boolean]>([
    ['a person', { user: 'alice' }, (one) => one.user === 'alice'],
    ['an agent', { agent: 'cursor' }, (one) => one.agent === 'cursor'],
    ['a tool', { tool: 'Slack_Send' }, (one) => one.tool === 'Slack_Send'],
    ['a gateway', { gateway: 'none' }, () => false],
    ['a refusal', { decision: 'deny' }, (one) => one.decision === 'deny'],
    ['what was permitted', { decision: 'permit' }, (one) => one.decision === 'permit'],
    ['a failure', { outcome: 'failed' }, (one) => one.outcome === 'failed'],
    ['a type', { type: 'identity.signed_in' }, (one) => one.type === 'identity.signed_in'],
    ['a tool type', { type: 'tool.intent' }, (one) => one.type === 'tool.intent'],
    ['types', { type: 'tool.*' }, (one) => one.type.startsWith('tool.')],
    ['types that are no calls', { type: 'identity.*' }, (one) => one.type === 'identity.signed_in'],
    ['no type at all', { type: 'nothing.*' }, () => false],
    ['a time', { from: start + 5000, to: start + 9000 }, (one) => one.at >= start + 5000 && one.at < start + 9000],
    [
      'a person and a tool',
      { user: 'bob', tool: 'Slack_Send' },
      (one) => one.user === 'bob' && one.tool === 'Slack_Send',
    ],
    ['a text, whatever its case', { text: 'needle IN' }, (one) => one.attributes['note'] !== 'hay'],
    ['a text with blanks', { text: 'needle in the hay' }, (one) => one.attributes['note'] !== 'hay'],
    ['no text by a wildcard', { text: 'need%hay' }, () => false],
    ['no text that only begins the same', { text: `needle in the hay${'x'.repeat(100)}` }, () => false],
    ['a text and a person', { text: 'hay', user: 'alice' }, (one) => one.user === 'alice'],
  ])('finds %s', async (_, filters, keep) => {
    expect(await ids(filters)).toEqual(expected(keep))
  })

  it('shows every event once, page by page, although many have the same time', async () => {
    const seen: string[] = []
    let after: Place | null = null
    do {
      const page: Awaited<ReturnType<typeof listEvents>> = await listEvents(
        env,
        project,
        {},
        { after, limit: 7, payloads: false },
      )
      seen.push(...page.items.map((item) => item.id))
      after = page.next && readPlace(placeText(page.next))
    } while (after)
    expect(seen).toEqual(expected(() => true))
  })

  it('shows payloads only when they are asked for', async () => {
    const [closed] = (await listEvents(env, project, {}, { after: null, limit: 1, payloads: false })).items
    const [open] = (await listEvents(env, project, {}, { after: null, limit: 1, payloads: true })).items
    expect(closed).toMatchObject({ payload: null, payloadState: 'closed' })
    expect(open).toMatchObject({ payload: { n: 99 }, payloadState: 'open', sequence: 99 })
  })

  it.each<[EventFilters, string]>([
    [{}, 'events_at'],
    [{ user: 'alice', tool: 'Slack_Send' }, 'events_user'],
    [{ tool: 'Slack_Send', gateway: 'sales' }, 'events_tool'],
    [{ call: 'call-1', user: 'alice' }, 'events_call'],
    [{ decision: 'deny', agent: 'claude' }, 'events_decision'],
    [{ outcome: 'failed' }, 'events_outcome'],
    [{ type: 'identity.signed_in', gateway: 'sales' }, 'events_type'],
    [{ type: 'tool.intent', from: start }, 'events_at'],
    [{ type: 'tool.*' }, 'events_at'],
    [{ type: 'identity.*', from: start }, 'events_type'],
    [{ type: 'identity.*', user: 'alice' }, 'events_user'],
    [{ type: 'tool.refused' }, 'events_outcome'],
    [{ session: 's', tool: 'Slack_Send' }, 'events_session'],
  ])('reads %j by the index %s, in order', async (filters, name) => {
    const { sql, values } = pageStatement(project, filters, { at: start, sequence: 1, ledger: 'x' }, 50)
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...values)
      .all<{ detail: string }>()
    const plan = results.map((row) => row.detail).join('\n')
    expect(plan).toContain(`INDEX ${name} `)
    expect(plan).not.toMatch(/SCAN events/)
    // Several walks are put in order afterwards, and each gives a page at most.
    expect(plan.includes('UNION ALL') || !plan.includes('USE TEMP B-TREE FOR ORDER BY\n')).toBe(true)
  })
})

describe('a story', () => {
  it('is everything about one call, oldest first', async () => {
    const story = await readStory(env, project, 'call-10')
    expect(story.map((one) => [one.id, one.payload])).toEqual([
      ['read-20', { n: 20 }],
      ['read-21', { n: 21 }],
    ])
    expect(await readEvent(env, project, 'read-5')).toMatchObject({ id: 'read-5', payload: { n: 5 } })
    expect(await readEvent(env, project, 'foreign')).toBeNull()
  })

  it('holds the approval and the second try, whichever try is asked for', async () => {
    const other = 'read-story'
    const step = (n: number, more: Partial<AuditEvent>): AuditEvent => ({
      id: `story-${n}`,
      type: 'tool.refused',
      at: start + n * 1000,
      project: other,
      user: 'carol',
      attributes: {},
      ...more,
    })
    const approval = { 'behalf.approval.id': 'approval-1' }
    await recordEvents(env, [
      step(0, { call: 'another', attributes: { note: 'says first-try and approval-1, and is neither' } }),
      step(1, { type: 'approval.requested', call: 'first-try', attributes: approval }),
      step(2, { call: 'first-try' }),
      step(3, { type: 'approval.decided', attributes: approval }),
      step(4, { type: 'tool.intent', call: 'second-try', attributes: { 'behalf.call.resumes': 'first-try' } }),
      step(5, { type: 'tool.outcome', call: 'second-try', attributes: { 'behalf.call.resumes': 'first-try' } }),
      step(6, { call: 'second-try-not', user: 'dave', attributes: { 'behalf.call.resumes': 'first-try' } }),
    ])
    await ledgerOf(env, other).settle()
    for (const call of ['first-try', 'second-try']) {
      const story = await readStory(env, other, call)
      expect(story.map(({ id }) => id)).toEqual(['story-1', 'story-2', 'story-3', 'story-4', 'story-5'])
    }
  })
})

describe('an export', () => {
  it('holds every event that matches, in either form', async () => {
    const text = async (format: 'ndjson' | 'csv') => {
      let whole = ''
      for await (const part of exportEvents(env, project, { user: 'alice' }, format, true)) whole += part
      return whole.trimEnd().split(/\r?\n/)
    }
    const lines = (await text('ndjson')).map((line) => JSON.parse(line) as { id: string; payload: object })
    expect(lines.map((line) => line.id)).toEqual(expected((one) => one.user === 'alice'))
    expect(lines[0]?.payload).toEqual({ n: 99 })
    expect(await text('csv')).toHaveLength(lines.length + 1)
  })
})

describe('following', () => {
  const follow = (of: string, filters: EventFilters, after: number | null, payloads: boolean) =>
    followEvents(env, of, filters, after, payloads)

  it('gives what happens from now on, filtered', async () => {
    const live = 'read-live'
    await recordEvents(env, [event(0, { project: live, id: 'before' })])
    const rounds = follow(live, { user: 'alice' }, null, true)
    expect((await rounds.next()).value).toEqual({ last: 0, events: [] })
    const next = rounds.next()
    await recordEvents(env, [event(1, { project: live, id: 'bobs' }), event(3, { project: live, id: 'alices' })])
    expect((await next).value).toMatchObject({ last: 2, events: [{ id: 'alices', payload: { n: 3 } }] })
    await rounds.return(undefined)
    const again = follow(live, {}, 0, false)
    await again.next()
    expect((await again.next()).value).toMatchObject({ events: [{ id: 'bobs' }, { id: 'alices' }] })
  })

  it('leaves nothing out for a reader that was away for longer than the Ledger remembers', async () => {
    const away = 'read-away'
    const events = Array.from({ length: 6 }, (_, n) => event(n, { project: away, id: `away-${n}` }))
    await recordEvents(env, events)
    await ledgerOf(env, away).settle()
    await runInDurableObject(
      env.LEDGER.getByName(ledgerName(away)),
      (_, state) => void state.storage.sql.exec('DELETE FROM entries WHERE sequence < 4'),
    )
    const found: string[] = []
    for await (const { events: some, last } of follow(away, {}, 0, true)) {
      found.push(...some.map((one) => `${one.id} ${JSON.stringify(one.payload)}`))
      if (last === 5) break
    }
    expect(found).toEqual([1, 2, 3, 4, 5].map((n) => `away-${n} {"n":${n}}`))
  })
})
