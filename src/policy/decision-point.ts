import { parseJson, isObject, type Json, type JsonObject } from '../core/json.ts'
import type { External, Question } from './decision.ts'

/** What a company's decision point is asked, and what counts as its answer: OpenID AuthZEN Authorization API 1.0, §6. */
export type Evaluation = { question: Question; method: string; now: number; withArguments: boolean }

/**
 * The request of one evaluation. The subject is the person as the company's sign-in names them; the agent, like everything
 * that is about the moment, is context.
 */
export function evaluationRequest({ question, method, now, withArguments }: Evaluation): JsonObject {
  const { user, agent, tool, gateway, kind = 'tool', session, connection, task, clientAddress } = question
  return {
    subject: {
      type: user.kind === 'person' ? 'user' : 'service_account',
      id: user.subject,
      properties: { issuer: user.issuer, groups: [...user.groups], attributes: { ...user.attributes } },
    },
    action: { name: method },
    resource: {
      type: kind,
      id: tool.name,
      properties: { gateway, toolkit: tool.toolkit, upstream: tool.upstream, ...tool.behaviour },
    },
    context: {
      time: new Date(now).toISOString(),
      agent: { client_id: agent.clientId, kind: agent.kind, trust: agent.trust, host: agent.host ?? null },
      session: {
        started_at: new Date(session.startedAt).toISOString(),
        authenticated_at: new Date(session.authenticatedAt).toISOString(),
        taint: [...session.taint],
      },
      ...(withArguments ? { arguments: question.arguments ?? {} } : {}),
      ...(connection ? { connection: { provider: connection.provider, scopes: [...connection.scopes] } } : {}),
      ...(task === undefined ? {} : { task }),
      ...(clientAddress === undefined ? {} : { client_address: clientAddress }),
    },
  }
}

/**
 * Reads the answer to an evaluation. Only `decision: true` in a sound answer permits (attack case 61). An obligation that we do
 * not know is one that we would not meet, so it denies too.
 */
export function readEvaluation(status: number, body: string): External {
  if (status === 429 || status >= 500) return unavailable(`HTTP ${status}`)
  if (status !== 200) return invalid(`HTTP ${status}`)
  const parsed = parseJson(body, { maxDepth: 16, maxKeys: 1_000 })
  if (!parsed.ok || !isObject(parsed.value)) return invalid('no JSON object')
  const answer = parsed.value as JsonObject
  const decision = own(answer, 'decision')
  const context = own(answer, 'context')
  if (typeof decision !== 'boolean') return invalid('no decision')
  if (context !== undefined && !isObject(context)) return invalid('context is no object')
  if (!decision) return { decision: 'deny', reason: 'pdp_denied', ...reasonOf(context) }
  return holds(own(context, 'obligations')) ? invalid('obligations') : { decision: 'permit' }
}

export const unavailable = (detail: string): External => ({
  decision: 'unavailable',
  reason: 'pdp_unavailable',
  detail,
})
export const invalid = (detail: string): External => ({ decision: 'invalid', reason: 'pdp_invalid', detail })

const own = (from: Json | undefined, name: string): Json | undefined =>
  isObject(from) && Object.hasOwn(from, name) ? (from as JsonObject)[name] : undefined

const holds = (value: Json | undefined): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null

/** For the record and administrators, never for the agent. */
function reasonOf(context: Json | undefined): { detail?: string } {
  const reason = own(context, 'reason_admin')
  return reason === undefined ? {} : { detail: JSON.stringify(reason).slice(0, 300) }
}
