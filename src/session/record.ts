import type { AuditEvent, Outbox, PayloadPolicy } from '../audit/audit.ts'
import type { Caller } from '../core/caller.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Refusal } from '../core/result.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { RecordEntry, Recorder, Runtime, ToolCall } from '../runtime/runtime.ts'
import { callEvent } from './call-events.ts'
import type { SessionRow } from './session-row.ts'

/** The record of this session's calls, into the outbox that lies in the same storage as the session. */
export function createRecorder(outbox: Outbox, session: string, snapshot: () => Snapshot): Recorder {
  const event = (type: Parameters<typeof callEvent>[0], call: ToolCall, entry: RecordEntry) => {
    const { slug, gateway } = snapshot()
    const place = { session, gateway: slug, gatewayId: gateway, gatewayVersion: entry.version }
    return () => callEvent(type, call, entry, place)
  }
  const policy = ({ tool }: RecordEntry): PayloadPolicy => ({
    ...snapshot().recording,
    ...(tool ? { sensitive: tool.sensitive } : {}),
  })
  return {
    refused: (call, entry) => outbox.put(event('tool.refused', call, entry)(), policy(entry)),
    intent: (call, entry) => outbox.put(event('tool.intent', call, entry)(), policy(entry)),
    outcome: (call, entry) => outbox.defer(event('tool.outcome', call, entry), policy(entry)),
  }
}

/** What is refused before anything is decided: no tool was looked for. */
export function recordRefusal(call: ToolCall, method: string, error: Refusal, { record, gateway, now }: Runtime): void {
  const at = now()
  const kind = method.startsWith('prompts/') ? 'prompt' : 'resource'
  const about = { method: method as 'prompts/get', kind, params: call.arguments } as const
  const asked = method === 'tools/call' ? call : { ...call, about }
  record.refused(asked, { tool: null, decision: null, version: gateway.version, refusal: error, startedAt: at, at })
}

export function sessionEvent(
  type: 'session.started' | 'session.ended',
  row: SessionRow,
  session: string,
  now: number,
  reason?: string,
): AuditEvent {
  return {
    id: uuidv7(now),
    type,
    at: now,
    project: row.project,
    // A session that began before its gateway's name was kept.
    ...(row.slug === '' ? {} : { gateway: row.slug }),
    gatewayId: row.gateway,
    user: row.user,
    agent: row.agent,
    session,
    // The grant is the sign-in or the key (`key:…`) that this session stands on.
    attributes: { 'behalf.grant.id': row.grant_id, ...(reason === undefined ? {} : { 'behalf.reason': reason }) },
  }
}

/** Somebody who is signed in, but may not be here: no call of theirs gets as far as a decision. */
export function refusedSession(caller: Caller, refusal: Refusal, session: string, now: number): AuditEvent {
  return {
    id: uuidv7(now),
    type: 'session.refused',
    at: now,
    project: caller.project,
    gatewayId: caller.gateway,
    user: caller.user.id,
    agent: caller.agent.id,
    session,
    outcome: 'refused',
    attributes: { 'behalf.grant.id': caller.grant, 'error.type': refusal.code },
  }
}
