import type { CallReply } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { CallRequest } from '../session/session.ts'
import type { EventStream } from './event-stream.ts'
import type { PlainRequest } from './plain-request.ts'
import type { Turn } from './turn.ts'
import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { ok } from '../core/result.ts'
import { serverInfo } from './build-server.ts'
import { callRequest, cancelKey, progressSink, progressToken } from './call-request.ts'
import { tellCancelled } from './call-tool.ts'
import { eventStream } from './event-stream.ts'
import { listBody } from './tool-list.ts'
import { toWireOutput } from './to-wire.ts'

/**
 * Answers a plain call or list without the SDK, which costs 0.3 to 0.6 ms of processor time for each request
 * (docs/decisions/005-a-quick-lane-beside-the-sdk.md). It writes only what went well; any other reply is left in `turn.made` for the SDK's lane
 * to write, so that there is one place where errors, questions and their status codes are made.
 *
 * `answerSlowly` runs that other lane. Errors: as that lane.
 */
export async function answerQuickly(
  turn: Turn,
  plain: PlainRequest,
  answerSlowly: () => Promise<Result<Response>>,
): Promise<Result<Response>> {
  if (plain.method === 'tools/list') {
    const body = await listBody(turn, plain)
    return body === null ? answerSlowly() : ok(json(body))
  }
  return quickCall(turn, plain, answerSlowly)
}

type PlainCall = Extract<PlainRequest, { method: 'tools/call' }>

async function quickCall(
  turn: Turn,
  plain: PlainCall,
  answerSlowly: () => Promise<Result<Response>>,
): Promise<Result<Response>> {
  const token = plain.streams ? progressToken(plain.params.meta) : undefined
  const first = Promise.withResolvers<Result<Response>>()
  let stream: EventStream | null = null
  const key = cancelKey(plain.features, plain.id)
  const gone = () => tellCancelled(turn, { cancelKey: key })
  const onProgress =
    token === undefined
      ? undefined
      : progressSink(token, (notice) => {
          if (stream === null) {
            stream = eventStream(plain.features.era === 'modern' ? gone : () => {})
            first.resolve(ok(stream.response))
          }
          stream.send(JSON.stringify({ jsonrpc: '2.0', ...notice }))
        })
  const answer = write(
    turn,
    plain,
    callRequest(turn, plain.features, plain.params, { key, onProgress }),
    gone,
    answerSlowly,
  )
  turn.waitUntil(answer.catch(() => {}))
  answer.then(
    async (done) => {
      if (stream === null) return first.resolve(done)
      if (done.ok) stream.send(await done.value.text())
      stream.end()
    },
    (fault: unknown) => {
      if (stream === null) first.reject(fault)
      else stream.end()
    },
  )
  return first.promise
}

async function write(
  turn: Turn,
  plain: PlainCall,
  request: CallRequest,
  gone: () => void,
  answerSlowly: () => Promise<Result<Response>>,
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
  turn.made = { call }
  return answerSlowly()
}

function outputBody(turn: Turn, { id, features }: PlainCall, reply: Extract<CallReply, { kind: 'output' }>): string {
  const result = toWireOutput(reply.output, features.era)
  if (features.era === 'legacy') return JSON.stringify({ jsonrpc: '2.0', id, result })
  const _meta: JsonObject = { [SERVER_INFO_META_KEY]: serverInfo(turn), ...(result._meta as JsonObject | undefined) }
  return JSON.stringify({ jsonrpc: '2.0', id, result: { ...result, resultType: 'complete', _meta } })
}

const json = (body: string | Uint8Array<ArrayBuffer>): Response =>
  new Response(body, { headers: { 'content-type': 'application/json' } })
