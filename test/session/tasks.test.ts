import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { CallReply } from '../../src/core/call.ts'
import type { CallRequest } from '../../src/session/session.ts'
import { taskMigrations, Tasks } from '../../src/session/tasks.ts'
import { callerNamed, said } from '../support/fake-front.ts'

const keys = { keks: new Map([['1', new Uint8Array(32).fill(7)]]), activeKek: '1' }

/** The object's storage, on SQLite of Node. */
function storage() {
  const db = new DatabaseSync(':memory:')
  for (const sql of taskMigrations) db.exec(sql)
  const exec = (sql: string, ...values: (string | number | null)[]) => {
    const statement = db.prepare(sql)
    const rows = statement.all(...values)
    return { toArray: () => rows }
  }
  return { db, sql: { exec } as unknown as SqlStorage }
}

function setUp(run: (request: CallRequest) => Promise<CallReply>, made = storage()) {
  let now = 1_000
  const cancelled: string[] = []
  const use = {
    sql: made.sql,
    keys: () => keys,
    run,
    cancel: (key: string) => void cancelled.push(key),
    keepAlive: () => {},
    now: () => now,
    patienceMs: 10,
  }
  const tasks = new Tasks(use)
  return { ...made, tasks, cancelled, restarted: () => new Tasks(use), at: (ms: number) => (now = ms) }
}

const request = (more: Partial<CallRequest> = {}): CallRequest => ({
  caller: callerNamed('alice'),
  features: { era: 'modern', protocolVersion: '2026-07-28', elicitationUrl: false, capabilities: {} },
  name: 'Slow',
  arguments: {},
  cancelKey: 'key',
  ...more,
})

async function handed(tasks: Tasks, asked = request()): Promise<string> {
  const reply = await tasks.call(asked)
  if (reply.kind !== 'task') throw new Error(JSON.stringify(reply))
  expect(reply.task).toMatchObject({ status: 'working', createdAt: 1_000, ttlMs: 3_600_000 })
  return reply.task.id
}

