import type { ClientFeatures } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import type { Turn } from './turn.ts'
import { isObject } from '../core/json.ts'

const answerWithinMs = 5 * 60_000

/**
 * Asks a legacy client over the stream of the request that needs the answer (elicitation, sampling, roots). The answer comes
 * as a POST of its own and finds its way back through the session.
 *
 * Question ids are random: one client may have several requests open, each served by a server that counts from zero.
 *
 * Null: the client did not declare that it can answer, has no conversation or no stream, says no with an error, or is silent.
 */
export async function askClient(
  turn: Turn,
  features: ClientFeatures,
  questions: JsonObject,
  relatedTo: string | number,
): Promise<JsonObject | null> {
  const { conversation, capabilities } = features
  const { push } = turn
  const all = Object.entries(questions)
  if (push === undefined || conversation === undefined) return null
  if (!all.every(([, question]) => canAnswer(capabilities, question))) return null
  const answers = await Promise.all(
    all.map(async ([key, question]) => {
      const id = `q-${crypto.randomUUID()}`
      const waiting = turn.session.awaitAnswer(conversation, id, answerWithinMs, turn.caller)
      const { method, params } = question as { method: string; params?: JsonObject }
      await push({ jsonrpc: '2.0', id, method, params: withElicitationId(params ?? {}) }, relatedTo)
      const answer = await waiting
      return [key, answer?.['result']] as const
    }),
  )
  return answers.every(([, answer]) => isObject(answer)) ? (Object.fromEntries(answers) as JsonObject) : null
}

/** MCP 2025-11-25 client/elicitation: URL mode has an id there, which 2026-07-28 no longer has. */
function withElicitationId(params: JsonObject): JsonObject {
  return params['mode'] === 'url' ? { ...params, elicitationId: crypto.randomUUID() } : params
}

/** A client may only be asked what it declared (MCP 2025-11-25 basic/lifecycle). `elicitation: {}` means forms. */
export function canAnswer(capabilities: JsonObject, question: unknown): boolean {
  if (!isObject(question)) return false
  const { method, params } = question
  if (method === 'sampling/createMessage') return isObject(capabilities['sampling'])
  if (method === 'roots/list') return isObject(capabilities['roots'])
  const declared = capabilities['elicitation']
  if (method !== 'elicitation/create' || !isObject(declared)) return false
  const byUrl = isObject(params) && params['mode'] === 'url'
  return byUrl ? isObject(declared['url']) : isObject(declared['form']) || !isObject(declared['url'])
}
