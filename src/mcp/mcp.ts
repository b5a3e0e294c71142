import type { Result } from '../core/result.ts'
import type { Turn } from './turn.ts'
import { classifyInboundRequest, isJsonContentType } from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'
import { logFault, logNotice } from '../core/log.ts'
import { refuse } from '../core/result.ts'
import { serveLegacy } from './legacy.ts'
import { serveModern } from './modern.ts'
import { plainRequest, rememberEnvelope } from './plain-request.ts'
import { answerQuickly } from './quick-lane.ts'
import { correctVersionHeader } from './version-header.ts'

export type { Change, ChangeFeed } from './change-feed.ts'
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
  if (plain === null) return throughSdk(turn, request)
  return answerQuickly(turn, plain, () => throughSdk(turn, request))
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
