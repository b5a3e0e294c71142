import {
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
} from '@modelcontextprotocol/client'
import { createParser } from 'eventsource-parser'
import type { Progress } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import { headerValue } from '../core/param-headers.ts'
import type { EgressResponse } from '../egress/egress.ts'
import { BodyError } from '../egress/egress.ts'
import type { WireSend } from './wire.ts'
import { endedEarly, WireFault } from './wire.ts'

export type ModernRequest = {
  id: number
  method: string
  params: JsonObject & { _meta: JsonObject }
  /** Beside those that the request itself makes: `Mcp-Param-*`. */
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Until its answer begins. */
  timeoutMs?: number
  onProgress?: (progress: Progress) => void
  onLog?: (entry: JsonObject) => void
}

const version = '2026-07-28'

/**
 * One request of 2026-07-28, which is one POST: its answer, and whatever is said before it, comes on that POST's own response
 * (basic/transports). The SDK's client does the same for 0.6 ms of processor time a call (docs/decisions/034).
 *
 * Resolves with the result as it came. Throws what `failureOf` reads: the SDK's own errors and `WireFault`.
 */
export async function askModern(send: WireSend, client: JsonObject, request: ModernRequest): Promise<unknown> {
  const { id, method, params, headers, signal, timeoutMs } = request
  const meta = {
    ...params._meta,
    [PROTOCOL_VERSION_META_KEY]: version,
    [CLIENT_INFO_META_KEY]: client,
    ...(request.onProgress && { progressToken: id }),
  }
  const name = params['name'] ?? params['uri'] ?? params['taskId']
  const answer = await send({
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': version,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': headerValue(name) }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }),
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  if (answer.status !== 200) throw await httpError(answer, id)
  const type = answer.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'text/event-stream') return readStream(answer.body, request)
  if (type === 'application/json') return outcomeOf(parse(await textOf(answer)), id)
  await answer.body.cancel()
  throw new SdkError(SdkErrorCode.ClientHttpUnexpectedContent, 'The answer is neither JSON nor an event stream.')
}

async function textOf(answer: EgressResponse): Promise<string> {
  const read = await answer.text()
  if (!read.ok) throw new WireFault(read.error)
  return read.value
}

/** Until the answer: what comes after it is for nobody. */
async function readStream(body: ReadableStream<Uint8Array>, request: ModernRequest): Promise<unknown> {
  let answer: unknown
  const parser = createParser({
    onEvent({ data }) {
      if (answer !== undefined || data === '') return
      const message = parse(data)
      if (isObject(message) && 'method' in message) hear(message, request)
      else answer = message
    },
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  while (answer === undefined) {
    const { done, value } = await reader.read().catch(brokenOff)
    if (done) throw new WireFault(endedEarly)
    parser.feed(decoder.decode(value, { stream: true }))
  }
  // Not awaited: a server that holds its stream open holds nobody up.
  void reader.cancel().catch(() => {})
  return outcomeOf(answer, request.id)
}

function brokenOff(fault: unknown): never {
  throw fault instanceof BodyError ? new WireFault({ code: fault.code }) : fault
}

/** A server of this era says something about the request and asks nothing. What is about something else is dropped. */
function hear({ method, params }: Record<string, unknown>, { id, onProgress, onLog }: ModernRequest): void {
  if (!isObject(params)) return
  const { progressToken, progress, total, message } = params
  if (method === 'notifications/message') onLog?.(params as JsonObject)
  if (method !== 'notifications/progress' || progressToken !== id || typeof progress !== 'number') return
  onProgress?.({
    progress,
    ...(typeof total === 'number' && { total }),
    ...(typeof message === 'string' && { message }),
  })
}

function outcomeOf(message: unknown, id: number): unknown {
  if (!isObject(message) || message['jsonrpc'] !== '2.0' || message['id'] !== id) throw notAnAnswer()
  const { result, error } = message
  if (isObject(error)) throw protocolError(error)
  if (!isObject(result) || !kinds.has(result['resultType'])) throw notAnAnswer()
  return result
}

/** A result that does not say what it is is complete (SEP-2322). */
const kinds = new Set<unknown>([undefined, 'complete', 'input_required', 'task'])

/** A refused request may come as 400 with the protocol's error in it. */
async function httpError(answer: EgressResponse, id: number): Promise<Error> {
  const { status } = answer
  const read = await answer.text()
  const body = read.ok ? read.value : ''
  try {
    const message: unknown = JSON.parse(body)
    if (status === 400 && isObject(message) && message['id'] === id && isObject(message['error']))
      return protocolError(message['error'])
  } catch {
    // Not JSON, so nothing of the protocol.
  }
  return new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, `HTTP ${status}`, { status, text: body })
}

function protocolError({ code, message, data }: Record<string, unknown>): Error {
  if (typeof code !== 'number' || !Number.isInteger(code)) return notAnAnswer()
  return ProtocolError.fromError(code, typeof message === 'string' ? message : '', data)
}

const notAnAnswer = (): Error => new SdkError(SdkErrorCode.InvalidResult, 'Not an answer to what was asked.')

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw notAnAnswer()
  }
}
