import type { FetchLike } from '@modelcontextprotocol/client'
import type { Refusal } from '../core/result.ts'
import type { Egress, EgressRequest, EgressResponse } from '../egress/egress.ts'
import { retryAfterMs } from '../egress/egress.ts'
import { readChallenge } from './challenge.ts'

/** Carries a refusal through the SDK, which only knows how to throw. */
export class WireFault extends Error {
  readonly refusal: Refusal
  /** The server no longer knows the session: what was sent was not carried out. */
  readonly sessionLost: boolean

  constructor(refusal: Refusal, sessionLost = false) {
    super(refusal.code)
    this.name = 'WireFault'
    this.refusal = refusal
    this.sessionLost = sessionLost
  }
}

/** The stream on which the answer was to come is over, and it did not. */
export const endedEarly: Refusal = { code: 'egress/unreachable', evidence: { fault: 'stream_ended' } }

export type Wire = {
  url: string
  /** Put on every request last, so that nothing the SDK or a tool chose can stand in their place. */
  headers: Readonly<Record<string, string>>
  /** Whether the stream on which a server speaks first is opened. */
  listens: boolean
  /** The server's own: nothing of a connection goes anywhere else, by redirect or by the event stream's word. */
  origins: readonly string[]
  maxBytes: number
  now: () => number
}

/** Between two chunks. The caller's own clock decides how long a call may take; this only ends what nobody waits for. */
const silenceMs = 15 * 60_000
const listenBytes = 64 * 1024 * 1024

type WireRequest = Pick<EgressRequest, 'method' | 'headers' | 'body' | 'signal' | 'timeoutMs'>
/** Throws `WireFault`. */
export type WireSend = (request: WireRequest, url?: string) => Promise<EgressResponse>

/** One request to this server, through the guard, and with HTTP's refusals told apart. */
export function wireSend(egress: Egress, wire: Wire): WireSend {
  return async (request, url = wire.url) => {
    const answer = await egress.fetch({
      timeoutMs: silenceMs,
      ...request,
      url,
      headers: { ...request.headers, ...wire.headers },
      maxBytes: request.method === 'GET' ? listenBytes : wire.maxBytes,
      // A slash at the end, say. What was meant for this server goes to no other (attack case 2).
      redirect: 'follow',
      allowedOrigins: wire.origins,
    })
    if (!answer.ok) throw new WireFault(answer.error)
    const inSession = request.headers?.['mcp-session-id'] !== undefined
    const fault = await httpFault(answer.value, inSession, wire.now())
    if (fault) throw fault
    return answer.value
  }
}

/** The platform's `fetch` as the SDK wants it. */
export function wireFetch(egress: Egress, wire: Wire): FetchLike {
  const send = wireSend(egress, wire)
  return async (url, init = {}) => {
    const method = init.method ?? 'GET'
    if (method === 'GET' && !wire.listens) return new Response(null, { status: 405 })
    const request: WireRequest = {
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(typeof init.body === 'string' && { body: init.body }),
      ...(init.signal && { signal: init.signal }),
    }
    return toResponse(await send(request, String(url)))
  }
}

async function httpFault(response: EgressResponse, inSession: boolean, now: number): Promise<WireFault | null> {
  const { status, headers } = response
  if (status < 400) return null
  const evidence = { status }
  const challenge = readChallenge(headers.get('www-authenticate'))
  const drop = (): Promise<void> => response.body.cancel()
  if (status === 401 || (status === 403 && challenge.error === 'insufficient_scope')) {
    await drop()
    return new WireFault({ code: 'upstream/authorization_needed', evidence: { ...evidence, challenge } })
  }
  if (status === 429 || status === 502 || status === 503 || status === 504) {
    await drop()
    const pause = retryAfterMs(headers, now)
    return new WireFault({ code: 'upstream/unavailable', evidence, ...(pause !== null && { retryAfterMs: pause }) })
  }
  if (status === 404 && inSession) {
    await drop()
    return new WireFault({ code: 'upstream/unavailable', evidence }, true)
  }
  return null
}

/** A JSON answer is read at once: one native read costs less than a stream through three hands. */
async function toResponse(answer: EgressResponse): Promise<Response> {
  const { status, headers } = answer
  if (status === 202 || status === 204) {
    await answer.body.cancel()
    return new Response(null, { status: status === 202 ? 202 : 204 })
  }
  const init = { status, headers }
  if (headers.get('content-type')?.startsWith('text/event-stream')) return new Response(answer.body as BodyInit, init)
  const bytes = await answer.bytes()
  if (!bytes.ok) throw new WireFault(bytes.error)
  return new Response(bytes.value as BodyInit, init)
}
