import type { Finding } from '../screening/screening.ts'
import { showHidden } from '../screening/screening.ts'
import { proposedBehaviour, reviewPins } from '../catalog/catalog.ts'
import type { UpstreamSettings } from '../catalog/catalog.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { Behaviour } from '../core/tool.ts'
import type { Challenge, Discovered, FoundAuthorization } from '../upstream/upstream.ts'
import { discoverAuthorization } from '../upstream/upstream.ts'
import { allowedUpstreamUrl } from './allowed-url.ts'
import { lookFault } from './look-fault.ts'
import type { Listing } from './listing.ts'
import { listEverything, listingCredential } from './listing.ts'
import type { FederationUse } from './use.ts'

/** What was found at an address, before anything is saved. Texts have what is hidden in them made visible. */
export type Look = {
  url: string
  /** Null: it answers only to somebody who signed in. */
  discovered: Pick<Discovered, 'transport' | 'era' | 'serverName'> | null
  authorization: (FoundAuthorization & { error?: never }) | { error: string } | null
  items: LookedAt[]
}

export type LookedAt = {
  kind: string
  name: string
  title: string | null
  description: string
  behaviour: Behaviour | null
  findings: Finding[]
}

/** Errors: `egress/blocked` and whatever the server does wrong. Needing a sign-in is a finding, not an error. */
export async function lookAt(url: string, settings: UpstreamSettings, use: FederationUse): Promise<Result<Look>> {
  const address = allowedUpstreamUrl(url, use.config)
  if (!address.ok) return address
  const target = {
    id: 'look',
    url: address.value,
    discovered: null,
    timeoutMs: settings.timeoutMs,
    maxBytes: settings.maxBytes,
  }
  // Naming a user whose grant is used takes an administrator; looking does not.
  const { listAs: _, ...own } = settings
  const credential = await listingCredential(target, own, use)
  if (!credential.ok) return credential
  const listing = await listEverything(target, credential.value, use)
  if (listing.ok)
    return ok({ url: address.value, ...(await describe(address.value, listing.value)), authorization: null })
  if (listing.error.code !== 'upstream/authorization_needed') return { ok: false, error: lookFault(listing.error) }
  const challenge = (listing.error.evidence?.['challenge'] ?? {}) as Challenge
  const found = await discoverAuthorization(address.value, challenge, use)
  const authorization = found.ok ? found.value : { error: faultOf(found.error) }
  return ok({ url: address.value, discovered: null, authorization, items: [] })
}

async function describe(url: string, { discovered, listed }: Listing): Promise<Pick<Look, 'discovered' | 'items'>> {
  const { transport, era, serverName } = discovered
  const pins = await reviewPins([], listed, { additions: false, tools: false })
  const items = pins.map(({ kind, name, definition, findings }) => ({
    kind,
    name: showHidden(name),
    title: typeof definition['title'] === 'string' ? showHidden(definition['title']) : null,
    description: typeof definition['description'] === 'string' ? showHidden(definition['description']) : '',
    behaviour: kind === 'tool' ? proposedBehaviour(url, name, definition) : null,
    findings,
  }))
  return {
    discovered: { transport, era, ...(serverName === undefined ? {} : { serverName: showHidden(serverName) }) },
    items,
  }
}

function faultOf({ code, evidence }: Refusal): string {
  const fault = evidence?.['fault']
  return typeof fault === 'string' ? fault : code
}
