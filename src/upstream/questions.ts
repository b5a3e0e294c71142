import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { UpstreamReply, UpstreamRequest } from './api.ts'
import { writeState } from './call-state.ts'
import { mayAsk } from './shape.ts'

type Asked = Pick<UpstreamRequest, 'capabilities'>

const mostLinks = 10

/** MCP 2026-07-28: a result that asks for input. */
export function readQuestions(result: Record<string, unknown>, { capabilities }: Asked): Result<UpstreamReply> {
  const requests = isObject(result['inputRequests']) ? (result['inputRequests'] as JsonObject) : {}
  const asks = Object.values(requests)
  if (!asks.every((one) => mayAsk(one, capabilities))) {
    return refuse('upstream/failed', { evidence: { fault: 'asked_beyond_capabilities' } })
  }
  const state = result['requestState']
  if (asks.length === 0 && typeof state !== 'string') return refuse('upstream/failed', { evidence: { fault: 'shape' } })
  const echo = writeState({ kind: 'echo', ...(typeof state === 'string' && { state }) })
  return ok({ kind: 'input_required', requests, state: echo })
}

/** MCP 2025-11-25, error -32042: links the person has to follow first. Null: there are none that our client can show. */
export function readLinks(data: unknown, { capabilities }: Asked): JsonObject | null {
  const elicitations = isObject(data) ? data['elicitations'] : undefined
  if (!Array.isArray(elicitations) || elicitations.length === 0 || elicitations.length > mostLinks) return null
  const asks = elicitations.map((one: unknown) => {
    const { url, message } = isObject(one) ? (one as JsonObject) : {}
    return { method: 'elicitation/create', params: { mode: 'url', url: url ?? null, message: message ?? '' } }
  })
  if (!asks.every((ask) => mayAsk(ask, capabilities))) return null
  return Object.fromEntries(asks.map((ask, i) => [`link_${i + 1}`, ask]))
}
