import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { after } from '../core/timer.ts'
import type { UpstreamReply, UpstreamRequest } from './api.ts'
import type { Followed } from './call-state.ts'
import { followed, writeState } from './call-state.ts'
import type { RunningCall } from './running-call.ts'
import { mayAsk, readResult } from './shape.ts'

const detailed = z.looseObject({
  status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
  statusMessage: z.string().optional(),
  pollIntervalMs: z.number().optional(),
  inputRequests: z.record(z.string(), z.json()).optional(),
  result: z.json().optional(),
  error: z.looseObject({ code: z.number(), message: z.string().optional() }).optional(),
})
type Detailed = z.output<typeof detailed>

const shortestMs = 250
const longestMs = 30_000
const maxQuestions = 100
/** Asking does no harm: a server that cannot be reached for a moment works on. */
const maxLostPolls = 3
/** How long somebody may wait who has no handle of ours, and how long one of ours lives. */
const patienceMs = { withoutHandle: 10 * 60_000, withHandle: 60 * 60_000 }

/** What was begun at the server, when a result says that it is a task (`resultType: "task"`, SEP-2663). */
export function handleOf(value: unknown): Followed | undefined {
  if (!isObject(value) || value['resultType'] !== 'task') return undefined
  const { taskId, pollIntervalMs } = value
  return followed.safeParse({ taskId, pollIntervalMs }).data
}

export type TaskUse = {
  ask: (method: string, params: JsonObject) => Promise<unknown>
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** What an error of the protocol is to us. */
  failed: (error: { code: number; message?: string | undefined }) => Result<UpstreamReply>
  /** To what it asked last. */
  answers: JsonObject
  /** The server was not reached, so nothing is known. */
  isLost: (fault: unknown) => boolean
}

/**
 * Asks a server for its task until it is over or asks something. To whoever called it is a call that takes long: its questions
 * are the call's questions, its message is the call's progress, and cancelling the call cancels it. Nothing about it is kept
 * here: what `onTask` is told and what a question comes with is enough to go on from, also for another process.
 */
export async function followTask(
  given: Followed,
  call: RunningCall,
  request: UpstreamRequest,
  use: TaskUse,
): Promise<Result<UpstreamReply>> {
  const { taskId } = given
  const { signal } = call.abort
  const { answers } = use
  const task = { ...given, answered: [...given.answered, ...Object.keys(answers)] }
  const cancel = (): void => void use.ask('tasks/cancel', { taskId }).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  const { onTask } = request
  const tooLong = after(onTask ? patienceMs.withHandle : patienceMs.withoutHandle, () => call.expire())
  try {
    onTask?.(writeState({ kind: 'task', task }))
    if (Object.keys(answers).length > 0) await use.ask('tasks/update', { taskId, inputResponses: answers })
    return await poll(task, call, request, use)
  } finally {
    tooLong()
    signal.removeEventListener('abort', cancel)
  }
}

async function poll(
  task: Followed,
  call: RunningCall,
  request: UpstreamRequest,
  use: TaskUse,
): Promise<Result<UpstreamReply>> {
  const { taskId } = task
  const { signal } = call.abort
  let { pollIntervalMs } = task
  for (let polls = 1, lost = 0; ; polls++) {
    await use.wait(Math.min(Math.max(pollIntervalMs ?? 1_000, shortestMs), longestMs), signal)
    if (signal.aborted) return refuse('runtime/cancelled')
    let said: unknown
    try {
      said = await use.ask('tasks/get', { taskId })
      lost = 0
    } catch (fault) {
      if (++lost > maxLostPolls || !use.isLost(fault)) throw fault
      continue
    }
    const parsed = detailed.safeParse(said)
    if (!parsed.success) return refuse('upstream/failed', { evidence: { fault: 'task' } })
    const { statusMessage } = parsed.data
    pollIntervalMs = parsed.data.pollIntervalMs ?? pollIntervalMs
    call.touch()
    if (statusMessage !== undefined) call.report.onProgress?.({ progress: polls, message: statusMessage })
    const reply = replyOf(parsed.data, { ...task, pollIntervalMs }, request, use)
    if (reply) return reply
  }
}

/** Null: it is not over yet, and asks nothing new. */
function replyOf(said: Detailed, task: Followed, request: UpstreamRequest, use: TaskUse): Result<UpstreamReply> | null {
  switch (said.status) {
    case 'working':
      return null
    case 'input_required':
      return questions(said.inputRequests ?? {}, task, request)
    case 'completed':
      return completed(request, said.result)
    case 'failed':
      return use.failed(said.error ?? { code: -32603 })
    case 'cancelled':
      return refuse('upstream/failed', { evidence: { fault: 'task_cancelled' } })
  }
}

function questions(all: JsonObject, task: Followed, { capabilities }: UpstreamRequest): Result<UpstreamReply> | null {
  const fresh = Object.entries(all).filter(([key]) => !task.answered.includes(key))
  if (fresh.length === 0) return null
  if (task.answered.length + fresh.length > maxQuestions || !fresh.every(([, one]) => mayAsk(one, capabilities))) {
    return refuse('upstream/failed', { evidence: { fault: 'asked_beyond_capabilities' } })
  }
  return ok({
    kind: 'input_required',
    requests: Object.fromEntries(fresh),
    state: writeState({ kind: 'task', task }),
    held: 'server',
  })
}

function completed(request: UpstreamRequest, value: unknown): Result<UpstreamReply> {
  const result = readResult(request.method, value)
  return result ? ok({ kind: 'result', result }) : refuse('upstream/failed', { evidence: { fault: 'shape' } })
}
