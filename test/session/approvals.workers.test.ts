import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { decideApproval } from '../../src/db/decide-approval.ts'
import { approvals, groups, memberships, users } from '../../src/db/schema.ts'
import { Browser, formOf } from '../connect/browser.ts'
import { recorded } from '../support/recorded.ts'
import { alice } from '../vault/vault-harness.ts'
import type { World } from './session-harness.ts'
import { call, connectAccount, newWorld } from './session-harness.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const rules = {
  user: [
    { id: 'u', effect: 'permit' },
    {
      id: 'ask',
      effect: 'approve',
      tools: { names: ['GitHub_CreateIssue'] },
      approval: { groups: ['leads'], validFor: '10m' },
    },
  ],
  agent: [{ id: 'a', effect: 'permit' }],
}
const issue = { number: 1, title: 'T', state: 'open', html_url: 'https://github.test/1' }
const args = { repository: 'acme/web-shop', title: 'T' }

async function asked(user: object[] = rules.user) {
  const world = await newWorld({ rules: { ...rules, user } })
  const caller = await world.person('alice')
  await connectAccount(world, caller, alice)
  world.answer(() => Response.json(issue))
  // The first page asked for less than this tool needs.
  const tokens = await call(caller, 'GitHub_CreateIssue', args)
  expect(tokens).toMatchObject({ kind: 'refused', error: { code: 'vault/authorization_needed' } })
  await connectAccount(world, caller, alice, 'GitHub_ListIssues', { repository: 'acme/web-shop' })
  world.requests.length = 0
  const first = await call(caller, 'GitHub_CreateIssue', args)
  expect(first).toMatchObject({
    kind: 'refused',
    error: { code: 'policy/approval_required' },
    resume: { wait: 'approval' },
  })
  return { world, caller, id: first.kind === 'refused' ? (first.error.help?.url?.split('/approve/')[1] ?? '') : '' }
}

/** Somebody in a browser; `leads` are the approvers of the rules above. */
async function visitor(world: World, id: string, lead = false): Promise<Browser> {
  const { project } = world
  const browser = await Browser.of(project, `${id}-${project}`)
  const db = openDb(env.DB)
  if (lead) {
    await db.insert(groups).values({ project, id: 'leads', name: 'leads', source: 'manual' }).onConflictDoNothing()
    await db.insert(memberships).values({ project, user: `${id}-${project}`, group: 'leads', source: 'manual' })
  }
  return browser
}

const decide = (world: World, id: string, approve: boolean) =>
  decideApproval(openDb(env.DB), { project: world.project, id, approve, by: 'lead', note: null }, Date.now())

const created = (world: World) => world.requests.filter((request) => request.method === 'POST').length

