import type { CallToolResult, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server'
import type { CallReply, ClientFeatures } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { CallRequest } from '../session/session.ts'
import type { ProgressNotice, ToolCallParams } from './call-request.ts'
import type { Wait } from './request-state.ts'
import type { Turn } from './turn.ts'
import { inputRequired, UrlElicitationRequiredError } from '@modelcontextprotocol/server'
import { logFault } from '../core/log.ts'
import { isObject } from '../core/json.ts'
import { callRequest, cancelKey, progressSink, progressToken, takesStream } from './call-request.ts'
import { openWait, sealWait, stateLifeMs } from './request-state.ts'
import { errorMeta, messageOf, rowOf, toErrorResult, toProtocolError, toWireOutput, toWireRefusal } from './to-wire.ts'

type Answer = CallToolResult | InputRequiredResult

/** One question for the person at a time; the key under which the client sends what they did. */
const question = 'authorize'
/** Accepting means that the link was opened, not that the work behind it is done. After this many tries the text says it. */
const maxRounds = 3

export async function answerToolCall(
  turn: Turn,
  features: ClientFeatures,
  params: ToolCallParams,
  ctx: ServerContext,
): Promise<Answer> {
  const asked = { method: 'tools/call', name: params.name, arguments: params.arguments } as const
  const state = ctx.mcpReq.requestState()
  let wait: Wait | undefined
  if (typeof state === 'string' && features.era === 'modern') {
    const opened = await openWait(turn, asked, state)
    if (!opened.ok) throw toProtocolError(opened.error)
    wait = opened.value
  }
  const responses = (ctx.mcpReq.inputResponses ?? {}) as JsonObject
  if (wait && wait.resume.wait !== 'upstream' && declined(responses[question])) return declinedAnswer(wait)

  const token = takesStream(turn.request) ? progressToken(params.meta) : undefined
  const request = callRequest(turn, features, params, {
    key: cancelKey(features, ctx.mcpReq.id),
    resumed: wait && { responses, state: wait.resume },
    onProgress: token === undefined ? undefined : progressSink(token, (notice) => notifyWhileOpen(ctx, notice)),
  })
  const reply = await call(turn, request, ctx)
  if (reply.kind === 'output') return toWireOutput(reply.output, features.era)
  if (reply.kind === 'refused') return refusedAnswer(turn, features, asked, reply, wait?.round ?? 0)
  if (features.era === 'legacy') return toErrorResult({ code: 'mcp/not_answerable' }, reply.callId)
  const next = waitFor(turn, reply.resume, { code: 'mcp/not_answerable' }, (wait?.round ?? 0) + 1)
  return inputRequired({
    inputRequests: reply.requests as NonNullable<InputRequiredResult['inputRequests']>,
    requestState: await sealWait(turn, asked, next),
  })
}

/** Declining and closing are final: asking again makes some clients ask ten times in a row. */
function declined(response: unknown): boolean {
  return isObject(response) && (response['action'] === 'decline' || response['action'] === 'cancel')
}

function declinedAnswer(wait: Wait): Answer {
  return toErrorResult({ code: wait.code, ...(wait.help && { help: wait.help }) }, wait.resume.callId)
}

async function refusedAnswer(
  turn: Turn,
  features: ClientFeatures,
  asked: Parameters<typeof sealWait>[1],
  reply: Extract<CallReply, { kind: 'refused' }>,
  round: number,
): Promise<Answer> {
  const { error, callId, resume } = reply
  if (rowOf(error).status === 401 || error.code === 'session/unknown') turn.refused = error
  const url = error.help?.url
  if (resume === undefined || url === undefined || !features.elicitationUrl || round >= maxRounds) {
    return toWireRefusal(error, callId)
  }
  const message = error.help?.text ?? messageOf(error)
  if (features.era === 'modern') {
    return {
      ...inputRequired({
        inputRequests: { [question]: inputRequired.elicitUrl({ url, message }) },
        requestState: await sealWait(turn, asked, waitFor(turn, resume, error, round + 1)),
      }),
      _meta: { 'behalf.dev/error': errorMeta(error, callId) },
    }
  }
  throw new UrlElicitationRequiredError(
    [{ mode: 'url', elicitationId: crypto.randomUUID(), url, message }],
    messageOf(error),
  )
}

function waitFor(turn: Turn, resume: Wait['resume'], error: Refusal, round: number): Wait {
  return { resume, help: error.help, code: error.code, round, expiresAt: turn.now() + stateLifeMs }
}

async function notifyWhileOpen({ mcpReq }: ServerContext, notice: ProgressNotice): Promise<void> {
  if (!mcpReq.signal.aborted) await mcpReq.notify(notice)
}

/** Calls the session; when a modern client hangs up, which is how it cancels, the call is told. */
async function call(turn: Turn, request: CallRequest, ctx: ServerContext): Promise<CallReply> {
  const { signal } = ctx.mcpReq
  const cancel = () => tellCancelled(turn, request)
  if (request.features.era === 'modern') signal.addEventListener('abort', cancel, { once: true })
  try {
    const reply = turn.made?.call ?? turn.session.callTool(request)
    turn.waitUntil(reply.catch(() => {}))
    return await reply
  } catch (fault) {
    logFault('mcp.call_failed', fault, { tool: request.name })
    throw toProtocolError({ code: 'core/internal' })
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

export function tellCancelled(turn: Turn, { cancelKey: key }: Pick<CallRequest, 'cancelKey'>): void {
  if (key === undefined) return
  const told = turn.session.cancelCall(key, turn.caller)
  turn.waitUntil(told.catch((fault: unknown) => logFault('mcp.cancel_failed', fault)))
}
