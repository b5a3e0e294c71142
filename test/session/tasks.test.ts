import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { CallReply } from '../../src/core/call.ts'
import type { CallRequest } from '../../src/session/session.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { dropUnfinishedTasks, taskMigrations } from '../../src/session/task-store.ts'
import { Tasks } from '../../src/session/tasks.ts'
import { callerNamed, refused, said } from '../support/fake-front.ts'

const keys = { keks: new Map([['1', new Uint8Array(32).fill(7)]]), activeKek: '1' }

/** The object's storage, on SQLite of Node. */
function storage(migrations = taskMigrations) {
  const db = new DatabaseSync(':memory:')
  for (const sql of migrations) db.exec(sql)
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
  const changed: string[] = []
  const expireAt: number[] = []
  const use = {
    sql: made.sql,
    keys: () => keys,
    run,
    cancel: (key: string) => void cancelled.push(key),
    changed: (id: string) => void changed.push(id),
    expireAt: (at: number) => void expireAt.push(at),
    keepAlive: () => {},
    now: () => now,
    patienceMs: 1,
  }
  const tasks = new Tasks(use)
  const restarted = () => new Tasks(use)
  return { ...made, tasks, cancelled, changed, expireAt, restarted, at: (ms: number) => (now = ms) }
}

const alice = callerNamed('alice')

