import type { Json } from '../core/json.ts'
import { PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server'
import { isObject } from '../core/json.ts'

export type Correction = 'repeated' | 'connector_mixed' | 'newer_than_negotiated'
export type VersionHeader = { value: string | null; correction?: Correction }

/**
 * Some clients send a version header that contradicts what they say in the body. Three cases are put right, each as narrow as
 * it can be; everything else keeps the error the specification asks for. The caller logs a correction.
 *
 * - `repeated`: a proxy joined equal copies, "2025-11-25, 2025-11-25" (RFC 9110 §5.3).
 * - `connector_mixed`: Claude's hosted connectors speak 2026-07-28 in the body under the header they negotiated before
 *   (anthropics/claude-code#93290). Only for that user agent, that header and a body that claims 2026-07-28.
 * - `newer_than_negotiated`: a client that went through `initialize` sends its own newest version instead of the agreed one
 *   (CodeWithCJ/SparkyFitness#2162). Only with a session id, which only `initialize` gives out, and without a modern envelope.
 */
export function correctVersionHeader(headers: Headers, body: Json | undefined): VersionHeader {
  const sent = headers.get('mcp-protocol-version')
  if (sent === null) return { value: null }
  const [first = '', ...rest] = sent.split(',').map((one) => one.trim())
  const repeated = rest.length > 0 && rest.every((one) => one === first)
  const value = repeated ? first : sent
  const claimed = claimedVersion(body)
  if (claimed === '2026-07-28' && value === '2025-11-25' && /\bclaude\b/i.test(headers.get('user-agent') ?? '')) {
    return { value: claimed, correction: 'connector_mixed' }
  }
  if (claimed === undefined && value >= '2026-07-28' && headers.has('mcp-session-id') && !isInitialize(body)) {
    return { value: null, correction: 'newer_than_negotiated' }
  }
  return repeated ? { value, correction: 'repeated' } : { value }
}

function claimedVersion(body: Json | undefined): unknown {
  const params = isObject(body) ? body['params'] : undefined
  const meta = isObject(params) ? params['_meta'] : undefined
  return isObject(meta) ? meta[PROTOCOL_VERSION_META_KEY] : undefined
}

const isInitialize = (body: Json | undefined): boolean => isObject(body) && body['method'] === 'initialize'
