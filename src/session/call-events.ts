import type { AuditEvent } from '../audit/audit.ts'
import { hex, randomBytes } from '../core/bytes.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { RecordEntry, ToolCall } from '../runtime/runtime.ts'

type Place = { session: string; gateway: string; gatewayVersion: number }

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
      user: { issuer: caller.user.issuer, subject: caller.user.subject, name: caller.user.name },
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
  const { tool, decision, lease, refusal } = entry
  return {
    'mcp.method.name': call.about?.method ?? 'tools/call',
    'mcp.protocol.version': features.protocolVersion,
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': tool?.name ?? call.name.slice(0, 128),
    'gen_ai.tool.call.id': call.id,
    'behalf.client.id': caller.agent.clientId,
    'behalf.agent.kind': caller.agent.kind,
    ...(caller.clientAddress === undefined ? {} : { 'client.address': caller.clientAddress }),
    ...(tool ? { 'behalf.tool.definition.sha256': tool.definitionHash } : {}),
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
    ...(type === 'tool.outcome' ? { 'behalf.duration_ms': entry.at - entry.startedAt, ...entry.details } : {}),
    ...traceAttributes(call),
  }
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

/** Joins the caller's trace (SEP-414: W3C trace context in `_meta`), or starts one. */
function traceAttributes(call: ToolCall): JsonObject {
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(call.traceparent ?? '')
  return parent
    ? { trace_id: parent[1] ?? null, parent_span_id: parent[2] ?? null }
    : { trace_id: call.id.replaceAll('-', '').padEnd(32, '0').slice(0, 32) }
}

/** A span id for the call as it goes on to the service behind the tool. */
export function childTraceparent(call: ToolCall): string {
  const trace = /^00-([0-9a-f]{32})-/.exec(call.traceparent ?? '')?.[1]
  return `00-${trace ?? call.id.replaceAll('-', '').slice(0, 32)}-${hex(randomBytes(8))}-01`
}
