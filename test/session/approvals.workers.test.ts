import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { decideApproval } from '../../src/db/decide-approval.ts'
import { approvals } from '../../src/db/schema.ts'
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

async function asked() {
  const world = await newWorld({ rules })
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
})
