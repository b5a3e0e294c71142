import { z } from 'zod'
import { tasksExtension } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { UpstreamReply, UpstreamRequest } from './api.ts'
import type { RunningCall } from './running-call.ts'
import { mayAsk, readResult } from './shape.ts'

const handle = z.looseObject({
  taskId: z.string().min(1).max(4_000),
  pollIntervalMs: z.number().optional(),
})
const detailed = z.looseObject({
  status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
  statusMessage: z.string().optional(),
  pollIntervalMs: z.number().optional(),
  inputRequests: z.record(z.string(), z.json()).optional(),
  result: z.json().optional(),
  error: z.looseObject({ code: z.number(), message: z.string().optional() }).optional(),
})

type Handle = z.output<typeof handle>
const shortestMs = 250
const longestMs = 30_000

/** By the `_meta` of the result that stands for a task: the SDK's client has no result of this type. */
const handles = new WeakMap<object, Handle>()

/**
 * Makes a handle (`resultType: "task"`, SEP-2663) pass as a result; `handleOf` finds it again. What is no handle goes on as it
 * is, and the client refuses it.
 */
export function disguiseTask(message: unknown): unknown {
  const result = isObject(message) ? message['result'] : undefined
  if (!isObject(result) || result['resultType'] !== 'task') return message
  const parsed = handle.safeParse(result)
  if (!parsed.success) return message
  const meta = {}
  handles.set(meta, parsed.data)
  return { ...(message as object), result: { resultType: 'complete', content: [], _meta: meta } }
}

export function handleOf(value: unknown): Handle | undefined {
  const meta = isObject(value) ? value['_meta'] : undefined
  return isObject(meta) ? handles.get(meta) : undefined
}

export const declaresTasks = ({ capabilities }: Pick<UpstreamRequest, 'capabilities'>): boolean =>
  isObject(capabilities['extensions']) && isObject(capabilities['extensions'][tasksExtension])

export type TaskUse = {
  ask: (method: string, params: JsonObject) => Promise<unknown>
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** What an error of the protocol is to us. */
  failed: (error: { code: number; message?: string | undefined }) => Result<UpstreamReply>
}

/**
 * Asks a server for its task until it is over. To whoever called it is a call that takes long: its questions are the call's
 * questions, its message is the call's progress, and cancelling the call cancels it.
 */
export async function followTask(
  given: Handle,
  call: RunningCall,
  request: UpstreamRequest,
  use: TaskUse,
): Promise<Result<UpstreamReply>> {
  const { taskId } = given
  const { signal } = call.abort
  request.onTask?.()
  const asked = new Set<string>()
  const cancel = (): void => void use.ask('tasks/cancel', { taskId }).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  let polls = 0
  try {
    for (let pollMs = given.pollIntervalMs; ;) {
      await use.wait(Math.min(Math.max(pollMs ?? 1_000, shortestMs), longestMs), signal)
      if (signal.aborted) return refuse('runtime/cancelled')
      const parsed = detailed.safeParse(await use.ask('tasks/get', { taskId }))
      if (!parsed.success) return refuse('upstream/failed', { evidence: { fault: 'task' } })
      const task = parsed.data
      pollMs = task.pollIntervalMs ?? pollMs
      call.touch()
      if (task.statusMessage !== undefined) call.report.onProgress?.({ progress: ++polls, message: task.statusMessage })
      const { status } = task
      if (status === 'completed') return completed(request, task.result)
      if (status === 'failed') return use.failed(task.error ?? { code: -32603 })
      if (status === 'cancelled') return refuse('upstream/failed', { evidence: { fault: 'task_cancelled' } })
      if (status === 'input_required' && !put(task.inputRequests ?? {}, asked)) {
        return refuse('upstream/failed', { evidence: { fault: 'asked_beyond_capabilities' } })
      }
    }
  } finally {
    signal.removeEventListener('abort', cancel)
  }

  /** Each question once; its answer goes back by itself. */
  function put(requests: JsonObject, known: Set<string>): boolean {
    for (const [key, one] of Object.entries(requests)) {
      if (known.has(key)) continue
      if (known.size >= 100 || !mayAsk(one, request.capabilities)) return false
      known.add(key)
      call.ask(one as JsonObject).then(
        (response) => use.ask('tasks/update', { taskId, inputResponses: { [key]: response } }).catch(() => {}),
        () => {},
      )
    }
    return true
  }
}

function completed(request: UpstreamRequest, value: unknown): Result<UpstreamReply> {
  const result = readResult(request.method, value)
  return result ? ok({ kind: 'result', result }) : refuse('upstream/failed', { evidence: { fault: 'shape' } })
}
