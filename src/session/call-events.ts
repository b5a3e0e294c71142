import type { AuditEvent } from '../audit/audit.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { RecordEntry, ToolCall } from '../runtime/runtime.ts'
import { traceAttributes } from './trace.ts'

type Place = { session: string; gateway: string; gatewayId: string; gatewayVersion: number }

/**
 * One step of a tool call as an event of the record. Attribute names: OpenTelemetry GenAI and MCP conventions as of
 * semconv 1.41 (status Development, so the names are pinned here), our own under `behalf.`.
 * Nothing that names a person is an attribute: attributes are in the tree and cannot be erased.
 */
export function callEvent(
  type: 'tool.intent' | 'tool.outcome' | 'tool.refused',
  call: ToolCall,
  entry: RecordEntry,
  place: Place,
): AuditEvent {
  const { caller } = call
  const { tool, decision, lease, refusal, output, screened } = entry
  return {
    id: uuidv7(entry.at),
    type,
    at: entry.at,
    project: caller.project,
    gateway: place.gateway,
    gatewayId: place.gatewayId,
    gatewayVersion: place.gatewayVersion,
    user: caller.user.id,
    agent: caller.agent.id,
    session: place.session,
    call: call.id,
    tool: tool?.name ?? call.name.slice(0, 128),
    ...(decision ? { decision: decision.effect } : {}),
    ...(type === 'tool.intent' ? {} : { outcome: outcomeOf(type, entry) }),
    attributes: attributes(type, call, entry),
    payload: {
      user: {
        issuer: caller.user.issuer,
        subject: caller.user.subject,
        name: caller.user.name,
        ...(caller.clientAddress === undefined ? {} : { address: caller.clientAddress }),
      },
      // Its own words, which may name a person.
      agent: caller.agent.name,
      ...(type === 'tool.outcome' ? {} : { arguments: call.arguments }),
      ...(decision && type !== 'tool.outcome' ? { decision: { terms: decision.terms } as unknown as Json } : {}),
      ...(lease ? { account: lease.accountLabel } : {}),
      ...(output ? { result: { content: output.content, structuredContent: output.structuredContent ?? null } } : {}),
      ...(screened && screened.findings.length > 0 ? { screening: [...screened.findings] } : {}),
      ...(refusal?.evidence ? { evidence: JSON.parse(JSON.stringify(refusal.evidence)) as Json } : {}),
    },
  }
}

function outcomeOf(
  type: 'tool.outcome' | 'tool.refused',
  { refusal, output }: RecordEntry,
): 'done' | 'failed' | 'refused' {
  if (type === 'tool.refused') return 'refused'
  return refusal || output?.isError ? 'failed' : 'done'
}

function attributes(type: string, call: ToolCall, entry: RecordEntry): JsonObject {
  const { caller, features } = call
  const { tool, decision, lease, refusal, approvals = [] } = entry
  return {
    'mcp.method.name': call.about?.method ?? 'tools/call',
    'mcp.protocol.version': features.protocolVersion,
    ...named(call, tool?.name ?? call.name.slice(0, 128)),
    'gen_ai.tool.call.id': call.id,
    'behalf.client.id': caller.agent.clientId,
    'behalf.agent.kind': caller.agent.kind,
    ...(tool
      ? { 'behalf.tool.definition.sha256': tool.definitionHash, 'behalf.tool.operation': tool.behaviour.operation }
      : {}),
    ...(tool?.source.kind === 'upstream' ? { 'behalf.upstream.id': tool.source.upstream } : {}),
    ...(approvals.length > 0
      ? { 'behalf.approval.id': approvals.length === 1 ? (approvals[0] ?? '') : [...approvals] }
      : {}),
    ...(call.resumed ? { 'behalf.call.resumes': call.resumed.state.callId } : {}),
    ...(call.task === undefined ? {} : { 'behalf.task': call.task.slice(0, 128) }),
    ...(decision ? { 'behalf.policy.rules': [...decision.rules], 'behalf.policy.version': decision.version } : {}),
    ...(lease
      ? {
          'behalf.connection.id': lease.connection,
          'behalf.connection.generation': lease.generation,
          'behalf.scopes': [...lease.scopes],
        }
      : {}),
    ...(refusal ? { 'error.type': refusal.code } : {}),
    ...screenedAttributes(entry),
    ...(type === 'tool.intent' ? {} : { 'behalf.duration_ms': entry.at - entry.startedAt, ...entry.details }),
    ...traceAttributes(call),
  }
}

/** A prompt or a resource is no tool: the conventions have names of their own for them. */
function named({ about }: ToolCall, name: string): JsonObject {
  if (about === undefined) return { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }
  return { [about.kind === 'prompt' ? 'gen_ai.prompt.name' : 'mcp.resource.uri']: name }
}

/** Which kinds were found and what became of them; where they stood is in the payload. */
function screenedAttributes({ screened }: RecordEntry): JsonObject {
  if (!screened) return {}
  const found = (screened.findings as { kind: string; action: string }[]).map(({ kind, action }) => `${kind}:${action}`)
  return {
    ...(found.length > 0 ? { 'behalf.screening.found': [...new Set(found)] } : {}),
    ...(screened.taint.length > 0 ? { 'behalf.taint': [...screened.taint] } : {}),
    ...(screened.withheld ? { 'behalf.screening.withheld': true } : {}),
  }
}