describe('an approval', () => {
  it('is asked for once, and lets exactly this call run exactly once, also when it is retried many times at the same moment', async () => {
    const { world, caller, id } = await asked()
    const again = await call(caller, 'GitHub_CreateIssue', args)
    expect(again.kind === 'refused' && again.error.help?.url).toContain(id)
    expect(await decide(world, id, true)).toBe(true)
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(caller, 'GitHub_CreateIssue', args)))
    expect(replies.filter(({ kind }) => kind === 'output')).toHaveLength(1)
    expect(created(world)).toBe(1)
    await vi.waitFor(
      async () => {
        const about = async (type: string) => {
          const events = await recorded(world.project, type)
          return events.filter(({ attributes }) => attributes['behalf.approval.id'] === id).length
        }
        const kinds = ['approval.requested', 'tool.refused', 'tool.intent', 'tool.outcome']
        expect(await Promise.all(kinds.map(about))).toEqual([1, 2, 1, 1])
      },
      { timeout: 10_000, interval: 100 },
    )
  })

  it('says that it was rejected, and nothing runs', async () => {
    const { world, caller, id } = await asked()
    await decide(world, id, false)
    expect(await call(caller, 'GitHub_CreateIssue', args)).toMatchObject({
      error: { code: 'policy/approval_rejected' },
    })
    expect(created(world)).toBe(0)
  })

  it('is not good for other arguments, and says so', async () => {
    const { world, caller, id } = await asked()
    await decide(world, id, true)
    const changed = await call(caller, 'GitHub_CreateIssue', { ...args, title: 'Something else' })
    expect(changed).toMatchObject({ kind: 'refused', error: { code: 'policy/approval_changed' } })
    expect(created(world)).toBe(0)
  })

  it('expires, and says so', async () => {
    const { world, caller, id } = await asked()
    await decide(world, id, true)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_001 })
    const late = await call({ ...caller, expiresAt: Date.now() + 1 }, 'GitHub_CreateIssue', args)
    expect(late).toMatchObject({ kind: 'refused', error: { code: 'policy/approval_expired' } })
    expect(created(world)).toBe(0)
  })

  it('keeps its arguments sealed in the database', async () => {
    const { id } = await asked()
    const [row] = await openDb(env.DB).select().from(approvals).where(eq(approvals.id, id))
    expect(row?.sealedArguments).not.toContain('web-shop')
  })

  it('shows an approver exactly what will run, defaults and hidden characters too, and lets nobody else see or decide', async () => {
    const { world, caller } = await asked()
    const disguised = { ...args, title: 'Pay\u202e100', labels: ['ur\u200bgent'] }
    const reply = await call(caller, 'GitHub_CreateIssue', disguised)
    const path = new URL((reply.kind === 'refused' && reply.error.help?.url) || '').pathname
    const requester = await Browser.of(world.project, caller.user.id)
    const [stranger, lead] = [await visitor(world, 'sam'), await visitor(world, 'lena', true)]

    const own = await (await requester.get(path)).text()
    expect(own).toContain('Somebody else has to approve this')
    const strange = await (await stranger.get(path)).text()
    for (const page of [own, strange]) {
      expect(page).not.toContain('GitHub_CreateIssue')
      expect(page).not.toContain('web-shop')
    }
    expect(await (await new Browser().get(path)).text()).not.toContain('web-shop')

    const page = await lead.get(path)
    const text = (await page.clone().text()).replaceAll('&quot;', '"')
    for (const shown of [
      'GitHub_CreateIssue',
      'acme/web-shop',
      'Pay⟨U+202E⟩100',
      'ur⟨U+200B⟩gent',
      '"assignees": []',
    ]) {
      expect(text).toContain(shown)
    }
    const form = await formOf(page)
    expect((await stranger.post(path, form)).status).not.toBe(200)
    expect(
      (await requester.post(path, form)).ok && (await call(caller, 'GitHub_CreateIssue', disguised)).kind,
    ).not.toBe('output')
    expect(created(world)).toBe(0)

    expect(await (await lead.post(path, form)).text()).toContain('Approved')
    const replies = await Promise.all([1, 2, 3].map(() => call(caller, 'GitHub_CreateIssue', disguised)))
    expect(replies.filter(({ kind }) => kind === 'output')).toHaveLength(1)
    expect(created(world)).toBe(1)
  })

  it("is for the person's manager where the rule says so", async () => {
    const ask = { id: 'ask', effect: 'approve', tools: { names: ['GitHub_CreateIssue'] }, approval: { manager: true } }
    const { world, caller } = await asked([{ id: 'u', effect: 'permit' }, ask])
    const manager = `mia-${world.project}`
    const [mia, sam] = [await visitor(world, 'mia'), await visitor(world, 'sam')]
    await Browser.of(world.project, caller.user.id)
    const person = and(eq(users.project, world.project), eq(users.id, caller.user.id))
    await openDb(env.DB).update(users).set({ manager }).where(person)
    const reply = await call(caller, 'GitHub_CreateIssue', args)
    const path = new URL((reply.kind === 'refused' && reply.error.help?.url) || '').pathname
    expect(await (await sam.get(path)).text()).not.toContain('web-shop')
    const form = await formOf(await mia.get(path))
    const pages = await Promise.all([mia.post(path, form), mia.post(path, form)])
    const texts = await Promise.all(pages.map((page) => page.text()))
    expect(texts.filter((text) => text.includes('Approved'))).toHaveLength(1)
    // Whichever came second: an answer that did not count is not left standing in the record as one that did.
    const decided = await recorded(world.project, 'approval.decided')
    const refused = decided.filter(({ outcome }) => outcome === 'refused')
    expect(decided.length - 2 * refused.length).toBe(1)
    expect(await call(caller, 'GitHub_CreateIssue', args)).toMatchObject({ kind: 'output' })
  })
})
