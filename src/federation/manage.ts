import { and, eq, exists } from 'drizzle-orm'
import type { DefinitionKind, UpstreamSettings } from '../catalog/catalog.ts'
import { definitionHash, notAllowed, onceAdmitted, settingsOf, workerToolSchema } from '../catalog/catalog.ts'
import { isToolWorker } from '../core/tool-worker.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Behaviour } from '../core/tool.ts'
import { toolPins, upstreams } from '../db/schema.ts'
import { watchOf } from '../gateways/gateways.ts'
import { allowedUpstreamUrl } from './allowed-url.ts'
import { allBehind } from './behind.ts'
import { checkExchange } from './exchange-endpoints.ts'
import { healthAfter, readHealth } from './health.ts'
import { listEverything, listingCredential } from './listing.ts'
import type { Republication, Republished } from './republish.ts'
import { republish } from './republish.ts'
import { reviewListing } from './review.ts'
import type { PinRow, UpstreamRow } from './store.ts'
import { readPins, readUpstreamRow, writePins } from './store.ts'
import type { FederationUse } from './use.ts'

export type NewUpstream = {
  id: string
  url: string
  settings: UpstreamSettings
  enabled: boolean
  /** The address that stands under this id; null: none does. Left out: whatever stands there. */
  replaces?: string | null | undefined
}

/**
 * Keeps an address and what is offered there. Nothing of it is offered to anybody before it is admitted. A changed address is
 * another server: what was admitted of the old one has to be admitted again.
 *
 * Errors: `core/bad_request`; `admin/conflict` when what stands there is not what is replaced; and those of looking at the
 * server. One that wants a sign-in is kept without its lists.
 */
export async function saveUpstream(
  wanted: NewUpstream,
  use: FederationUse,
): Promise<Result<{ upstream: UpstreamRow } & Republication>> {
  const { db, project, now } = use
  const address = allowedUpstreamUrl(wanted.url, use.config)
  if (!address.ok) return address
  const exchange = await checkExchange(wanted.settings.credentials, use)
  if (!exchange.ok) return exchange
  const before = await readUpstreamRow(use, wanted.id)
  const { replaces } = wanted
  if (replaces !== undefined && replaces !== (before?.url ?? null)) return conflict(wanted.id, before?.url)
  const moved = before !== null && before.url !== address.value
  const { settings } = wanted
  const target = {
    id: wanted.id,
    url: address.value,
    discovered: null,
    timeoutMs: settings.timeoutMs,
    maxBytes: settings.maxBytes,
  }
  const credential = await listingCredential(target, settings, use)
  const listing = credential.ok ? await listEverything(target, credential.value, use) : credential
  if (!listing.ok && !wantsSignIn.includes(listing.error.code)) return listing
  const health = healthAfter(readHealth(null), listing, now())
  const discovered = listing.ok ? listing.value.discovered : null
  const row = { url: address.value, settings, discovered, health, enabled: wanted.enabled, updatedAt: now() }
  const behind = allBehind(now())
  const written = db
    .insert(upstreams)
    .values({ project, id: wanted.id, ...row, behind })
    .onConflictDoUpdate({
      target: [upstreams.project, upstreams.id],
      set: { ...row, behind },
      // The server was asked meanwhile, for as long as that took.
      ...(replaces === undefined ? {} : { setWhere: eq(upstreams.url, replaces ?? '') }),
    })
    .returning()
  // At once: what was admitted of the old address must never stand beside the new one. Not if the first wrote nothing.
  const mine = db
    .select()
    .from(upstreams)
    .where(and(at(wanted.id, use), eq(upstreams.behind, behind)))
  const gone = db.delete(toolPins).where(and(pinsOf(wanted.id, use), exists(mine)))
  const [[saved]] = await db.batch(moved ? [written, gone] : [written])
  if (!saved) return conflict(wanted.id)
  if (listing.ok) await reviewListing(wanted.id, listing.value.listed, settings, use)
  const done = await republish(wanted.id, `${wanted.id} was changed`, use)
  await watchOf(use.env, project, wanted.id).schedule()
  return ok({ upstream: (await readUpstreamRow(use, wanted.id)) ?? saved, ...done })
}

function conflict(id: string, url?: string): Result<never> {
  const there = url === undefined ? 'is not what it was' : `is there already, for ${url}`
  return refuse('admin/conflict', { message: `${id} ${there}.` })
}