const request = (more: Partial<CallRequest> = {}): CallRequest => ({
  caller: alice,
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
  const reply = await tasks.get(id, alice)
  return reply.ok ? reply.task : reply.error.code
}
const atRest = (db: DatabaseSync) =>
  JSON.stringify(['tasks', 'task_parts'].flatMap((table) => db.prepare(`SELECT * FROM ${table}`).all()))
const atServer = (upstream: string) => ({ callId: 'c', wait: 'upstream', upstream, held: 'server' }) as const
const interrupted = { status: 'ended', reply: { error: { code: 'session/task_interrupted' } } }
const until = (tasks: Tasks, id: string, wanted: object) =>
  expect.poll(() => status(tasks, id), { interval: 5, timeout: 10_000 }).toMatchObject(wanted)
const asking = { status: 'input_required' }
/** Longer than a client waits here. */
const later = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('a call of a client that takes tasks', () => {
  it('is answered at once when it is quick, and by a task when it is not', async () => {
    const quick = setUp(async () => said('now'))
    expect(await quick.tasks.call(request())).toMatchObject({ kind: 'output' })
    const { promise, resolve } = Promise.withResolvers<CallReply>()
    const slow = setUp(() => promise)
    const id = await handed(slow.tasks)
    resolve(said('secret words'))
    await until(slow.tasks, id, { status: 'ended', reply: { kind: 'output' } })
    // At rest it is sealed, and another copy of the session finds it.
    expect(atRest(slow.db)).not.toContain('secret words')
    expect(JSON.stringify(await status(slow.restarted(), id))).toContain('secret words')
  })

  it('is handed over as soon as the server behind it says that it takes long', async () => {
    const { tasks } = setUp((asked) => {
      asked.onTask?.(atServer('t'))
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
    const second = Promise.withResolvers<void>()
    const { tasks } = setUp(async (asked) => {
      const run = runs.push(asked)
      await (run === 2 ? second.promise : later())
      return run < 3 ? ask(`s${run}`) : said('done')
    })
    const id = await handed(tasks)
    await until(tasks, id, { status: 'input_required', requests: { '1.a': {}, '1.b': {} } })
    await tasks.update(id, { '1.a': { action: 'accept' }, nonsense: {}, '1.b': 'no object' }, alice)
    expect(await status(tasks, id)).toMatchObject({ status: 'input_required', requests: { '1.b': {} } })
    await tasks.update(id, { '1.a': { action: 'decline' }, '1.b': { action: 'cancel' } }, alice)
    expect(await status(tasks, id)).toMatchObject({ status: 'working' })
    expect(runs[1]?.resumed).toEqual({
      responses: { a: { action: 'accept' }, b: { action: 'cancel' } },
      state: { callId: 'c', wait: 'upstream', upstream: 's1' },
    })
    second.resolve()
    await until(tasks, id, { status: 'input_required', requests: { '2.a': {}, '2.b': {} } })
    await tasks.update(id, { '1.a': {}, '2.a': {}, '2.b': {} }, alice)
    await until(tasks, id, { status: 'ended', reply: { kind: 'output' } })
    await tasks.update(id, { '2.a': {} }, alice)
    expect(runs).toHaveLength(3)
  })

  it('is cancelled, also while it waits for a person, and an ended one stays as it ended', async () => {
    const { tasks, cancelled } = setUp(() => new Promise(() => {}))
    const id = await handed(tasks)
    await tasks.cancel(id, alice)
    expect(cancelled).toEqual(['key'])
    const other = setUp(async () => {
      await later()
      return { kind: 'input_required', callId: 'c', requests: { a: {} }, resume: { callId: 'c', wait: 'upstream' } }
    })
    const waits = await handed(other.tasks)
    await until(other.tasks, waits, asking)
    await other.tasks.cancel(waits, alice)
    const ended = { status: 'ended', reply: { error: { code: 'runtime/cancelled' } } }
    expect(await status(other.tasks, waits)).toMatchObject(ended)
    await other.tasks.cancel(waits, alice)
    expect(await status(other.tasks, waits)).toMatchObject(ended)
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
    await until(made.tasks, kept, { status: 'ended' })
    await handed(made.tasks)
    made.tasks.stop()
    expect(made.cancelled).toEqual(['key'])
    expect(JSON.stringify(await status(made.tasks, kept))).toContain('kept')
    made.tasks.giveUp()
    expect(await status(made.tasks, kept)).toBe('session/unknown_task')
  })

  it('takes as long as it takes beyond a hundred tasks of one hour', async () => {
    const made = setUp((asked) => {
      if (asked.name === 'last') return later().then(() => said('late'))
      asked.onTask?.(atServer('t'))
      return new Promise(() => {})
    })
    for (let i = 0; i < 100; i++) await handed(made.tasks)
    expect(await made.tasks.call(request({ name: 'last' }))).toMatchObject({ kind: 'output' })
    made.at(1_000 + 3_600_000)
    expect(await made.tasks.call(request())).toMatchObject({ kind: 'task' })
  })

  it('keeps an outcome of several megabytes, and says of one that is too large that it was', async () => {
    const made = setUp(async ({ name }) => later().then(() => said('x'.repeat(Number(name)))))
    const large = await handed(made.tasks, request({ name: '1200000' }))
    const tooLarge = await handed(made.tasks, request({ name: '8000000' }))
    await until(made.tasks, large, { status: 'ended' })
    expect(await status(made.restarted(), large)).toMatchObject({ reply: said('x'.repeat(1_200_000)) })
    await until(made.tasks, tooLarge, { reply: { error: { code: 'egress/too_large' } } })
  })

  it('is removed when its hour is over, with all that lay sealed of it', async () => {
    const made = setUp(() => new Promise(() => {}))
    await handed(made.tasks)
    expect(made.expireAt).toEqual([1_000 + 3_600_000])
    expect(made.tasks.expire()).toBe(1_000 + 3_600_000)
    made.at(1_000 + 3_600_000)
    expect(made.tasks.expire()).toBeNull()
    expect([made.cancelled, atRest(made.db)]).toEqual([['key'], '[]'])
  })
})

describe('a task of an object that is gone', () => {
  const question: CallReply = {
    kind: 'input_required',
    callId: 'c',
    requests: { who: { method: 'elicitation/create' } },
    resume: { callId: 'c', wait: 'upstream', upstream: 'state' },
  }

  it('still waits for its answer, and the retry goes out once, with what was asked and who asks now', async () => {
    const runs: CallRequest[] = []
    const answered = Promise.withResolvers<void>()
    const made = setUp(async (asked) => {
      runs.push(asked)
      await (asked.resumed ? answered.promise : later())
      return asked.resumed ? said('done') : question
    })
    const id = await handed(made.tasks, request({ arguments: { iban: 'DE02 1203' } }))
    await until(made.tasks, id, asking)
    expect(atRest(made.db)).not.toMatch(/DE02 1203|elicitation|"Slow/)
    const next = made.restarted()
    expect(await status(next, id)).toMatchObject({ status: 'input_required', requests: { '1.who': {} } })
    const bob = callerNamed('bob')
    const answer = { '1.who': { action: 'accept' } }
    await Promise.all([next.update(id, answer, bob), next.update(id, answer, bob)])
    const third = made.restarted()
    expect(runs).toHaveLength(2)
    expect(runs[1]).toMatchObject({ name: 'Slow', arguments: { iban: 'DE02 1203' }, caller: { user: bob.user } })
    expect(runs[1]?.resumed).toEqual({ responses: { who: { action: 'accept' } }, state: question.resume })
    // The answer is on its way. Whoever comes next does not send it again.
    expect(await status(third, id)).toMatchObject(interrupted)
    expect(runs).toHaveLength(2)
    answered.resolve()
    await until(next, id, { reply: { kind: 'output' } })
    expect(made.changed.every((one) => one === id)).toBe(true)
  })

  it('keeps a part of the answers', async () => {
    const two = { ...question, requests: { a: { method: 'x' }, b: { method: 'x' } } }
    const made = setUp(async () => later().then(() => two))
    const id = await handed(made.tasks)
    await until(made.tasks, id, asking)
    await made.tasks.update(id, { '1.a': { action: 'accept' } }, alice)
    const kept = await status(made.restarted(), id)
    expect(kept).toMatchObject({ status: 'input_required', requests: { '1.b': {} } })
    expect(JSON.stringify(kept)).not.toContain('1.a')
  })

  it('is interrupted when it ran in that object, also when it asked from there, and is not run again', async () => {
    let runs = 0
    const made = setUp(async ({ name }) => {
      runs++
      await later()
      if (name === 'asks') return { ...question, resume: { ...question.resume, held: 'memory' as const } }
      return new Promise(() => {})
    })
    const running = await handed(made.tasks)
    const asks = await handed(made.tasks, request({ name: 'asks' }))
    await until(made.tasks, asks, asking)
    const next = made.restarted()
    for (const id of [running, asks]) {
      expect(await status(next, id)).toMatchObject(interrupted)
      await next.update(id, { '1.who': {} }, alice)
      expect(await status(made.restarted(), id)).toMatchObject(interrupted)
    }
    expect(runs).toBe(2)
  })

  it('is asked for at the server that works on it, once, and nothing is sent there anew', async () => {
    const runs: CallRequest[] = []
    const { promise, resolve } = Promise.withResolvers<CallReply>()
    const made = setUp(async (asked) => {
      runs.push(asked)
      asked.onTask?.(atServer('t1'))
      return runs.length === 1 ? new Promise(() => {}) : promise
    })
    const id = await handed(made.tasks)
    const next = made.restarted()
    await Promise.all([status(next, id), status(next, id), next.update(id, {}, alice)])
    expect(runs.map(({ resumed }) => resumed)).toEqual([undefined, { responses: {}, state: atServer('t1') }])
    resolve(said('finished there'))
    await until(next, id, { reply: said('finished there') })
    expect(await status(made.restarted(), id)).toMatchObject({ reply: said('finished there') })
  })

  it('is cancelled at the server that works on it, also while that asks', async () => {
    let before: number | undefined
    const made = setUp(async (asked) => {
      if (asked.resumed) {
        before = made.cancelled.length
        asked.onTask?.(asked.resumed.state)
        return refused('runtime/cancelled')
      }
      asked.onTask?.(atServer('t1'))
      return later().then(() => ({ ...question, resume: atServer('t1') }))
    })
    const id = await handed(made.tasks)
    await until(made.tasks, id, asking)
    const next = made.restarted()
    await next.cancel(id, alice)
    await until(next, id, { reply: { error: { code: 'runtime/cancelled' } } })
    // Only when somebody follows it who can tell the server.
    expect([before, made.cancelled.length]).toEqual([0, 1])
    expect(await status(made.restarted(), id)).toMatchObject({ reply: { error: { code: 'runtime/cancelled' } } })
  })

  it('is interrupted when its session ended of age, and what had ended stays', async () => {
    const made = setUp(async ({ name }) => later().then(() => (name === 'done' ? said('kept') : question)))
    const done = await handed(made.tasks, request({ name: 'done' }))
    const waits = await handed(made.tasks)
    await until(made.tasks, waits, asking)
    dropUnfinishedTasks(made.sql)
    const next = made.restarted()
    expect(await status(next, waits)).toMatchObject(interrupted)
    expect(await status(next, done)).toMatchObject({ reply: said('kept') })
  })

  it('that was kept by the last version is still there', async () => {
    const old = storage(taskMigrations.slice(0, 1))
    const sealed = await sealSecret(keys, ['task', 'done'], JSON.stringify(said('kept')))
    old.db.prepare('INSERT INTO tasks VALUES (?, 1000, 1000, ?), (?, 1000, 1000, NULL)').run('done', sealed, 'lost')
    for (const sql of taskMigrations.slice(1)) old.db.exec(sql)
    const { tasks } = setUp(() => new Promise(() => {}), old)
    expect(await status(tasks, 'done')).toMatchObject({ reply: said('kept') })
    expect(await status(tasks, 'lost')).toMatchObject(interrupted)
  })
})
