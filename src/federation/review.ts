import type { AuditEvent } from '../audit/audit.ts'
import { recordEvents } from '../audit/audit.ts'
import type { Listed, PinChange, UpstreamSettings } from '../catalog/catalog.ts'
import { listedDifferences, reviewPins } from '../catalog/catalog.ts'
import { uuidv7 } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import { readPins, writePins } from './store.ts'
import type { FederationUse } from './use.ts'

/**
 * Holds what a server lists against the pins, writes down what became of each and records it. Whoever calls it republishes.
 */
export async function reviewListing(
  upstream: string,
  listed: Listed,
  { admit }: Pick<UpstreamSettings, 'admit'>,
  use: FederationUse,
): Promise<PinChange[]> {
  const changes = await reviewPins(await readPins(use, upstream), listed, admit)
  await writePins(use, upstream, changes, { offered: changes.some(({ decidedBy }) => decidedBy !== null) })
  await record(
    upstream,
    changes.flatMap((change) => eventFor(upstream, change, use)),
    use,
  )
  return changes
}

/** What was found is in force already: a record that cannot be written is no reason to offer it again. */
export async function record(upstream: string, events: AuditEvent[], { env }: FederationUse): Promise<void> {
  await recordEvents(env, events).catch((fault: unknown) => logFault('federation.not_recorded', fault, { upstream }))
}

/** Attack case 55: the change, with its differences, is in the record before anybody decides about it. */
function eventFor(upstream: string, change: PinChange, { project, now }: FederationUse): AuditEvent[] {
  if (change.change === 'new' && change.status === 'quarantined' && change.findings.length === 0) return []
  const at = now()
  const attributes: JsonObject = {
    upstream,
    kind: change.kind,
    name: change.name.slice(0, 200),
    change: change.change,
    status: change.status,
    findings: [...new Set(change.findings.map((one) => one.kind))],
  }
  const type = change.status === 'quarantined' ? 'upstream.quarantined' : 'upstream.changed'
  const payload = { ...listedDifferences(change.differences), findings: change.findings } as unknown as JsonObject
  return [{ id: uuidv7(at), type, at, project, attributes, payload }]
}
