import { z } from 'zod'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Egress, GuardConfig } from '../egress/egress.ts'
import { isAllowedUrl } from '../egress/egress.ts'
import type { Challenge } from './challenge.ts'
import { getDocument } from './document.ts'

/**
 * How an MCP server wants its users to sign in, read from its protected-resource metadata (RFC 9728) and its authorization
 * server's metadata (RFC 8414, OpenID Connect Discovery). Everything here was chosen by the server: each address went through
 * the guard, and every value is an endpoint that people or tokens will be sent to.
 */
export type FoundAuthorization = {
  /** RFC 8707: what tokens are asked for. */
  resource: string
  issuer: string
  /** Null: it grants tokens to services only. */
  authorizationEndpoint: string | null
  tokenEndpoint: string
  revocationEndpoint: string | null
  registrationEndpoint: string | null
  /** What to ask for at first. Empty: ask for nothing in particular. */
  scopes: string[]
  scopesSupported: string[]
  /** The client may name itself by the URL of its metadata document (CIMD). */
  clientIdMetadataDocument: boolean
  tokenEndpointAuthMethods: string[]
  grantTypes: string[]
  /** RFC 9207: its callbacks carry `iss`. */
  issParameter: boolean
  /** It says nothing of this: these are the places that MCP 2025-03-26 gave a server without metadata. */
  assumed: boolean
}

const scopeText = z.string().max(300)
const resourceMetadata = z.looseObject({
  resource: z.string().max(2000),
  authorization_servers: z.array(z.string().max(2000)).max(20).optional(),
  scopes_supported: z.array(scopeText).max(500).optional(),
})
const endpoint = z.url({ protocol: /^https?$/ }).max(2000)
const serverMetadata = z.looseObject({
  issuer: z.string().max(2000),
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint,
  revocation_endpoint: endpoint.optional(),
  registration_endpoint: endpoint.optional(),
  scopes_supported: z.array(scopeText).max(500).optional(),
  code_challenge_methods_supported: z.array(z.string()).max(20).optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).max(20).optional(),
  grant_types_supported: z.array(z.string()).max(20).optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})

type ResourceMetadata = z.output<typeof resourceMetadata>

export type DiscoveryUse = { egress: Egress; config: GuardConfig }

/**
 * `challenge` is what the server answered a request without a token. Null: it asks nobody to sign in.
 *
 * Errors: `upstream/failed` with `evidence.fault` (`resource_mismatch`, `issuer_mismatch`, `no_metadata`, `no_pkce`,
 * `bad_metadata`, `endpoint_address`), and those of egress.
 */
export async function discoverAuthorization(
  url: string,
  challenge: Challenge,
  use: DiscoveryUse,
): Promise<Result<FoundAuthorization>> {
  const resource = await resourceMetadataOf(url, challenge, use.egress)
  if (!resource.ok) return resource
  const issuers = resource.value?.authorization_servers ?? []
  // MCP 2025-03-26 had no resource metadata: the server was its own authorization server.
  const old = issuers.length === 0
  const server = await firstServer(old ? [new URL(url).origin] : issuers, use, old)
  if (!server.ok) return server
  const { metadata, issuer, assumed } = server.value
  // MCP 2025-11-25 basic/authorization §Authorization Code Protection: a server that does not say it, does not have it.
  const methods = metadata.code_challenge_methods_supported ?? (old ? ['S256'] : [])
  if (metadata.authorization_endpoint !== undefined && !methods.includes('S256')) return failed('no_pkce')
  const supported = metadata.scopes_supported ?? []
  return ok({
    resource: resource.value?.resource ?? withoutFragment(url),
    issuer,
    authorizationEndpoint: metadata.authorization_endpoint ?? null,
    tokenEndpoint: metadata.token_endpoint,
    revocationEndpoint: metadata.revocation_endpoint ?? null,
    registrationEndpoint: metadata.registration_endpoint ?? null,
    scopes: firstScopes(challenge, resource.value, supported, metadata.grant_types_supported),
    scopesSupported: supported,
    clientIdMetadataDocument: metadata.client_id_metadata_document_supported === true,
    tokenEndpointAuthMethods: metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'],
    grantTypes: metadata.grant_types_supported ?? ['authorization_code'],
    issParameter: metadata.authorization_response_iss_parameter_supported === true,
    assumed,
  })
}

