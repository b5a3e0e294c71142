import { CLIENT_CAPABILITIES_META_KEY, LOG_LEVEL_META_KEY, ProtocolError } from '@modelcontextprotocol/client'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { paramHeaders } from '../core/param-headers.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { pause } from '../core/timer.ts'
import type { UpstreamReply, UpstreamRequest } from './api.ts'
import type { CallState, Followed } from './call-state.ts'
import { writeState } from './call-state.ts'
import { failureOf, isLost } from './failure.ts'
import { followTask, handleOf } from './follow-task.ts'
import { makesTasks, runAsTask } from './legacy-task.ts'
import type { ModernRequest } from './modern-request.ts'
import { askModern } from './modern-request.ts'
import type { Opened } from './open.ts'
import { patienceMs } from './poll-task.ts'
import { readLinks, readQuestions } from './questions.ts'
import type { RunningCall } from './running-call.ts'
import { readResult, withTasks } from './shape.ts'

/** Validation is ours (`shape.ts`): the SDK's schemas would read every result twice. */
export const anything = {
  '~standard': { version: 1, vendor: 'behalf', validate: (value: unknown) => ({ value }) },
} as const

/** The SDK's own clock, beyond every one of ours. */
const sdkTimeoutMs = 30 * 60_000

/** Says to a server what a call is, in the era it speaks, and reads what it answers. */
export class CallSender {
  readonly #opened: Opened
  #lastId = 0

  constructor(opened: Opened) {
    this.#opened = opened
  }

  /** Resolves at once, or when the task that the server made of it is over. Never rejects. */
  async send(call: RunningCall, request: UpstreamRequest, state: CallState | null): Promise<Result<UpstreamReply>> {
    try {
      return state?.kind === 'task'
        ? await this.#follow(state.task, call, request, request.resume?.responses)
        : await this.#request(call, request, state)
    } catch (error) {
      return failed(call, request, error)
    }
  }

  async #request(call: RunningCall, request: UpstreamRequest, state: CallState | null): Promise<Result<UpstreamReply>> {
    const modern = this.#opened.discovered.era === 'modern'
    const again = state?.kind === 'echo' && request.resume
    const params = {
      ...request.params,
      ...(again && {
        inputResponses: again.responses,
        ...(state.state !== undefined && { requestState: state.state }),
      }),
      _meta: meta(request, modern),
    }
    const headers = modern && request.inputSchema ? paramHeaders(request.inputSchema, argumentsOf(request)) : undefined
    const { method } = request
    const { signal } = call.abort
    const onProgress = request.onProgress && ((progress: Said) => progressed(call, progress))
    const value = modern
      ? await this.#askModern(call, {
          method,
          params,
          signal,
          ...(headers && { headers }),
          ...(onProgress && { onProgress }),
        })
      : await this.#askLegacy(call, request, params, onProgress)
    const handle = modern ? handleOf(value) : undefined
    return handle ? this.#follow(handle, call, request) : replyOf(request, value)
  }

  #askModern(call: RunningCall, request: Omit<ModernRequest, 'id' | 'onLog'>): Promise<unknown> {
    const { send, info } = this.#opened
    const onLog = (entry: JsonObject): void => call.report.onLog?.(entry)
    return askModern(send, info, { ...request, id: ++this.#lastId, onLog })
  }

  #askLegacy(
    call: RunningCall,
    request: UpstreamRequest,
    params: JsonObject,
    onProgress: ((progress: Said) => void) | undefined,
  ): Promise<unknown> {
    const ask = (method: string, said: JsonObject): Promise<unknown> =>
      this.#opened.client.request({ method, params: said }, anything, {
        signal: call.abort.signal,
        timeout: sdkTimeoutMs,
        relatedRequestId: call.id,
        ...(onProgress && { onprogress: onProgress }),
      })
    if (!request.asTask || !makesTasks(this.#opened.discovered.capabilities)) return ask(request.method, params)
    return runAsTask(params, call, {
      patienceMs: patienceMs(request),
      ask,
      askAside: (method, said) => this.#opened.client.request({ method, params: said }, anything, { timeout: 30_000 }),
    })
  }

  #follow(
    task: Followed,
    call: RunningCall,
    request: UpstreamRequest,
    answers: JsonObject = {},
  ): Promise<Result<UpstreamReply>> {
    // Also where a server made a task for a client that takes none.
    const _meta = meta({ ...request, capabilities: withTasks(request.capabilities) }, true)
    return followTask(task, call, request, {
      answers,
      ask: (method, params) => this.#askModern(call, { method, params: { ...params, _meta }, timeoutMs: 30_000 }),
      wait: pause,
      failed: ({ code, message = '' }) => ({ ok: false, error: failureOf(new ProtocolError(code, message)).refusal }),
      isLost,
    })
  }
}

function replyOf(request: UpstreamRequest, value: unknown): Result<UpstreamReply> {
  const kind = isObject(value) ? value['resultType'] : undefined
  if (isObject(value) && kind === 'input_required') return readQuestions(value, request)
  const result = kind === 'task' ? null : readResult(request.method, value)
  return result ? ok({ kind: 'result', result }) : refuse('upstream/failed', { evidence: { fault: 'shape' } })
}

function failed(call: RunningCall, request: UpstreamRequest, error: unknown): Result<UpstreamReply> {
  const failure = failureOf(error)
  call.sessionLost = failure.sessionLost
  const links = failure.rpc?.code === -32042 ? readLinks(failure.rpc.data, request) : null
  if (!links) return { ok: false, error: failure.refusal }
  return ok({ kind: 'input_required', requests: links, state: writeState({ kind: 'again' }) })
}

type Said = { progress: number; total?: number | undefined; message?: string | undefined }

function progressed(call: RunningCall, { progress, total, message }: Said): void {
  call.touch()
  call.report.onProgress?.({
    progress,
    ...(total !== undefined && { total }),
    ...(message !== undefined && { message }),
  })
}

function meta({ trace, capabilities, logLevel }: UpstreamRequest, modern: boolean): JsonObject {
  return {
    ...(trace?.traceparent !== undefined && { traceparent: trace.traceparent }),
    ...(trace?.tracestate !== undefined && { tracestate: trace.tracestate }),
    ...(modern && { [CLIENT_CAPABILITIES_META_KEY]: capabilities }),
    ...(modern && logLevel !== undefined && { [LOG_LEVEL_META_KEY]: logLevel }),
  }
}

function argumentsOf({ params }: UpstreamRequest): JsonObject {
  const args = params['arguments']
  return isObject(args) ? (args as JsonObject) : {}
}
