import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client'
import { tasksExtension } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import { WireFault } from './wire.ts'

/** What a failed exchange is to us. The upstream's words go into the evidence and nowhere else. */
export type Failure = { refusal: Refusal; sessionLost: boolean; rpc?: { code: number; data: unknown } }

export function failureOf(error: unknown): Failure {
  const fault = find(error, (one) => one instanceof WireFault)
  if (fault instanceof WireFault) return { refusal: fault.refusal, sessionLost: fault.sessionLost }
  const protocol = find(error, (one) => one instanceof ProtocolError)
  if (protocol instanceof ProtocolError) return protocolFailure(protocol)
  const http = find(error, (one) => one instanceof SdkHttpError)
  if (http instanceof SdkHttpError) return httpFailure(http)
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) return plain('egress/timeout', error)
  if (error instanceof SdkError && error.code === SdkErrorCode.ConnectionClosed)
    return plain('upstream/unavailable', error)
  return plain('upstream/failed', error)
}

/** The server was not reached, or not in time: what it did is not known. */
export const isLost = (error: unknown): boolean => lost.has(failureOf(error).refusal.code)

const lost: ReadonlySet<string> = new Set(['egress/unreachable', 'egress/timeout', 'upstream/unavailable'])
const refusedParameters = [-32602, -32002]

function protocolFailure(error: ProtocolError): Failure {
  const { code, data } = error
  const evidence = { rpcCode: code, rpcMessage: clip(error.message) }
  if (code === -32021) return { refusal: capabilityMissing(data, evidence), sessionLost: false }
  const known = refusedParameters.includes(code) ? 'upstream/invalid_params' : 'upstream/failed'
  return { refusal: { code: known, evidence }, sessionLost: false, rpc: { code, data } }
}

/** MCP 2026-07-28: which capabilities our client would have to declare. Told on, because the client can do something about it. */
function capabilityMissing(data: unknown, evidence: Record<string, unknown>): Refusal {
  const required = isObject(data) ? data['requiredCapabilities'] : undefined
  const known = namesIn(required, /^[a-z][A-Za-z]{0,39}$/)
  if ('extensions' in known && isObject(required)) {
    known['extensions'] = namesIn(required['extensions'], /^[a-z0-9.-]{1,100}\/[A-Za-z0-9._-]{1,60}$/)
  }
  return { code: 'upstream/capability_missing', evidence, data: { requiredCapabilities: known } }
}

function namesIn(value: unknown, pattern: RegExp): Record<string, JsonObject> {
  const names = isObject(value) ? Object.keys(value).filter((name) => pattern.test(name)) : []
  return Object.fromEntries(names.slice(0, 20).map((name) => [name, {}]))
}

/** The server would answer with a task only (SEP-2663 §Capability Negotiation). */
export function wantsTasksTaken({ code, data }: Refusal): boolean {
  const required = code === 'upstream/capability_missing' && isObject(data) ? data['requiredCapabilities'] : undefined
  return isObject(required) && isObject(required['extensions']) && tasksExtension in required['extensions']
}

/** Servers on the older SDK answer 400 with -32000 where the specification wants 404 for a session they do not know. */
function httpFailure(error: SdkHttpError): Failure {
  const { status } = error
  const text = 'text' in error && typeof error.text === 'string' ? error.text : error.message
  const sessionLost = status === 400 && /session/i.test(text) && /-32000|-32001/.test(text)
  return { refusal: { code: 'upstream/failed', evidence: { status } }, sessionLost }
}

const plain = (code: Refusal['code'], error: unknown): Failure => ({
  refusal: { code, evidence: { reason: clip(error instanceof Error ? error.message : String(error)) } },
  sessionLost: false,
})

const clip = (text: string): string => text.slice(0, 500)

function find(error: unknown, test: (one: unknown) => boolean): unknown {
  let one = error
  for (let depth = 0; depth < 5 && one !== undefined && one !== null; depth++) {
    if (test(one)) return one
    one = one instanceof Error ? (one.cause ?? dataCause(one)) : undefined
  }
  return undefined
}

/** The SDK's negotiation keeps the transport's error in `data.cause`. */
function dataCause(error: Error): unknown {
  const data = 'data' in error ? error.data : undefined
  return typeof data === 'object' && data !== null && 'cause' in data ? data.cause : undefined
}
