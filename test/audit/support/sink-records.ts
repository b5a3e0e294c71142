import type { AuditEvent } from '../../../src/audit/event.ts'
import type { SinkRecord } from '../../../src/audit/sinks/record.ts'
import { headRecord } from '../../../src/audit/sinks/record.ts'
import type { SinkTools } from '../../../src/audit/sinks/sink.ts'
import type { Receiver } from '../../support/receivers/receiver.ts'

export const at = Date.UTC(2026, 10, 22, 12)

export function toolEvent(sequence: number, more: Partial<AuditEvent> = {}): SinkRecord {
  const event: AuditEvent = {
    id: `0190a000-0000-7000-8000-${`${sequence}`.padStart(12, '0')}`,
    type: 'tool.outcome',
    at: at + sequence,
    project: 'acme',
    gateway: 'sales',
    gatewayVersion: 3,
    user: 'u-alice',
    agent: 'a-claude',
    session: 's1',
    call: '0190a000-0000-7000-8000-0000000000c1',
    tool: 'Github_CreateIssue',
    decision: 'permit',
    outcome: 'done',
    attributes: {
      'mcp.method.name': 'tools/call',
      'behalf.policy.rules': ['r1', 'r2'],
      'behalf.duration_ms': 12.5,
      'behalf.upstream_ms': 9,
      'behalf.redactions': 0,
      'behalf.tool.operation': 'create',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      parent_span_id: '00f067aa0ba902b7',
    },
    payload: {
      user: { issuer: 'https://idp.test', subject: 'alice', name: 'Alice' },
      arguments: { title: 'Hi "you"\n' },
    },
    ...more,
  }
  return { ledger: '0/acme', sequence, recordedAt: at + sequence + 5, event, length: JSON.stringify(event).length }
}

export const head = (size: number): SinkRecord =>
  headRecord('acme', '0/acme', size, `behalf.test/ledger/0/acme\n${size}\nroot\n`, at)

/** A way out that ends in a receiver. */
export function toolsFor(receiver: Pick<Receiver, 'handle'>, secret = '', more: Partial<SinkTools> = {}): SinkTools {
  return {
    secret,
    now: () => at + 1000,
    wait: () => Promise.resolve(),
    archive: undefined,
    memory: new Map(),
    egress: {
      async fetch({ url, method = 'GET', headers = {}, body }) {
        const init = { method, headers, ...(body === undefined ? {} : { body: body as BodyInit }) }
        const response = await receiver.handle(new Request(url, init)).catch(() => null)
        if (response === null) return { ok: false, error: { code: 'egress/unreachable' } }
        const bytes = new Uint8Array(await response.arrayBuffer())
        return {
          ok: true,
          value: {
            status: response.status,
            headers: response.headers,
            url,
            body: new ReadableStream(),
            bytes: async () => ({ ok: true, value: bytes }),
            text: async () => ({ ok: true, value: new TextDecoder().decode(bytes) }),
            attempts: 1,
          },
        }
      },
    },
    ...more,
  }
}
