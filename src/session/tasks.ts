import type { CallReply, ResumeState, TaskReply, TaskState } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { randomToken } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import { refuse } from '../core/result.ts'
import type { KeyRing } from '../core/seal.ts'
import { openSecret, sealSecret } from '../core/seal.ts'
import { after } from '../core/timer.ts'
import type { CallRequest } from './api.ts'

export const taskMigrations = [
  `CREATE TABLE tasks (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, sealed TEXT) WITHOUT ROWID;`,
]

/** A call that is answered within this is answered at once. */
const patienceMs = 5_000
const ttlMs = 60 * 60_000
const pollIntervalMs = 2_000
/** Beyond that many a call simply takes as long as it takes. */
const maxTasks = 50
const maxMessage = 500

type Ask = { requests: JsonObject; answers: JsonObject; resume: ResumeState }
type Live = {
  request: CallRequest
  message: string | undefined
  updatedAt: number
  rounds: number
  /** What the person is asked, by the keys of this task. Null while it works. */
  ask: Ask | null
  cancel: () => void
}

export type TasksUse = {
  sql: SqlStorage
  keys: () => KeyRing | null
  /** Runs the call to its next answer: with everything that belongs to one. */
  run: (request: CallRequest) => Promise<CallReply>
  cancel: (cancelKey: string) => void
  keepAlive: (work: Promise<unknown>) => void
  now: Clock
  patienceMs?: number
}

/**
 * Calls that outlive their request. The work is in the session's memory, the outcome in its storage, sealed, for an hour. A
 * session that was put out of memory meanwhile says so: the record has the call, and its outcome is not known.
 */
export class Tasks {
  readonly #use: TasksUse
  readonly #live = new Map<string, Live>()

  constructor(use: TasksUse) {
    this.#use = use
  }

