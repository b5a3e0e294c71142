import { readConfig } from '../config/config.ts'
import type { AuditEvent } from './event.ts'
import { eventRow } from './event-row.ts'
import type { LedgerApi } from './ledger-api.ts'
import { ledgerName } from './ledger-name.ts'
import type { OutboxPorts } from './outbox.ts'
import { redactEvent } from './redact-event.ts'
import { redactionKey } from './redact.ts'
import type { DigestKey } from '../core/sha256.ts'

type LedgerEnv = Pick<Env, 'LEDGER'>

/**
 * For what happens in the Worker: sign-in, consent, administration. The events are on the Ledger's disk when it resolves.
 * Throws when the Ledger cannot be reached or refuses; a change that must be recorded is then not made.
 */
export async function recordEvents(env: LedgerEnv, events: readonly AuditEvent[]): Promise<void> {
  const key = digestKeys(env)
  for (const [project, own] of Map.groupBy(events, (event) => event.project)) {
    const rows = own.map((event) => eventRow(redactEvent(event, {}, key(project))))
    const reply = await ledgerOf(env, project).append(project, rows)
    if (!reply.ok) throw new Error(`the ledger refused: ${reply.reason}`)
  }
}

/** The ports of an `Outbox` that the environment gives. */
export function ledgerPorts(env: LedgerEnv): Pick<OutboxPorts, 'send' | 'digestKey'> {
  return {
    digestKey: digestKeys(env),
    send: async (project, events) => (await ledgerOf(env, project).append(project, events)).ok,
  }
}

export function ledgerOf(env: LedgerEnv, project: string, shard = 0): LedgerApi {
  return env.LEDGER.getByName(ledgerName(project, shard)) as unknown as LedgerApi
}

function digestKeys(env: LedgerEnv): (project: string) => DigestKey {
  const keys = new Map<string, DigestKey>()
  return (project) => {
    const known = keys.get(project)
    if (known) return known
    const config = readConfig(env)
    if (!config.ok) throw new Error('nothing can be recorded without the configuration')
    const key = redactionKey(config.value, project)
    keys.set(project, key)
    return key
  }
}
