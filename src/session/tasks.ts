import type { CallReply, TaskReply, TaskState } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import { refuse } from '../core/result.ts'
import type { KeyRing } from '../core/seal.ts'
import { after } from '../core/timer.ts'
import type { CallRequest } from './api.ts'
import { LiveTask, timesOf, ttlMs } from './live-task.ts'
import { TaskStore } from './task-store.ts'

/** A call that is answered within this is answered at once. */
const patienceMs = 5_000
/** Of one hour. Beyond that many a call simply takes as long as it takes. */
const maxTasks = 100
/** Above what a server may answer with (5 MiB). */
const maxOutcomeChars = 8_000_000

type Outcome = Exclude<CallReply, { kind: 'input_required' }>

export type TasksUse = {
  sql: SqlStorage
  keys: () => KeyRing | null
  /** Runs the call to its next answer: with everything that belongs to one. */
  run: (request: CallRequest) => Promise<CallReply>
  cancel: (cancelKey: string) => void
  /** A task is not what it was. */
  changed: (id: string) => void
  /** `expire` is wanted then. */
  expireAt: (at: number) => void
  keepAlive: (work: Promise<unknown>) => void
  now: Clock
  patienceMs?: number
}

/**
 * Calls that outlive their request, for an hour (docs/decisions/029-what-of-a-task-survives.md). What is under way is in memory;
 * what it can be taken up from is in the session's storage, and so are questions and outcomes. A call that ran here when the
 * object died is not run again: it says that it was interrupted.
 */
export class Tasks {
  readonly #use: TasksUse
  readonly #store: TaskStore
  readonly #live = new Map<string, LiveTask>()

  constructor(use: TasksUse) {
    this.#use = use
    this.#store = new TaskStore(use.sql, use.keys)
  }

