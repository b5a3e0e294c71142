import type { CallReply } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { CallRequest } from '../session/session.ts'
import type { PlainRequest } from './plain-request.ts'
import type { Turn } from './turn.ts'
import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { ok } from '../core/result.ts'
import { serverInfo } from './build-server.ts'
import { mayPush, tellCancelled } from './answer-work.ts'
import { cancelKey, paramHeadersOf, workRequest } from './call-request.ts'
import { LateStream } from './late-stream.ts'
import { listBody } from './tool-list.ts'
import { toWireOutput } from './to-wire.ts'

/**
 * Answers a plain call or list without the SDK, which costs 0.3 to 0.6 ms of processor time for each request
 * (docs/decisions/005-a-quick-lane-beside-the-sdk.md). It writes only what went well; any other reply is left in `turn.made` for the SDK's lane
 * to write, so that there is one place where errors, questions and their status codes are made.
 *
 * `answerSlowly` runs that other lane. Errors: as that lane.
 */
export async function answerQuickly(turn: Turn, plain: PlainRequest, answerSlowly: Slowly): Promise<Result<Response>> {
  if (plain.method === 'tools/list') {
    const body = await listBody(turn, plain)
    return body === null ? answerSlowly() : ok(json(body))
  }
  return quickCall(turn, plain, answerSlowly)
}

type Slowly = () => Promise<Result<Response>>
type PlainCall = Extract<PlainRequest, { method: 'tools/call' }>

async function quickCall(turn: Turn, plain: PlainCall, answerSlowly: Slowly): Promise<Result<Response>> {
  const { features, params, id, streams } = plain
  const key = cancelKey(features, id)
  const gone = () => tellCancelled(turn, key)
  const { name, arguments: args, meta } = params
  const stream = streams ? new LateStream(id, features.era === 'modern' ? gone : () => {}) : null
  const tell = stream ? (notice: object) => stream.send(JSON.stringify({ jsonrpc: '2.0', ...notice })) : undefined
  const request = {
    ...workRequest(turn, features, meta, { key, tell }),
    ...paramHeadersOf(turn.request, features),
    name,
    arguments: args,
  }
  const answer = write(turn, plain, request, gone, answerSlowly)
  turn.waitUntil(answer.catch(() => {}))
  return stream ? stream.answer(answer, turn.timer) : answer
}

async function write(
  turn: Turn,
  plain: PlainCall,
  request: CallRequest,
  gone: () => void,
  answerSlowly: Slowly,
): Promise<Result<Response>> {
  const { signal } = turn.request
  if (plain.features.era === 'modern') signal.addEventListener('abort', gone, { once: true })
  let reply: CallReply | undefined
  const call = turn.session.callTool(request)
  try {
    reply = await call
  } catch {
    // The other lane meets the same fault, logs it and says it.
  } finally {
    signal.removeEventListener('abort', gone)
  }
  if (reply?.kind === 'output') return ok(json(outputBody(turn, plain, reply)))
  turn.made = { call, asks: reply !== undefined && mayPush(reply) }
  return answerSlowly()
}

function outputBody(turn: Turn, { id, features }: PlainCall, reply: Extract<CallReply, { kind: 'output' }>): string {
  const result = toWireOutput(reply.output, features.era)
  if (features.era === 'legacy') return JSON.stringify({ jsonrpc: '2.0', id, result })
  const _meta: JsonObject = { [SERVER_INFO_META_KEY]: serverInfo(turn), ...(result._meta as JsonObject | undefined) }
  return JSON.stringify({ jsonrpc: '2.0', id, result: { ...result, resultType: 'complete', _meta } })
}

const headers = new Headers({ 'content-type': 'application/json' })
const json = (body: string | Uint8Array<ArrayBuffer>): Response => new Response(body, { headers })
