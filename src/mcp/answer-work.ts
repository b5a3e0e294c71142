import type { InputRequiredResult, Result as WireResult, ServerContext } from '@modelcontextprotocol/server'
import type { CallReply, ClientFeatures, Resumed } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Tell } from './call-request.ts'
import type { Asked, Wait } from './request-state.ts'
import type { Turn } from './turn.ts'
import { inputRequired, UrlElicitationRequiredError } from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'
import { elicitationId } from '../core/elicitation-id.ts'
import { logFault } from '../core/log.ts'
import { cancelKey, takesStream, workRequest } from './call-request.ts'
import { askClient } from './push.ts'
import { openWait, sealWait, stateLifeMs } from './request-state.ts'
import { errorMeta, messageOf, rowOf, toErrorResult, toProtocolError, toWireRefusal } from './to-wire.ts'

type NotDone = Exclude<CallReply, { kind: 'output' }>
export type WorkReply = { kind: 'done'; result: WireResult } | NotDone

/** A request that may have to wait for a person: a tool call, a prompt, a resource. */
export type Work = {
  asked: Asked
  meta: JsonObject
  run: (request: ReturnType<typeof workRequest>) => Promise<WorkReply>
}

/** One question for the person at a time; the key under which the client sends what they did. */
const question = 'authorize'
/** Accepting means that the link was opened, not that the work behind it is done. After this many tries the text says it. */
const maxRounds = 3
/** A legacy client that is asked over its stream; more than any tool needs. */
const maxPushed = 10

export async function answerWork(
  turn: Turn,
  features: ClientFeatures,
  work: Work,
  ctx: ServerContext,
): Promise<WireResult> {
  const { asked } = work
  const state = ctx.mcpReq.requestState()
  let wait: Wait | undefined
  if (typeof state === 'string' && features.era === 'modern') {
    const opened = await openWait(turn, asked, state)
    if (!opened.ok) throw toProtocolError(opened.error)
    wait = opened.value
  }
  const responses = (ctx.mcpReq.inputResponses ?? {}) as JsonObject
  if (wait && wait.resume.wait !== 'upstream' && declined(responses[question])) return declinedAnswer(wait)

  let reply = await run(turn, features, work, ctx, wait && { responses, state: wait.resume })
  for (let pushed = 0; reply.kind === 'input_required' && features.era === 'legacy' && pushed < maxPushed; pushed++) {
    const answers = await askClient(turn, features, reply.requests, ctx.mcpReq.id)
    if (answers === null) break
    reply = await run(turn, features, work, ctx, { responses: answers, state: reply.resume })
  }
  if (reply.kind === 'done') return reply.result
  if (reply.kind === 'refused') return refusedAnswer(turn, features, asked, reply, wait?.round ?? 0)
  if (features.era === 'legacy') return finalRefusal(asked, { code: 'mcp/not_answerable' }, reply.callId)
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

function declinedAnswer(wait: Wait): WireResult {
  return toErrorResult({ code: wait.code, ...(wait.help && { help: wait.help }) }, wait.resume.callId)
}

/** Only a tool's result can say that it failed; a prompt or a resource is there or an error. */
function finalRefusal({ method }: Asked, error: Refusal, callId: string): WireResult {
  if (method !== 'tools/call') throw toProtocolError(error, callId)
  return toWireRefusal(error, callId)
}

async function refusedAnswer(
  turn: Turn,
  features: ClientFeatures,
  asked: Asked,
  reply: Extract<CallReply, { kind: 'refused' }>,
  round: number,
): Promise<WireResult> {
  const { error, callId, resume } = reply
  const code = error.code
  if (rowOf(error).status === 401 || code === 'session/unknown' || code === 'mcp/header_mismatch') turn.refused = error
  const url = error.help?.url
  if (resume === undefined || url === undefined || !features.elicitationUrl || round >= maxRounds) {
    return finalRefusal(asked, error, callId)
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
    [{ mode: 'url', elicitationId: await elicitationId(url), url, message }],
    messageOf(error),
  )
}

function waitFor(turn: Turn, resume: Wait['resume'], error: Refusal, round: number): Wait {
  return { resume, help: error.help, code: error.code, round, expiresAt: turn.now() + stateLifeMs }
}

/** Asks the session; when a modern client hangs up, which is how it cancels, the work is told. */
async function run(
  turn: Turn,
  features: ClientFeatures,
  work: Work,
  { mcpReq }: ServerContext,
  resumed: Resumed | undefined,
): Promise<WorkReply> {
  const key = cancelKey(features, mcpReq.id)
  const tell: Tell = async (notice) => {
    if (!mcpReq.signal.aborted) await mcpReq.notify(notice as Parameters<typeof mcpReq.notify>[0])
  }
  const request = workRequest(turn, features, work.meta, {
    key,
    tell: takesStream(turn.request) ? tell : undefined,
    resumed,
  })
  const cancel = () => tellCancelled(turn, key)
  if (features.era === 'modern') mcpReq.signal.addEventListener('abort', cancel, { once: true })
  try {
    const reply = work.run(request)
    turn.waitUntil(reply.catch(() => {}))
    return await reply
  } catch (fault) {
    logFault('mcp.work_failed', fault, { method: work.asked.method, name: work.asked.name })
    throw toProtocolError({ code: 'core/internal' })
  } finally {
    mcpReq.signal.removeEventListener('abort', cancel)
  }
}

export function tellCancelled(turn: Turn, key: string): void {
  const told = turn.session.cancelCall(key, turn.caller)
  turn.waitUntil(told.catch((fault: unknown) => logFault('mcp.cancel_failed', fault)))
}
