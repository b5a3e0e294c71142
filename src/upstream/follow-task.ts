import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { UpstreamReply, UpstreamRequest } from './api.ts'
import type { Followed } from './call-state.ts'
import { followed, writeState } from './call-state.ts'
import type { PollUse, SaidOfTask } from './poll-task.ts'
import { patienceMs, pollTask, whileTaskRuns } from './poll-task.ts'
import type { RunningCall } from './running-call.ts'
import { mayAsk, readResult } from './shape.ts'

const maxQuestions = 100

/** What was begun at the server, when a result says that it is a task (`resultType: "task"`, SEP-2663). */
export function handleOf(value: unknown): Followed | undefined {
  if (!isObject(value) || value['resultType'] !== 'task') return undefined
  const { taskId, pollIntervalMs } = value
  return followed.safeParse({ taskId, pollIntervalMs }).data
}

export type TaskUse = Omit<PollUse, 'ask'> & {
  ask: (method: string, params: JsonObject) => Promise<unknown>
  /** What an error of the protocol is to us. */
  failed: (error: { code: number; message?: string | undefined }) => Result<UpstreamReply>
  /** To what it asked last. */
  answers: JsonObject
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
  const { answers } = use
  const task = { ...given, answered: [...given.answered, ...Object.keys(answers)] }
  const cancel = (): Promise<unknown> => use.ask('tasks/cancel', { taskId })
  const poll: PollUse = { ...use, ask: () => use.ask('tasks/get', { taskId }) }
  return whileTaskRuns(call, patienceMs(request), cancel, async () => {
    request.onTask?.(writeState({ kind: 'task', task }))
    if (Object.keys(answers).length > 0) await use.ask('tasks/update', { taskId, inputResponses: answers })
    return pollTask(call, task.pollIntervalMs, poll, (said, pollIntervalMs) =>
      replyOf(said, { ...task, pollIntervalMs }, request, use),
    )
  })
}

/** Null: it is not over yet, and asks nothing new. */
function replyOf(
  said: SaidOfTask,
  task: Followed,
  request: UpstreamRequest,
  use: TaskUse,
): Result<UpstreamReply> | null {
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
