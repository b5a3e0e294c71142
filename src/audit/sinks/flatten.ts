import type { Json, JsonObject } from '../../core/json.ts'
import { isObject } from '../../core/json.ts'
import type { SinkRecord } from './record.ts'

/**
 * An event as flat attributes. OpenTelemetry names where there is one (GenAI and MCP conventions as of semconv 1.41,
 * status Development, so the names are pinned here), ours under `behalf.` otherwise.
 */
export function flatten({ ledger, sequence, recordedAt, event, omit }: SinkRecord): JsonObject {
  const { payload = {}, attributes } = event
  const flat = withoutUndefined({
    'behalf.event.id': event.id,
    'behalf.event.type': event.type,
    'behalf.at': event.at,
    'behalf.ledger': ledger,
    'behalf.sequence': sequence,
    'behalf.recorded_at': recordedAt,
    'behalf.project.id': event.project,
    'behalf.gateway.name': event.gateway,
    'behalf.gateway.id': event.gatewayId,
    'behalf.gateway.version': event.gatewayVersion,
    'user.id': event.user,
    'gen_ai.agent.id': event.agent,
    'session.id': event.session,
    'gen_ai.tool.call.id': event.call,
    'gen_ai.tool.name': event.tool,
    'behalf.decision': event.decision,
    'behalf.outcome': event.outcome,
    ...attributes,
    ...payloadAttributes(payload),
  })
  for (const name of omit ?? []) delete flat[name]
  return flat
}

function payloadAttributes(payload: JsonObject): Record<string, Json | undefined> {
  const { user, agent, account, arguments: args, result, ...rest } = payload
  const person: Record<string, unknown> = isObject(user) ? user : {}
  return {
    'user.name': person['name'] as Json | undefined,
    'client.address': person['address'] as Json | undefined,
    'behalf.user.issuer': person['issuer'] as Json | undefined,
    'behalf.user.subject': person['subject'] as Json | undefined,
    'gen_ai.agent.name': typeof agent === 'string' ? agent : undefined,
    'behalf.connection.account': typeof account === 'string' ? account : undefined,
    'gen_ai.tool.call.arguments': args === undefined ? undefined : JSON.stringify(args),
    'gen_ai.tool.call.result': result === undefined ? undefined : JSON.stringify(result),
    ...Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [`behalf.payload.${name}`, JSON.stringify(value)]),
    ),
  }
}

const withoutUndefined = (object: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(object).filter((entry): entry is [string, Json] => entry[1] !== undefined))

/** One sentence for people who read raw logs. */
export function summary({ event }: SinkRecord): string {
  return [event.type, event.tool, event.decision, event.outcome].filter((word) => word !== undefined).join(' ')
}

export type Severity = 'info' | 'warning' | 'error'

export function severityOf({ event }: SinkRecord): Severity {
  const bad = ['vault.integrity', 'identity.token_reused', 'connect.user_mismatch', 'upstream.quarantined']
  if (bad.includes(event.type) || event.outcome === 'unknown') return 'error'
  if (event.type === 'gateway.names_hidden') return 'warning'
  return event.outcome === 'failed' || event.outcome === 'refused' || event.decision === 'deny' ? 'warning' : 'info'
}