const status = async (tasks: Tasks, id: string) => {
  const reply = await tasks.get(id)
  return reply.ok ? reply.task : reply.error.code
}
const later = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('a call of a client that takes tasks', () => {
  it('is answered at once when it is quick, and by a task when it is not', async () => {
    const quick = setUp(async () => said('now'))
    expect(await quick.tasks.call(request())).toMatchObject({ kind: 'output' })
    const { promise, resolve } = Promise.withResolvers<CallReply>()
    const slow = setUp(() => promise)
    const id = await handed(slow.tasks)
    resolve(said('secret words'))
    await later()
    expect(await status(slow.tasks, id)).toMatchObject({ status: 'ended', reply: { kind: 'output' } })
    // At rest it is sealed, and another copy of the session finds it.
    expect(JSON.stringify(slow.db.prepare('SELECT * FROM tasks').all())).not.toContain('secret words')
    expect(JSON.stringify(await status(slow.restarted(), id))).toContain('secret words')
  })

  it('is handed over as soon as the server behind it says that it takes long', async () => {
    const { tasks } = setUp((asked) => {
      asked.onTask?.()
      return new Promise(() => {})
    })
    expect((await tasks.call(request())).kind).toBe('task')
  })

  it('tells its progress as its message, and nothing more to a stream that has ended', async () => {
    const heard: number[] = []
    let running: CallRequest | undefined
    const { tasks } = setUp((asked) => {
      running = asked
      void asked.onProgress?.({ progress: 1, message: 'one' })
      return new Promise(() => {})
    })
    const id = await handed(tasks, request({ onProgress: ({ progress }) => void heard.push(progress) }))
    void running?.onProgress?.({ progress: 2, message: 'x'.repeat(1_000) })
    expect(heard).toEqual([1])
    expect(await status(tasks, id)).toMatchObject({ status: 'working', message: 'x'.repeat(500) })
  })

  it('asks by keys that are never used twice, goes on when all is answered, and ignores the rest', async () => {
    const runs: CallRequest[] = []
    const ask = (upstream: string): CallReply => ({
      kind: 'input_required',
      callId: 'c',
      requests: { a: { method: 'elicitation/create' }, b: { method: 'elicitation/create' } },
      resume: { callId: 'c', wait: 'upstream', upstream },
    })
    const { tasks } = setUp(async (asked) => {
      runs.push(asked)
      await later()
      return runs.length < 3 ? ask(`s${runs.length}`) : said('done')
    })
    const id = await handed(tasks)
    await later()
    expect(await status(tasks, id)).toMatchObject({ status: 'input_required', requests: { '1.a': {}, '1.b': {} } })
    await tasks.update(id, { '1.a': { action: 'accept' }, nonsense: {}, '1.b': 'no object' })
    expect(await status(tasks, id)).toMatchObject({ status: 'input_required', requests: { '1.b': {} } })
    await tasks.update(id, { '1.a': { action: 'decline' }, '1.b': { action: 'cancel' } })
    expect(await status(tasks, id)).toMatchObject({ status: 'working' })
    expect(runs[1]?.resumed).toEqual({
      responses: { a: { action: 'accept' }, b: { action: 'cancel' } },
      state: { callId: 'c', wait: 'upstream', upstream: 's1' },
    })
    await later()
    await later()
    expect(await status(tasks, id)).toMatchObject({ status: 'input_required', requests: { '2.a': {}, '2.b': {} } })
    await tasks.update(id, { '1.a': {}, '2.a': {}, '2.b': {} })
    await later()
    await later()
    expect(await status(tasks, id)).toMatchObject({ status: 'ended', reply: { kind: 'output' } })
    await tasks.update(id, { '2.a': {} })
    expect(runs).toHaveLength(3)
  })

  it('is cancelled, also while it waits for a person, and an ended one stays as it ended', async () => {
    const { tasks, cancelled } = setUp(() => new Promise(() => {}))
    const id = await handed(tasks)
    await tasks.cancel(id)
    expect(cancelled).toEqual(['key'])
    const asking = setUp(async () => {
      await later()
      return { kind: 'input_required', callId: 'c', requests: { a: {} }, resume: { callId: 'c', wait: 'upstream' } }
    })
    const waits = await handed(asking.tasks)
    await later()
    await asking.tasks.cancel(waits)
    const ended = { status: 'ended', reply: { error: { code: 'runtime/cancelled' } } }
    expect(await status(asking.tasks, waits)).toMatchObject(ended)
    await asking.tasks.cancel(waits)
    expect(await status(asking.tasks, waits)).toMatchObject(ended)
  })

  it('expires, is not known to anybody who guesses, and says when its session was lost', async () => {
    const made = setUp(() => new Promise(() => {}))
    const id = await handed(made.tasks)
    expect(await status(made.tasks, 'guess')).toBe('session/unknown_task')
    expect(await status(made.restarted(), id)).toMatchObject({ reply: { error: { code: 'session/task_interrupted' } } })
    made.at(1_000 + 3_600_000)
    expect(await status(made.tasks, id)).toBe('session/unknown_task')
    expect(made.cancelled).toEqual(['key'])
  })

  it('is stopped when nobody asks for long, and what had ended stays', async () => {
    const made = setUp(async ({ name }) => {
      if (name === 'quick') return later().then(() => said('kept'))
      return new Promise(() => {})
    })
    const kept = await handed(made.tasks, request({ name: 'quick' }))
    await later()
    await handed(made.tasks)
    made.tasks.stop()
    expect(made.cancelled).toEqual(['key'])
    expect(JSON.stringify(await status(made.tasks, kept))).toContain('kept')
    made.tasks.giveUp()
    expect(await status(made.tasks, kept)).toBe('session/unknown_task')
  })

  it('takes as long as it takes beyond fifty tasks', async () => {
    const { tasks } = setUp((asked) => {
      if (asked.name === 'last') return later().then(() => said('late'))
      asked.onTask?.()
      return new Promise(() => {})
    })
    for (let i = 0; i < 50; i++) await handed(tasks)
    expect(await tasks.call(request({ name: 'last' }))).toMatchObject({ kind: 'output' })
  })
})
