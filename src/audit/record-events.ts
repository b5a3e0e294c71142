import type { AuditEvent } from './event.ts'
import { eventText } from './event-text.ts'
import type { LedgerApi } from './ledger-api.ts'
import { ledgerName } from './ledger-name.ts'

type LedgerEnv = { LEDGER: DurableObjectNamespace }

/**
 * For what happens in the Worker: sign-in, consent, administration. The events are on the Ledger's disk when it resolves.
 * Throws when the Ledger cannot be reached or refuses; a change that must be recorded is then not made.
 */
export async function recordEvents(env: LedgerEnv, events: readonly AuditEvent[]): Promise<void> {
  const projects = Map.groupBy(events, (event) => event.project)
  for (const [project, own] of projects) {
    const reply = await ledgerOf(env, project).append(own.map(eventText))
    if (!reply.ok) throw new Error(`the ledger refused: ${reply.reason}`)
  }
}

/** The `send` port of an `Outbox` whose events all belong to one project. */
export function sendToLedger(env: LedgerEnv): (events: string[]) => Promise<boolean> {
  return async (events) => {
    const [first] = events
    if (first === undefined) return true
    const { project } = JSON.parse(first) as AuditEvent
    const reply = await ledgerOf(env, project).append(events)
    return reply.ok
  }
}

export function ledgerOf(env: LedgerEnv, project: string, shard = 0): LedgerApi {
  return env.LEDGER.getByName(ledgerName(project, shard)) as unknown as LedgerApi
}
