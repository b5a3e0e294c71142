import type { GatewayRoute } from '../core/gateway-route.ts'
import type { Json } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { RequestUrl } from './request-url.ts'
import type { Rooms } from './rooms.ts'
import { errors } from '../core/errors.ts'
import { SharedTimer } from '../core/timer.ts'
import { serveMcp } from '../mcp/mcp.ts'
import { audienceOf } from './audience.ts'
import { gatewayPage } from './front-page.ts'
import { toResponse } from './on-error.ts'
import { isForeignOrigin } from './origin.ts'
import { readJson } from './read-body.ts'

type Context = { waitUntil: (work: Promise<unknown>) => void }

/**
 * A gateway's MCP URL, in this order: is it a page of another site, is there such a gateway, who is calling, what do they
 * say. Nothing of the body is read for somebody who is not known, and every method asks for the sign-in, GET included.
 */
export async function mcpRoute(rooms: Rooms, request: Request, url: RequestUrl, context: Context): Promise<Response> {
  if (isForeignOrigin(request, url)) return answer({ code: 'http/foreign_origin' })
  const gateway = await rooms.resolveGateway(url)
  if (gateway === null || !gateway.enabled) return answer({ code: 'gateways/unknown' })
  const caller = await rooms.identify(request, gateway)
  if (!caller.ok) return challenged(rooms, gateway, caller.error, { request })
  const timer = new SharedTimer()
  let body: Json | undefined
  if (request.method === 'POST') {
    const read = await readJson(request, timer)
    if (!read.ok) return answer(read.error)
    body = read.value
  }
  const reply = await serveMcp({
    request,
    body,
    caller: caller.value,
    gateway,
    ...(await rooms.session(caller.value)),
    changes: rooms.changes,
    stateKey: rooms.config.stateKey,
    now: rooms.now,
    timer,
    waitUntil: (work) => context.waitUntil(work),
  })
  return reply.ok ? reply.value : challenged(rooms, gateway, reply.error, { body })
}

/** 401 says how to sign in; 405 says what is possible. */
function challenged(
  rooms: Rooms,
  gateway: GatewayRoute,
  refusal: Refusal,
  { body, request }: { body?: Json | undefined; request?: Request },
): Response | Promise<Response> {
  const { status } = errors[refusal.code]
  if (status === 401) {
    const headers = { 'www-authenticate': rooms.challenge(gateway, refusal) }
    const isPerson = request?.method === 'GET' && audienceOf(request).kind === 'person'
    return isPerson ? gatewayPage(gateway.title, headers) : answer(refusal, body, headers)
  }
  return answer(refusal, body, status === 405 ? { allow: 'POST, GET, DELETE' } : {})
}

function answer(refusal: Refusal, body?: Json, headers: HeadersInit = {}): Response | Promise<Response> {
  return toResponse(refusal, { kind: 'mcp', body }, headers)
}
