import { RELATED_TASK_META_KEY } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { ok } from '../core/result.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { pause } from '../core/timer.ts'
import { isLost } from './failure.ts'
import type { PollUse } from './poll-task.ts'
import { pollTask, whileTaskRuns } from './poll-task.ts'
import type { RunningCall } from './running-call.ts'
import { WireFault } from './wire.ts'

const created = z.looseObject({
  task: z.looseObject({ taskId: z.string().min(1).max(4_000), pollInterval: z.number().optional() }),
})

export type LegacyTaskUse = {
  patienceMs: number
  /** On a stream of this call: what the server asks on it is the call's question. */
  ask: (method: string, params: JsonObject) => Promise<unknown>
  /** Beside the call, and also when that was cancelled. */
  askAside: (method: string, params: JsonObject) => Promise<unknown>
}

/**
 * A tool that the server runs as a task and not otherwise: `execution.taskSupport` is `required` (2025-11-25
 * basic/utilities/tasks). To whoever called it is a call that takes long. Its result is asked for as soon as the task is over
 * or has a question, which comes on that request's stream; how far it is goes on being asked, as a sign of life.
 *
 * Resolves with the result as it came. Throws what `failureOf` reads.
 */
export async function runAsTask(params: JsonObject, call: RunningCall, use: LegacyTaskUse): Promise<unknown> {
  const { patienceMs, ask, askAside } = use
  const begun = await ask('tools/call', { ...params, task: { ttl: patienceMs } })
  const parsed = created.safeParse(begun)
  // It answered at once.
  if (!parsed.success) return begun
  const { taskId, pollInterval } = parsed.data.task

  const result = Promise.withResolvers<unknown>()
  let isAsked = false
  let isHere = false
  const askForResult = (): void => {
    isAsked = true
    ask('tasks/result', { taskId }).then(
      (value) => {
        isHere = true
        result.resolve(value)
      },
      (fault: unknown) => {
        isHere = !isLost(fault)
        if (isHere) result.reject(fault)
        else isAsked = false
      },
    )
  }
  const poll: PollUse = {
    isLost,
    async ask() {
      if (isHere) return { status: 'completed' }
      const said = await askAside('tasks/get', { taskId })
      return isObject(said) ? { ...said, pollIntervalMs: said['pollInterval'] } : said
    },
    wait: (ms, signal) => Promise.race([pause(ms, signal), result.promise.then(nothing, nothing)]),
  }
  const cancel = (): Promise<unknown> => askAside('tasks/cancel', { taskId })
  return whileTaskRuns(call, patienceMs, cancel, async () => {
    const polled = await pollTask(call, pollInterval, poll, ({ status }) => {
      if (!isAsked && status !== 'working') askForResult()
      return isHere ? ok(null) : null
    })
    if (!polled.ok) throw new WireFault(polled.error)
    return result.promise
  })
}

const nothing = (): void => {}

/** A question without the task it is asked for, which is between the server and us. */
export function withoutTask(params: JsonObject): JsonObject {
  const { _meta: meta, ...rest } = params
  if (!isObject(meta)) return params
  const { [RELATED_TASK_META_KEY]: _, ...kept } = meta as JsonObject
  return { ...rest, ...(Object.keys(kept).length > 0 && { _meta: kept }) }
}

/** Whether calls can be made as tasks there. */
export function makesTasks({ tasks }: JsonObject): boolean {
  const requests = isObject(tasks) ? tasks['requests'] : undefined
  const tools = isObject(requests) ? requests['tools'] : undefined
  return isObject(tools) && isObject(tools['call'])
}