  async call(request: CallRequest): Promise<CallReply | { kind: 'task'; task: TaskState }> {
    const cancelKey = request.cancelKey ?? randomToken()
    const live: Live = {
      request: { ...request, cancelKey },
      message: undefined,
      updatedAt: this.#use.now(),
      rounds: 0,
      ask: null,
      cancel: () => this.#use.cancel(cancelKey),
    }
    const tell = { open: true }
    const { promise: long, resolve: onTask } = Promise.withResolvers<null>()
    const running = this.#use.run({ ...this.#listening(live, live.request, tell), onTask: () => onTask(null) })
    this.#use.keepAlive(running.catch(() => {}))
    const soon = await this.#soon(running, long)
    if (soon || this.#live.size >= maxTasks) return soon ?? running
    // The stream that it would go to ends with this answer.
    tell.open = false
    const id = randomToken()
    const at = this.#use.now()
    this.#forgetOld(at)
    // On disk before the handle leaves: whoever has it can ask for it.
    this.#use.sql.exec('INSERT INTO tasks VALUES (?, ?, ?, NULL)', id, at, at)
    this.#live.set(id, live)
    this.#follow(id, live, running)
    return { kind: 'task', task: this.#view(id, at, live) }
  }

  async get(id: string): Promise<TaskReply> {
    this.#forgetOld(this.#use.now())
    const row = this.#use.sql
      .exec<{ created_at: number; updated_at: number; sealed: string | null }>('SELECT * FROM tasks WHERE id = ?', id)
      .toArray()[0]
    if (!row) return refuse('session/unknown_task')
    const live = this.#live.get(id)
    if (live) return { ok: true, task: this.#view(id, row.created_at, live) }
    const reply = (row.sealed === null ? null : await this.#open(id, row.sealed)) ?? interrupted
    const times = { createdAt: row.created_at, updatedAt: row.updated_at, ttlMs, pollIntervalMs }
    return { ok: true, task: { id, status: 'ended', ...times, reply } }
  }

  async update(id: string, responses: JsonObject): Promise<TaskReply> {
    const live = this.#live.get(id)
    const ask = live?.ask
    if (live && ask) {
      for (const [key, response] of Object.entries(responses)) {
        if (!Object.hasOwn(ask.requests, key) || !isObject(response)) continue
        ask.answers[key.slice(key.indexOf('.') + 1)] = response as JsonObject
        delete ask.requests[key]
        live.updatedAt = this.#use.now()
      }
      if (Object.keys(ask.requests).length === 0) this.#resume(id, live, ask)
    }
    return this.get(id)
  }

  async cancel(id: string): Promise<TaskReply> {
    const live = this.#live.get(id)
    if (live?.ask)
      await this.#end(id, { kind: 'refused', callId: live.ask.resume.callId, error: { code: 'runtime/cancelled' } })
    else live?.cancel()
    return this.get(id)
  }

  /** Nobody has asked for long: what still runs would run out of reach of whoever may stop it. Outcomes stay. */
  stop(): void {
    for (const [id, live] of this.#live) {
      live.cancel()
      if (live.ask) this.#use.keepAlive(this.cancel(id))
    }
  }

  /** The session has ended: so have they. */
  giveUp(): void {
    for (const live of this.#live.values()) live.cancel()
    this.#live.clear()
    this.#use.sql.exec('DELETE FROM tasks')
  }

  #resume(id: string, live: Live, { answers, resume }: Ask): void {
    live.ask = null
    const request = { ...live.request, resumed: { responses: answers, state: resume } }
    const running = this.#use.run(this.#listening(live, request, { open: false }))
    this.#use.keepAlive(running.catch(() => {}))
    this.#follow(id, live, running)
  }

  /** Progress is the task's message, and goes to the client's stream while that is open. */
  #listening(live: Live, request: CallRequest, tell: { open: boolean }): CallRequest {
    const { onProgress, onLog, ...rest } = request
    return {
      ...rest,
      onProgress: (progress) => {
        if (progress.message !== undefined) live.message = progress.message.slice(0, maxMessage)
        live.updatedAt = this.#use.now()
        return tell.open ? onProgress?.(progress) : undefined
      },
      ...(onLog ? { onLog: (entry: JsonObject) => (tell.open ? onLog(entry) : undefined) } : {}),
    }
  }

  #follow(id: string, live: Live, running: Promise<CallReply>): void {
    const ended = running.then(
      (reply) => this.#settle(id, live, reply),
      (fault: unknown) => {
        logFault('session.task_failed', fault)
        return this.#end(id, { kind: 'refused', callId: '', error: { code: 'core/internal' } })
      },
    )
    this.#use.keepAlive(ended.catch((fault: unknown) => logFault('session.task_not_kept', fault)))
  }

  async #settle(id: string, live: Live, reply: CallReply): Promise<void> {
    if (this.#live.get(id) !== live) return
    if (reply.kind !== 'input_required') return this.#end(id, reply)
    live.rounds++
    live.updatedAt = this.#use.now()
    const requests = Object.fromEntries(
      Object.entries(reply.requests).map(([key, one]) => [`${live.rounds}.${key}`, one]),
    )
    live.ask = { requests, answers: {}, resume: reply.resume }
  }

  async #end(id: string, reply: Exclude<CallReply, { kind: 'input_required' }>): Promise<void> {
    const keys = this.#use.keys()
    const sealed = keys ? await sealSecret(keys, ['task', id], JSON.stringify(reply)) : null
    this.#use.sql.exec('UPDATE tasks SET updated_at = ?, sealed = ? WHERE id = ?', this.#use.now(), sealed, id)
    this.#live.delete(id)
  }

  async #open(id: string, sealed: string): Promise<TaskState['reply'] | null> {
    const keys = this.#use.keys()
    const opened = keys && (await openSecret(keys, ['task', id], sealed))
    return opened?.ok ? (JSON.parse(opened.value) as NonNullable<TaskState['reply']>) : null
  }

  #view(id: string, createdAt: number, { updatedAt, message, ask }: Live): TaskState {
    return {
      id,
      status: ask ? 'input_required' : 'working',
      createdAt,
      updatedAt,
      ttlMs,
      pollIntervalMs,
      ...(message === undefined ? {} : { message }),
      ...(ask ? { requests: ask.requests } : {}),
    }
  }

  async #soon(running: Promise<CallReply>, long: Promise<null>): Promise<CallReply | null> {
    const { promise: late, resolve } = Promise.withResolvers<null>()
    const disarm = after(this.#use.patienceMs ?? patienceMs, () => resolve(null))
    try {
      return await Promise.race([running, long, late])
    } finally {
      disarm()
    }
  }

  #forgetOld(now: number): void {
    const old = this.#use.sql.exec<{ id: string }>('SELECT id FROM tasks WHERE created_at <= ?', now - ttlMs).toArray()
    for (const { id } of old) {
      this.#live.get(id)?.cancel()
      this.#live.delete(id)
    }
    if (old.length > 0) this.#use.sql.exec('DELETE FROM tasks WHERE created_at <= ?', now - ttlMs)
  }
}

const interrupted = { kind: 'refused', callId: '', error: { code: 'session/task_interrupted' } } as const
