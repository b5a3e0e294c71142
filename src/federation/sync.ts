import { and, eq } from 'drizzle-orm'
import type { AuditEvent } from '../audit/audit.ts'
import { recordEvents } from '../audit/audit.ts'
import type { PinChange } from '../catalog/catalog.ts'
import { listedDifferences, reviewPins, settingsOf } from '../catalog/catalog.ts'
import { uuidv7 } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { upstreams } from '../db/schema.ts'
import type { Health } from './health.ts'
import { healthAfter, readHealth } from './health.ts'
import { listEverything, listingCredential } from './listing.ts'
import type { Republished } from './republish.ts'
import { republish } from './republish.ts'
import type { UpstreamRow } from './store.ts'
import { readPins, readUpstreamRow, runAll, writePin } from './store.ts'
import type { FederationUse } from './use.ts'

export type Synced = { changes: PinChange[]; republished: Republished[]; health: Health }

/**
 * Asks a server again what it offers and holds it against the pins. What changed is quarantined at once, and the gateways that
 * offered it get a version without it. A server that cannot be reached keeps its pins: silence is no change.
 *
 * Errors: `core/not_found`.
 */
export async function syncUpstream(id: string, use: FederationUse): Promise<Result<Synced>> {
  const row = await readUpstreamRow(use, id)
  if (!row) return refuse('core/not_found')
  const settings = settingsOf(row)
  const target = { id, url: row.url, discovered: null, timeoutMs: settings.timeoutMs, maxBytes: settings.maxBytes }
  const credential = await listingCredential(target, settings, use)
  const listing = credential.ok ? await listEverything(target, credential.value, use) : credential
  const before = readHealth(row.health)
  const health = healthAfter(before, listing, use.now())
  if (health.state !== before.state) await record(id, [healthEvent(id, before, health, use)], use)
  if (!listing.ok) {
    await keep(row, { health }, use)
    return ok({ changes: [], republished: [], health })
  }
  const changes = await reviewPins(await readPins(use, id), listing.value.listed, settings.admit)
  await runAll(
    use,
    changes.map((change) => writePin(use, id, change, use.now())),
  )
  await keep(row, { health, discovered: listing.value.discovered }, use)
  await record(
    id,
    changes.flatMap((change) => eventFor(id, change, use)),
    use,
  )
  const offered = changes.some((change) => change.decidedBy !== null)
  const republished = offered ? await republish(id, `${id} changed`, use) : ok([])
  return republished.ok ? ok({ changes, republished: republished.value, health }) : republished
}

async function keep(
  row: UpstreamRow,
  set: { health: Health; discovered?: unknown },
  { db, project, now }: FederationUse,
): Promise<void> {
  await db
    .update(upstreams)
    .set({ ...set, updatedAt: now() })
    .where(and(eq(upstreams.project, project), eq(upstreams.id, row.id)))
}

/** What was found is in force already: a record that cannot be written is no reason to offer it again. */
async function record(upstream: string, events: AuditEvent[], { env }: FederationUse): Promise<void> {
  await recordEvents(env, events).catch((fault: unknown) => logFault('federation.not_recorded', fault, { upstream }))
}

function healthEvent(upstream: string, before: Health, { state, reason }: Health, use: FederationUse): AuditEvent {
  const at = use.now()
  const attributes: JsonObject = { upstream, before: before.state, state, reason }
  return { id: uuidv7(at), type: 'upstream.health', at, project: use.project, attributes }
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
