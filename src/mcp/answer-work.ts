import type { InputRequiredResult, Result as WireResult, ServerContext } from '@modelcontextprotocol/server'
import type { CallReply, ClientFeatures, Resumed, ResumeState } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Tell } from './call-request.ts'
import type { Asked, Wait } from './request-state.ts'
import type { Turn } from './turn.ts'
import { inputRequired, UrlElicitationRequiredError } from '@modelcontextprotocol/server'
import { elicitationId } from '../core/elicitation-id.ts'
import { logFault } from '../core/log.ts'
import { cancelKey, takesStream, workRequest } from './call-request.ts'
import { hasDeclined, personQuestion } from './person-question.ts'
import { askClient } from './push.ts'
import { asObject } from './raw-params.ts'
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
    if (!opened.ok) {
      await recordRefusal(turn, features, work, opened.error)
      throw toProtocolError(opened.error)
    }
    wait = opened.value
  }
  const responses = (ctx.mcpReq.inputResponses ?? {}) as JsonObject
  if (wait && wait.resume.wait !== 'upstream' && hasDeclined(wait.resume.wait, responses)) {
    await recordRefusal(turn, features, work, { code: wait.code }, { responses, state: wait.resume })
    return declinedAnswer(wait)
  }

  let reply = await run(turn, features, work, ctx, wait && { responses, state: wait.resume })
  for (let pushed = 0; features.era === 'legacy' && pushed < maxPushed; pushed++) {
    const pushable = pushableQuestions(reply, features)
    if (!pushable) break
    const answers = await askClient(turn, features, pushable.requests, ctx.mcpReq.id)
    if (answers === null || (reply.kind === 'refused' && hasDeclined(pushable.resume.wait, answers))) break
    reply = await run(turn, features, work, ctx, { responses: answers, state: pushable.resume })
  }
  if (reply.kind === 'done') return reply.result
  if (reply.kind === 'refused') return refusedAnswer(turn, features, asked, reply, wait?.round ?? 0)
  if (features.era === 'legacy') return finalRefusal(asked, { code: 'mcp/not_answerable' }, reply.callId)
  const next = waitFor(turn, reply.resume, { code: 'mcp/not_answerable' }, (wait?.round ?? 0) + 1)
  const requestState = await sealWait(turn, asked, next)
  if (!requestState.ok) {
    await recordRefusal(turn, features, work, requestState.error, { responses: {}, state: reply.resume })
    return finalRefusal(asked, requestState.error, reply.callId)
  }
  return inputRequired({
    inputRequests: reply.requests as NonNullable<InputRequiredResult['inputRequests']>,
    requestState: requestState.value,
  })
}

/** Whether this may be asked over the stream of a legacy client's request, and not by a link in its answer. */
export const mayPush = (reply: CallReply): boolean =>
  reply.kind === 'input_required' || (reply.kind === 'refused' && reply.resume?.wait === 'account')

function pushableQuestions(
  reply: WorkReply,
  features: ClientFeatures,
): { requests: JsonObject; resume: ResumeState } | null {
  if (reply.kind === 'input_required') return reply
  if (reply.kind === 'done' || !mayPush(reply) || !reply.resume) return null
  const asked = personQuestion(reply, features)
  return asked && { requests: { [asked.key]: asked.request }, resume: reply.resume }
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
  const question = round < maxRounds ? personQuestion(reply, features) : null
  if (resume === undefined || question === null) return finalRefusal(asked, error, callId)
  if (features.era === 'modern') {
    const requestState = await sealWait(turn, asked, waitFor(turn, resume, error, round + 1))
    if (!requestState.ok) return finalRefusal(asked, error, callId)
    return {
      ...inputRequired({
        inputRequests: { [question.key]: question.request } as NonNullable<InputRequiredResult['inputRequests']>,
        requestState: requestState.value,
      }),
      _meta: { 'behalf.dev/error': errorMeta(error, callId) },
    }
  }
  const url = error.help?.url
  // A form was asked over the stream, and there was none or no answer.
  if (url === undefined) return finalRefusal(asked, error, callId)
  const message = error.help?.text ?? messageOf(error)
  throw new UrlElicitationRequiredError(
    [{ mode: 'url', elicitationId: await elicitationId(url), url, message }],
    messageOf(error),
  )
}

/** What is refused here never gets to the session, which writes the record. The answer is the same when it cannot. */
async function recordRefusal(
  turn: Turn,
  features: ClientFeatures,
  { asked, meta }: Work,
  error: Refusal,
  resumed?: Resumed,
): Promise<void> {
  const shared = workRequest(turn, features, meta, { key: crypto.randomUUID(), tell: undefined, resumed })
  const { method, name } = asked
  const refused = { ...shared, method, name, arguments: asObject(asked.arguments), error }
  await turn.session.recordRefusal(refused).catch((fault: unknown) => logFault('mcp.not_recorded', fault))
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