  async call(request: CallRequest): Promise<CallReply | { kind: 'task'; task: TaskState }> {
    const live = LiveTask.of(request, this.#use.now())
    const stream = { open: true }
    const { promise: long, resolve: onTask } = Promise.withResolvers<null>()
    const running = this.#run(live, listened(request, stream), () => onTask(null))
    const soon = await this.#soon(running, long)
    if (soon) return soon
    this.expire()
    if (this.#store.count() >= maxTasks) return running
    // The stream that it would go to ends with this answer.
    stream.open = false
    this.#live.set(live.id, live)
    // On disk before the handle leaves: whoever has it can ask for it.
    await this.#store.add(live, live.work)
    this.#use.expireAt((this.#store.oldest() ?? live.createdAt) + ttlMs)
    this.#follow(live, running)
    return { kind: 'task', task: live.view() }
  }

  async get(id: string, caller: Caller): Promise<TaskReply> {
    this.expire()
    await this.#find(id, caller)
    // Nothing is told that a restart would take back.
    await this.#store.written()
    const live = this.#live.get(id)
    if (live) return { ok: true, task: live.view() }
    const row = this.#store.row(id)
    if (!row) return refuse('session/unknown_task')
    const reply = ((await this.#store.content(id)) ?? interrupted) as Outcome
    return { ok: true, task: { ...timesOf(row), status: 'ended', reply } }
  }

  async update(id: string, responses: JsonObject, caller: Caller): Promise<TaskReply> {
    const live = await this.#find(id, caller)
    if (live?.ask) {
      const answers = live.answer(responses, this.#use.now())
      await (answers ? this.#resume(live, answers, caller) : this.#keep(live))
    }
    return this.get(id, caller)
  }

  async cancel(id: string, caller: Caller): Promise<TaskReply> {
    const live = await this.#find(id, caller)
    if (live) {
      live.cancelled = true
      if (!live.ask) this.#use.cancel(live.cancelKey)
      // The server is told by whoever follows its task.
      else if (live.resume?.held === 'server') await this.#resume(live, {}, caller)
      else await this.#end(id, cancelled)
    }
    return this.get(id, caller)
  }

  /** Nobody has asked for long: what still runs would run out of reach of whoever may stop it. Outcomes stay. */
  stop(): void {
    for (const live of this.#live.values()) {
      live.cancelled = true
      if (live.ask) this.#use.keepAlive(this.#end(live.id, cancelled))
      else this.#use.cancel(live.cancelKey)
    }
  }

  /** The session has ended: so have they. */
  giveUp(): void {
    for (const { cancelKey } of this.#live.values()) this.#use.cancel(cancelKey)
    this.#live.clear()
    this.#store.clear()
  }

  /** Removes what has had its hour. When there will be something to remove again. */
  expire(): number | null {
    for (const id of this.#store.createdBefore(this.#use.now() - ttlMs)) {
      const live = this.#live.get(id)
      if (live) this.#use.cancel(live.cancelKey)
      this.#live.delete(id)
      this.#store.remove(id)
    }
    const oldest = this.#store.oldest()
    return oldest === null ? null : oldest + ttlMs
  }

  /** Null: it is over, or unknown. One that an earlier object left goes on. */
  async #find(id: string, caller: Caller): Promise<LiveTask | null> {
    const row = this.#live.has(id) ? null : this.#store.row(id)
    if (!row || row.state === 'ended') return this.#live.get(id) ?? null
    const kept = await this.#store.content(id)
    // Another request may have taken it up, or ended it, meanwhile.
    if (this.#live.has(id) || (this.#store.row(id)?.state ?? 'ended') === 'ended') return this.#live.get(id) ?? null
    const live = LiveTask.takenUp(row, kept)
    if (!live) {
      await this.#end(id, interrupted)
      return null
    }
    this.#live.set(id, live)
    if (!live.ask && live.resume) this.#follow(live, this.#goOn(live, { responses: {}, state: live.resume }, caller))
    return live
  }

  async #resume(live: LiveTask, responses: JsonObject, caller: Caller): Promise<void> {
    const state = live.resume
    if (!state) return
    live.ask = null
    // What begins here and not at the server is on its way from now on, and must not be sent again.
    if (state.held !== 'server') live.resume = null
    await this.#keep(live)
    this.#use.changed(live.id)
    this.#follow(live, this.#goOn(live, { responses, state }, caller))
  }

  #goOn(live: LiveTask, resumed: NonNullable<CallRequest['resumed']>, caller: Caller): Promise<CallReply> {
    return this.#run(live, { ...live.request, caller, resumed }, () => {})
  }

  #run(live: LiveTask, request: CallRequest, onLong: () => void): Promise<CallReply> {
    const running = this.#use.run({
      ...request,
      cancelKey: live.cancelKey,
      // Progress is the task's message.
      onProgress: (progress) => {
        live.progress(progress.message, this.#use.now())
        return request.onProgress?.(progress)
      },
      onTask: (resume) => {
        live.resume = resume
        onLong()
        if (live.cancelled) this.#use.cancel(live.cancelKey)
        else if (this.#live.has(live.id)) this.#use.keepAlive(this.#keep(live))
      },
    })
    this.#use.keepAlive(running.catch(() => {}))
    return running
  }

  #follow(live: LiveTask, running: Promise<CallReply>): void {
    const ended = running.then(
      (reply) => this.#settle(live, reply),
      (fault: unknown) => {
        logFault('session.task_failed', fault)
        return this.#end(live.id, { kind: 'refused', callId: '', error: { code: 'core/internal' } })
      },
    )
    this.#use.keepAlive(ended.catch((fault: unknown) => logFault('session.task_not_kept', fault)))
  }

  async #settle(live: LiveTask, reply: CallReply): Promise<void> {
    if (this.#live.get(live.id) !== live) return
    if (reply.kind !== 'input_required') return this.#end(live.id, reply)
    if (live.cancelled) return this.#end(live.id, cancelled)
    live.asks(reply, this.#use.now())
    await this.#keep(live)
    this.#use.changed(live.id)
  }

  #keep(live: LiveTask): Promise<void> {
    return this.#store.keep(live, live.work)
  }

  async #end(id: string, reply: Outcome): Promise<void> {
    const kept = JSON.stringify(reply).length > maxOutcomeChars ? tooLarge(reply) : reply
    try {
      await this.#store.keep({ id, state: 'ended', updatedAt: this.#use.now() }, kept as unknown as Json)
    } finally {
      this.#live.delete(id)
    }
    this.#use.changed(id)
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
}

/** Nothing is sent to a stream that has ended. */
function listened({ onProgress, onLog, ...rest }: CallRequest, stream: { open: boolean }): CallRequest {
  return {
    ...rest,
    ...(onProgress ? { onProgress: (progress) => (stream.open ? onProgress(progress) : undefined) } : {}),
    ...(onLog ? { onLog: (entry) => (stream.open ? onLog(entry) : undefined) } : {}),
  }
}

const interrupted: Outcome = { kind: 'refused', callId: '', error: { code: 'session/task_interrupted' } }
const cancelled: Outcome = { kind: 'refused', callId: '', error: { code: 'runtime/cancelled' } }
const tooLarge = ({ callId }: Outcome): Outcome => ({ kind: 'refused', callId, error: { code: 'egress/too_large' } })
