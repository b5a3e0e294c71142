import { env, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import type { Caller } from '../../src/core/caller.ts'
import { tasksExtension } from '../../src/core/call.ts'
import type { SessionApi, SessionControl, TasksApi } from '../../src/session/session.ts'
import { decideApproval } from '../../src/db/decide-approval.ts'
import { openDb } from '../../src/db/db.ts'
import { jobServer } from '../support/fixture/jobs.ts'
import { serveInMemory } from '../support/upstream-in-memory.ts'
import { features, newWorld, sessionOf } from './session-harness.ts'

type Stub = SessionApi & SessionControl & TasksApi

const taking = {
  ...features,
  capabilities: { elicitation: { form: {} }, extensions: { [tasksExtension]: {} } },
}

/** A gateway with a server behind it that makes tasks of calls, and one person. */
async function jobWorld(document: Record<string, unknown> = {}) {
  const jobs = jobServer()
  const tools = Object.fromEntries(
    ['slow_compute', 'confirm_delete'].map((name) => [name, { run: () => ({ content: [] }) }]),
  )
  const world = await newWorld({ tools: [{ upstream: 'jobs' }], ...document }, { jobs: { tools } })
  const plain = serveInMemory({ tools })
  world.host('jobs.server.test', async (request) => (await jobs.before(request)) ?? plain(request))
  const ada = await world.person('ada')
  const session = (await sessionOf(ada)) as Stub
  const stub = session as unknown as DurableObjectStub
  const evicted = () => evictDurableObject(stub)
  /** As a crash or a new version of the Worker does: whatever runs is lost, and so is the way there. */
  const aborted = async () => {
    await runInDurableObject(stub, (_object, ctx) => ctx.abort('a crash')).catch(() => {})
    return (await sessionOf(ada)) as Stub
  }
  return { world, jobs, ada, session, evicted, aborted }
}

async function started(session: Stub, caller: Caller, name: string, args = {}): Promise<string> {
  const reply = await session.callAsTask({ caller, features: taking, name, arguments: args })
  if (reply.kind !== 'task') throw new Error(JSON.stringify(reply))
  return reply.task.id
}

const finish = ({ jobs }: ReturnType<typeof jobServer>): void => jobs.forEach((job) => (job.polls = 1_000))

const until = (session: Stub, id: string, caller: Caller, wanted: object) =>
  expect.poll(() => session.getTask(id, caller), { timeout: 20_000, interval: 50 }).toMatchObject({ task: wanted })

describe('a task of a session whose object is put out of memory', () => {
  it('is taken up from the server that works on it, and sent there once', async () => {
    const { jobs, ada, session, aborted } = await jobWorld()
    const id = await started(session, ada, 'slow_compute', { seconds: 1_000 })
    const next = await aborted()
    finish(jobs)
    await until(next, id, ada, { status: 'ended', reply: { kind: 'output' } })
    expect(jobs.jobs.size).toBe(1)
    const kept = await (await aborted()).getTask(id, ada)
    expect(JSON.stringify(kept)).toContain('slow_compute')
  })

  it('still asks, takes the answer to the server, and is cancelled there', async () => {
    const { jobs, ada, session, evicted } = await jobWorld()
    const ids = [await started(session, ada, 'confirm_delete'), await started(session, ada, 'confirm_delete')] as const
    for (const id of ids) await until(session, id, ada, { status: 'input_required', requests: { '1.confirm': {} } })
    await evicted()
    await session.updateTask(ids[0], { '1.confirm': { action: 'accept', content: { confirm: true } } }, ada)
    await evicted()
    await until(session, ids[0], ada, { status: 'ended', reply: { kind: 'output' } })
    await session.cancelTask(ids[1], ada)
    await until(session, ids[1], ada, { status: 'ended', reply: { error: { code: 'runtime/cancelled' } } })
    await expect.poll(() => [...jobs.jobs.values()].map(({ cancelled }) => cancelled)).toEqual([false, true])
    await evicted()
    expect(await session.getTask(ids[1], ada)).toMatchObject({
      task: { reply: { error: { code: 'runtime/cancelled' } } },
    })
  })

  it('is neither approved nor paid for twice', async () => {
    const rules = {
      user: [
        { id: 'people', effect: 'permit' },
        { id: 'ask', effect: 'approve', approval: { groups: ['leads'], validFor: '10m' } },
      ],
      agent: [
        { id: 'agents', effect: 'permit' },
        { id: 'once', effect: 'limit', limit: { max: 1 } },
      ],
    }
    const { world, ada, session, evicted } = await jobWorld({ rules })
    const asked = await session.callAsTask({ caller: ada, features: taking, name: 'confirm_delete', arguments: {} })
    const approval = asked.kind === 'refused' ? (asked.error.help?.url?.split('/approve/')[1] ?? '') : ''
    const decided = { project: world.project, id: approval, approve: true, by: 'lead', note: null }
    expect(await decideApproval(openDb(env.DB), decided, Date.now())).toBe(true)
    const id = await started(session, ada, 'confirm_delete')
    await until(session, id, ada, { status: 'input_required' })
    await evicted()
    await session.updateTask(id, { '1.confirm': { action: 'accept', content: {} } }, ada)
    await until(session, id, ada, { status: 'ended', reply: { kind: 'output' } })
    const again = await session.callAsTask({ caller: ada, features: taking, name: 'confirm_delete', arguments: {} })
    expect(again).toMatchObject({ kind: 'refused', error: { code: 'policy/limit_reached' } })
  })

  it('is not given out once it is forbidden', async () => {
    const { world, jobs, ada, session, aborted } = await jobWorld()
    const id = await started(session, ada, 'slow_compute', { seconds: 1_000 })
    const next = await aborted()
    finish(jobs)
    await world.publish({ tools: [{ upstream: 'jobs' }], rules: { user: [], agent: [] } }, 1)
    const denied = { kind: 'refused', error: { code: 'policy/denied' } }
    await expect.poll(() => next.getTask(id, ada), { timeout: 20_000 }).toMatchObject({ task: { reply: denied } })
  })

  it('belongs to its owner also then, and is gone after its hour', async () => {
    const { world, ada, session, evicted } = await jobWorld()
    const id = await started(session, ada, 'confirm_delete')
    await evicted()
    const mallory = await world.person('mallory')
    expect(await session.getTask(id, mallory)).toMatchObject({ ok: false, error: { code: 'session/unknown' } })
    await until(session, id, ada, { status: 'input_required' })
    await evicted()
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 3_600_001)
    try {
      await runDurableObjectAlarm(session as unknown as DurableObjectStub)
      const left = await runInDurableObject(session as unknown as DurableObjectStub, (_object, { storage }) =>
        ['tasks', 'task_parts'].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray().length),
      )
      expect(left).toEqual([0, 0])
    } finally {
      vi.useRealTimers()
    }
  })
})
