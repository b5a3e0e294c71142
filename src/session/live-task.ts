import type { CallReply, ResumeState, TaskState } from '../core/call.ts'
import { randomToken } from '../core/ids.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { CallRequest } from './api.ts'
import type { TaskRow } from './task-store.ts'

export const ttlMs = 60 * 60_000
const pollIntervalMs = 2_000
const maxMessage = 500

/** What the person is asked and has answered, by the keys of this task. */
type Ask = { requests: JsonObject; answers: JsonObject }

/** What a call needs to go on, but for who asks: the caller is whoever comes then, as they are then. */
type KeptRequest = Pick<
  CallRequest,
  'features' | 'name' | 'arguments' | 'paramHeaders' | 'task' | 'traceparent' | 'tracestate' | 'logLevel'
>

type Work = { request: KeptRequest; rounds: number; ask: Ask | null; resume: ResumeState | null }

/** A task that is not over, as this object has it in memory. */
export class LiveTask {
  readonly id: string
  readonly createdAt: number
  readonly cancelKey: string
  readonly request: KeptRequest
  updatedAt: number
  /** Null while it works. */
  ask: Ask | null
  /** What the call is taken up from. Null: from nothing, because it would run twice. */
  resume: ResumeState | null
  /** Whoever asked for it does not want it any more. */
  cancelled = false
  #message: string | undefined
  #rounds: number

  constructor(row: Omit<TaskRow, 'state'>, work: Work, cancelKey: string) {
    this.id = row.id
    this.createdAt = row.createdAt
    this.updatedAt = row.updatedAt
    this.cancelKey = cancelKey
    this.request = work.request
    this.ask = work.ask
    this.resume = work.resume
    this.#rounds = work.rounds
  }

  static of(request: CallRequest, now: number): LiveTask {
    const row = { id: randomToken(), createdAt: now, updatedAt: now }
    const work = { request: keptOf(request), rounds: 0, ask: null, resume: null }
    return new LiveTask(row, work, request.cancelKey ?? randomToken())
  }

  /** Null: what was under way was in the memory of an object that is gone. */
  static takenUp(row: TaskRow, kept: Json | null): LiveTask | null {
    if (kept === null) return null
    const work = kept as unknown as Work
    const goesOn = row.state === 'waiting' ? work.resume?.held !== 'memory' : work.resume?.held === 'server'
    return goesOn ? new LiveTask(row, work, randomToken()) : null
  }

  get state(): 'working' | 'waiting' {
    return this.ask ? 'waiting' : 'working'
  }

  /** As it is kept. */
  get work(): Json {
    const { request, ask, resume } = this
    return { request, rounds: this.#rounds, ask, resume } as unknown as Json
  }

  progress(message: string | undefined, now: number): void {
    if (message !== undefined) this.#message = message.slice(0, maxMessage)
    this.updatedAt = now
  }

  /** A key is never used twice: each round has its number (SEP-2663 §Task Update Requests). */
  asks({ requests, resume }: Extract<CallReply, { kind: 'input_required' }>, now: number): void {
    const round = ++this.#rounds
    const numbered = Object.fromEntries(Object.entries(requests).map(([key, one]) => [`${round}.${key}`, one]))
    this.ask = { requests: numbered, answers: {} }
    this.resume = resume
    this.updatedAt = now
  }

  /** What is not asked, or was answered, is ignored. The answers, once there is nothing left to answer. */
  answer(responses: JsonObject, now: number): JsonObject | null {
    const { ask } = this
    if (!ask) return null
    for (const [key, response] of Object.entries(responses)) {
      if (!Object.hasOwn(ask.requests, key) || !isObject(response)) continue
      ask.answers[key.slice(key.indexOf('.') + 1)] = response as JsonObject
      delete ask.requests[key]
      this.updatedAt = now
    }
    return Object.keys(ask.requests).length === 0 ? ask.answers : null
  }

  view(): TaskState {
    const { ask } = this
    return {
      ...timesOf(this),
      status: ask ? 'input_required' : 'working',
      ...(this.#message === undefined ? {} : { message: this.#message }),
      ...(ask ? { requests: ask.requests } : {}),
    }
  }
}

export const timesOf = ({ id, createdAt, updatedAt }: Omit<TaskRow, 'state'>) => ({
  id,
  createdAt,
  updatedAt,
  ttlMs,
  pollIntervalMs,
})

function keptOf(request: CallRequest): KeptRequest {
  const { features, name, arguments: args, paramHeaders, task, traceparent, tracestate, logLevel } = request
  return {
    features,
    name,
    arguments: args,
    ...(paramHeaders ? { paramHeaders } : {}),
    ...(task === undefined ? {} : { task }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
    ...(logLevel === undefined ? {} : { logLevel }),
  }
}