/** Where the challenge says, else at the well-known places (RFC 9728 §3.1): with the path, then without. */
async function resourceMetadataOf(
  url: string,
  challenge: Challenge,
  egress: Egress,
): Promise<Result<ResourceMetadata | null>> {
  const { origin, pathname } = new URL(url)
  const known = '/.well-known/oauth-protected-resource'
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  const places = challenge.resourceMetadata
    ? [challenge.resourceMetadata]
    : [...new Set([`${origin}${known}${path}`, `${origin}${known}`])]
  for (const place of places) {
    const document = await getDocument(place, egress)
    if (!document.ok) return document
    if (document.value === null) continue
    const parsed = resourceMetadata.safeParse(document.value)
    if (!parsed.success) return failed('bad_metadata')
    return covers(parsed.data.resource, url) ? ok(parsed.data) : failed('resource_mismatch')
  }
  return ok(null)
}

/** RFC 9728 §3.3: metadata of another resource would let its tokens be used here. A parent path of the same origin is fine. */
function covers(resource: string, url: string): boolean {
  const claimed = URL.parse(resource)
  const asked = new URL(url)
  if (!claimed || claimed.origin !== asked.origin) return false
  const path = claimed.pathname.replace(/\/$/, '')
  return asked.pathname === path || asked.pathname === `${path}/` || asked.pathname.startsWith(`${path}/`)
}

type Server = { metadata: z.output<typeof serverMetadata>; issuer: string; assumed: boolean }

async function firstServer(issuers: readonly string[], use: DiscoveryUse, old: boolean): Promise<Result<Server>> {
  let last: Result<Server> = failed('no_metadata')
  for (const issuer of issuers) {
    last = await serverAt(issuer, use, old)
    if (last.ok) return last
  }
  return last
}

async function serverAt(issuer: string, { egress, config }: DiscoveryUse, old: boolean): Promise<Result<Server>> {
  const base = URL.parse(issuer)
  if (!base) return failed('bad_metadata')
  for (const place of serverPlaces(base)) {
    const document = await getDocument(place, egress)
    if (!document.ok) return document
    if (document.value === null) continue
    const parsed = serverMetadata.safeParse(document.value)
    if (!parsed.success) return failed('bad_metadata')
    // RFC 8414 §3.3, exactly: a look-alike issuer is how one server speaks for another (attack case 4).
    // Nobody named the server's own origin, so there both ways to write it are its own.
    const isAsked = parsed.data.issuer === issuer || (old && parsed.data.issuer === `${issuer}/`)
    if (!isAsked) return failed('issuer_mismatch')
    const bad = badEndpoint(parsed.data, config)
    if (bad === undefined) return ok({ metadata: parsed.data, issuer: parsed.data.issuer, assumed: false })
    const message = `The ${bad} of its authorization server is an address that may not be called.`
    return refuse('upstream/failed', { message, evidence: { fault: 'endpoint_address', endpoint: bad } })
  }
  return old ? ok({ metadata: oldDefaults(base.origin), issuer: base.origin, assumed: true }) : failed('no_metadata')
}

/** MCP 2026-07-28 basic/authorization §Authorization Server Metadata Discovery, in this order. */
function serverPlaces({ origin, pathname }: URL): string[] {
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  const [oauth, openid] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
  if (path === '') return [`${origin}${oauth}`, `${origin}${openid}`]
  return [`${origin}${oauth}${path}`, `${origin}${openid}${path}`, `${origin}${path}${openid}`]
}

/** MCP 2025-03-26 §Fallbacks for Servers without Metadata Discovery. */
const oldDefaults = (origin: string): Server['metadata'] => ({
  issuer: origin,
  authorization_endpoint: `${origin}/authorize`,
  token_endpoint: `${origin}/token`,
  registration_endpoint: `${origin}/register`,
})

const endpoints = ['authorization_endpoint', 'token_endpoint', 'revocation_endpoint', 'registration_endpoint'] as const

/**
 * A person's browser and our secrets go to these: nowhere that we would not call ourselves (attack case 4), and what came by
 * https stays with https.
 */
function badEndpoint(metadata: Server['metadata'], config: GuardConfig): string | undefined {
  const secure = metadata.issuer.startsWith('https:')
  return endpoints.find((name) => {
    const url = metadata[name]
    return url !== undefined && (!isAllowedUrl(url, config).ok || (secure && !url.startsWith('https:')))
  })
}

/** The challenge knows best, then the resource. A refresh token is asked for where it can be had. */
function firstScopes(
  challenge: Challenge,
  resource: ResourceMetadata | null,
  supported: readonly string[],
  grants: readonly string[] = [],
): string[] {
  const wanted = challenge.scope?.split(' ').filter(Boolean) ?? resource?.scopes_supported ?? []
  const offline = supported.includes('offline_access') && (grants.length === 0 || grants.includes('refresh_token'))
  return [...new Set([...wanted, ...(offline ? ['offline_access'] : [])])]
}

const withoutFragment = (url: string): string => url.replace(/#.*$/, '')
const failed = (fault: string) => refuse('upstream/failed', { evidence: { fault } })
