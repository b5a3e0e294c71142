import type { DefinitionKind, UpstreamSettings } from '../catalog/catalog.ts'
import type { JsonObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { readToolSecrets } from '../db/tool-secrets.ts'
import type { Discovered, ListKind, UpstreamCredential, UpstreamTarget } from '../upstream/upstream.ts'
import { createUpstreams } from '../upstream/upstream.ts'
import type { ListedUpstream } from './list-as.ts'
import { credentialOf, serviceCredentialOf } from './list-as.ts'
import { isToolWorker } from '../core/tool-worker.ts'
import { listToolWorker } from './tool-worker.ts'
import type { FederationUse } from './use.ts'

export type Listing = { discovered: Discovered; listed: Partial<Record<DefinitionKind, JsonObject[]>> }

const kinds: readonly (readonly [DefinitionKind, ListKind])[] = [
  ['tool', 'tools'],
  ['prompt', 'prompts'],
  ['resource', 'resources'],
  ['template', 'resourceTemplates'],
]

/**
 * Everything a server offers, asked anew. The connection is ours alone and ends with it.
 *
 * Errors: those of `Upstreams.discover` and `list`. A list other than the tools' that fails is left out.
 */
export async function listEverything(
  target: UpstreamTarget,
  credential: UpstreamCredential,
  use: FederationUse,
): Promise<Result<Listing>> {
  if (isToolWorker(target.url)) return listToolWorker(target.url, use)
  const upstreams = createUpstreams({ egress: use.egress, now: use.now, project: use.project })
  try {
    const discovered = await upstreams.discover(target, credential)
    if (!discovered.ok) return discovered
    const known = { ...target, discovered: discovered.value }
    const listed: Listing['listed'] = {}
    for (const [kind, list] of kinds) {
      const items = await upstreams.list(known, list, credential)
      if (items.ok) listed[kind] = items.value
      else if (kind === 'tool') return items
    }
    return ok({ discovered: discovered.value, listed })
  } finally {
    await upstreams.close()
  }
}

/**
 * What proves who we are when nobody in particular asks. A server that wants a person has its lists read with the grant of the
 * user an administrator named for that, with headers they set, or without any.
 */
export async function listingCredential(
  upstream: ListedUpstream,
  settings: UpstreamSettings,
  use: FederationUse,
): Promise<Result<UpstreamCredential>> {
  const { credentials, listing, listAs } = settings
  if (credentials.kind === 'service') return serviceCredentialOf(upstream, credentials, use)
  if (listAs !== undefined && (credentials.kind === 'user' || credentials.kind === 'exchange')) {
    return credentialOf(listAs, upstream, credentials, use)
  }
  const templates = listing ?? (credentials.kind === 'headers' ? credentials.headers : {})
  const names = Object.values(templates).flatMap((value) =>
    [...value.matchAll(secretName)].map((match) => match[1] ?? ''),
  )
  const secrets =
    names.length > 0
      ? await readToolSecrets(use.db, use.config, use.project, [...new Set(names)])
      : ok(new Map<string, string>())
  if (!secrets.ok) {
    const missing = secrets.error.evidence?.['missing']
    const which = Array.isArray(missing) ? missing.join(', ') : ''
    return refuse('vault/secret_missing', { message: `Set these secrets first: ${which}` })
  }
  const headers: Record<string, string> = {}
  for (const [name, template] of Object.entries(templates)) {
    headers[name.toLowerCase()] = template.replace(
      secretName,
      (_all, secret: string) => secrets.value.get(secret) ?? '',
    )
  }
  return ok({ key: 'listing', headers })
}

const secretName = /\{([A-Za-z0-9_]{1,64})\}/g
