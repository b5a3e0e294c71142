import { and, eq } from 'drizzle-orm'
import type { AuditEvent } from '../audit/audit.ts'
import type { PinChange } from '../catalog/catalog.ts'
import { settingsOf } from '../catalog/catalog.ts'
import { uuidv7 } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { upstreams } from '../db/schema.ts'
import type { Behind } from './behind.ts'
import { allBehind } from './behind.ts'
import type { KnownSpeech } from './found-out.ts'
import { foundOut } from './found-out.ts'
import type { Health } from './health.ts'
import { healthAfter, readHealth } from './health.ts'
import { listEverything, listingCredential } from './listing.ts'
import type { Republication } from './republish.ts'
import { republish } from './republish.ts'
import { record, reviewListing } from './review.ts'
import type { UpstreamRow } from './store.ts'
import { readUpstreamRow } from './store.ts'
import type { FederationUse } from './use.ts'

export type Synced = Republication & { changes: PinChange[]; health: Health }

/**
 * Asks a server again what it offers and holds it against the pins. What changed is quarantined at once, and the gateways that
 * offered it get a version without it. So they do when it speaks or can do otherwise than before; the watch has them told of that
 * once an hour at most, a person at once. A server that cannot be reached keeps its pins: silence is no change.
 *
 * Errors: `core/not_found`.
 */
export async function syncUpstream(
  id: string,
  use: FederationUse,
  by: 'person' | 'watch' = 'person',
): Promise<Result<Synced>> {
  const row = await readUpstreamRow(use, id)
  if (!row) return refuse('core/not_found')
  const settings = settingsOf(row)
  const target = { id, url: row.url, discovered: null, timeoutMs: settings.timeoutMs, maxBytes: settings.maxBytes }
  const credential = await listingCredential(target, settings, use)
  const listing = credential.ok ? await listEverything(target, credential.value, use) : credential
  const before = readHealth(row.health)
  const health = healthAfter(before, listing, use.now())
  if (health.state !== before.state) await record(id, [healthEvent(id, before, health, use)], use)
  const changes = listing.ok ? await reviewListing(id, listing.value.listed, settings, use) : []
  const found = listing.ok ? foundOut(row.discovered, listing.value.discovered, use.now(), by === 'person') : null
  const speech = found && { discovered: found.speech, ...(found.isOther && { behind: allBehind(use.now()) }) }
  await keep(row, { health, ...speech }, use)
  // Also when nothing changed, or the server is silent now: an earlier change may not be everywhere yet.
  return ok({ changes, ...(await republish(id, `${id} changed`, use)), health })
}

async function keep(
  row: UpstreamRow,
  set: { health: Health; discovered?: KnownSpeech; behind?: Behind },
  { db, project, now }: FederationUse,
): Promise<void> {
  await db
    .update(upstreams)
    .set({ ...set, updatedAt: now() })
    .where(and(eq(upstreams.project, project), eq(upstreams.id, row.id)))
}

function healthEvent(upstream: string, before: Health, { state, reason }: Health, use: FederationUse): AuditEvent {
  const at = use.now()
  const attributes: JsonObject = { upstream, before: before.state, state, reason }
  return { id: uuidv7(at), type: 'upstream.health', at, project: use.project, attributes }
}
