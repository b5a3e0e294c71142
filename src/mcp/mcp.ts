import type { Json } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { Turn } from './turn.ts'
import { classifyInboundRequest, isJsonContentType } from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'
import { takesStream } from './call-request.ts'
import { LateStream } from './late-stream.ts'
import { logFault, logNotice } from '../core/log.ts'
import { refuse } from '../core/result.ts'
import { serveLegacy } from './legacy.ts'
import { serveModern } from './modern.ts'
import { plainRequest, rememberEnvelope } from './plain-request.ts'
import { answerQuickly } from './quick-lane.ts'
import { correctVersionHeader } from './version-header.ts'

export type { Change, ChangeFeed, ChangeListener, Watch } from './change-feed.ts'
export type { Turn } from './turn.ts'

/**
 * Answers one request at a gateway's MCP URL, in the era it speaks: the body decides, the headers are checked against it
 * (MCP 2026-07-28 basic/versioning, §Backward Compatibility).
 *
 * A refusal means that the answer is an HTTP status and not MCP: signed out, no such conversation, no such method.
 */
export async function serveMcp(turn: Turn): Promise<Result<Response>> {
  try {
    const answer = await serve(turn)
    return turn.refused ? { ok: false, error: turn.refused } : answer
  } catch (fault) {
    logFault('mcp.failed', fault, { gateway: turn.gateway.slug })
    return refuse('core/internal')
  }
}

async function serve(turn: Turn): Promise<Result<Response>> {
  const request = corrected(turn)
  if (request.method !== 'POST') return serveLegacy(turn, request)
  const plain = await plainRequest(turn, request)
  if (plain !== null) return answerQuickly(turn, plain, () => throughSdk(turn, request))
  return mayTakeLong(turn.body) && takesStream(request) ? patiently(turn, request) : throughSdk(turn, request)
}

const mayTakeLong = (body: Json | undefined): boolean =>
  isObject(body) && ['tools/call', 'prompts/get', 'resources/read'].includes(body['method'] as string)

/** The SDK's lane, with a stream around it when it takes long. Hanging up on that stream reaches it as an abort. */
function patiently(turn: Turn, request: Request): Promise<Result<Response>> {
  const id = isObject(turn.body) ? turn.body['id'] : null
  const hangUp = new AbortController()
  const stream = new LateStream(typeof id === 'string' || typeof id === 'number' ? id : null, () => hangUp.abort())
  const { method, headers } = request
  const signal = AbortSignal.any([request.signal, hangUp.signal])
  return stream.answer(throughSdk(turn, new Request(request.url, { method, headers, signal })), turn.timer)
}

async function throughSdk(turn: Turn, request: Request): Promise<Result<Response>> {
  if (!isJsonContentType(request.headers.get('content-type'))) return refuse('mcp/media_type')
  const route = classifyInboundRequest({
    httpMethod: request.method,
    ...header('protocolVersionHeader', request, 'mcp-protocol-version'),
    ...header('mcpMethodHeader', request, 'mcp-method'),
    ...header('mcpNameHeader', request, 'mcp-name'),
    body: turn.body,
  })
  if (route.kind === 'legacy') return serveLegacy(turn, request)
  const message = route.kind === 'modern' && route.messageKind === 'request' ? route.message : null
  const meta = message?.params?.['_meta']
  if (isObject(meta)) rememberEnvelope(meta)
  return serveModern(turn, request, message)
}

const header = <K extends string>(key: K, request: Request, name: string): { [P in K]?: string } => {
  const value = request.headers.get(name)
  return (value === null ? {} : { [key]: value }) as { [P in K]?: string }
}

/** Headers only; the body has been read already and is never read again. */
function corrected({ request, body, gateway }: Turn): Request {
  const { value, correction } = correctVersionHeader(request.headers, body)
  if (correction === undefined) return request
  logNotice('mcp.version_header_corrected', { correction, gateway: gateway.slug })
  const headers = new Headers(request.headers)
  if (value === null) headers.delete('mcp-protocol-version')
  else headers.set('mcp-protocol-version', value)
  return new Request(request.url, { method: request.method, headers, signal: request.signal })
}