const wantsSignIn: readonly string[] = ['upstream/authorization_needed', 'vault/authorization_needed']

/**
 * Takes a server and everything that was admitted of it away: first out of the gateways, then for good.
 *
 * Errors: `gateways/conflict` when a gateway still offers it. It is off then; removing it again goes on.
 */
export async function removeUpstream(id: string, use: FederationUse): Promise<Result<Republished[]>> {
  const { db, project, now } = use
  const behind = allBehind(now())
  await db.update(upstreams).set({ enabled: false, behind }).where(at(id, use))
  const { republished, outstanding } = await republish(id, `${id} was removed`, use)
  const done = outstanding.length === 0
  if (done) await db.batch([db.delete(upstreams).where(at(id, use)), db.delete(toolPins).where(pinsOf(id, use))])
  await watchOf(use.env, project, id).schedule()
  if (done) return ok(republished)
  const message = `It is off, but still offered at ${outstanding.join(', ')}, which cannot be published. Remove it again.`
  return refuse('gateways/conflict', { message })
}

const at = (id: string, { project }: FederationUse) => and(eq(upstreams.project, project), eq(upstreams.id, id))
const pinsOf = (id: string, { project }: FederationUse) => and(eq(toolPins.project, project), eq(toolPins.upstream, id))

export type PinDecision = {
  kind: DefinitionKind
  name: string
  decision: 'admit' | 'hold'
  /** What the administrator looked at: of another definition the decision says nothing. */
  hash: string
  /** What the tool does. Left out: as it was set before, else the suggestion. */
  behaviour?: Behaviour
}

/**
 * Admits definitions as they were seen, or takes them out of use.
 *
 * Errors: `core/not_found`; `gateways/conflict` when a definition is not the one that was looked at any more.
 */
export async function decidePins(
  id: string,
  decisions: readonly PinDecision[],
  by: string,
  use: FederationUse,
): Promise<Result<Republication & { pins: PinRow[] }>> {
  const row = await readUpstreamRow(use, id)
  if (!row) return refuse('core/not_found')
  const pins = new Map((await readPins(use, id)).map((pin) => [`${pin.kind} ${pin.name}`, pin]))
  const decided: PinRow[] = []
  for (const decision of decisions) {
    const pin = pins.get(`${decision.kind} ${decision.name}`)
    if (!pin) return refuse('core/not_found', { message: `There is no ${decision.kind} ${decision.name}.` })
    if ((await pendingHash(pin)) !== decision.hash) {
      return refuse('gateways/conflict', { message: `${decision.name} has changed since you looked at it.` })
    }
    const beyond = decision.decision === 'admit' ? askedBeyond(row, pin) : []
    if (beyond.length > 0) {
      return refuse('core/bad_request', {
        message: `${decision.name} asks for ${beyond.join(' and ')}: allow it first.`,
      })
    }
    decided.push(await decide(pin, row.url, decision, by, use.now()))
  }
  await writePins(use, id, decided, { offered: true })
  return ok({ pins: decided, ...(await republish(id, `${by} decided about ${id}`, use)) })
}

/** What a tool of a tool Worker wants of the vault that this Worker may not have. */
function askedBeyond({ url, settings }: UpstreamRow, pin: PinRow): string[] {
  const parsed = isToolWorker(url) ? workerToolSchema.safeParse(pin.proposed ?? pin.definition) : null
  return parsed?.success ? notAllowed(parsed.data, settingsOf({ settings }).allow) : []
}

async function decide(
  pin: PinRow,
  url: string,
  { decision, behaviour }: PinDecision,
  by: string,
  now: number,
): Promise<PinRow> {
  if (decision === 'hold') return { ...pin, status: 'quarantined', decidedBy: null, updatedAt: now }
  const definition = pin.proposed ?? pin.definition
  return {
    ...pin,
    definition,
    hash: await pendingHash(pin),
    status: 'admitted',
    proposed: null,
    behaviour: behaviour ?? onceAdmitted(url, pin),
    decidedBy: by,
    updatedAt: now,
  }
}

/** Of what would be admitted. */
export async function pendingHash(pin: Pick<PinRow, 'kind' | 'proposed' | 'hash'>): Promise<string> {
  return pin.proposed ? definitionHash(pin.kind, pin.proposed) : pin.hash
}
