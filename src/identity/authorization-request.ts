import type { AuthRequest, OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import { AuthorizationError, authorizationErrorRedirect, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import type { GatewayRoute } from '../core/gateway-route.ts'
import type { AgentId } from '../core/ids.ts'
import { agentId } from '../core/ids.ts'
import { errorPage } from '../core/page.ts'
import type { NewAgent } from './agents.ts'
import { isAgentDisabled, readAgent } from './agents.ts'
import { asLibraryResource, authorizationServer, noResource } from './authorization-server.ts'
import type { IdentityDeps } from './deps.ts'
import { displayName } from './display-name.ts'
import type { NewGrant } from './new-grant.ts'
import { newGrantStorage } from './new-grant.ts'
import type { RedirectTarget } from './redirect.ts'
import { redirectTarget } from './redirect.ts'
import { baseScope, paths, scopesSupported } from './names.ts'

/** A request to the authorization endpoint that holds: client, redirect URI, PKCE and gateway are what they should be. */
export type Authorization = {
  /** The query it came with, from `?`. */
  search: string
  route: GatewayRoute
  request: AuthRequest
  agent: NewAgent & { id: AgentId }
  target: RedirectTarget
  scopes: string[]
  prompt: string[]
  maxAgeMs: number | null
  oauth: OAuthHelpers
  /** Filled when the grant is made. */
  made: NewGrant
}

export type Asked = { ok: true; value: Authorization } | { ok: false; response: Response }

/** Longer ones would not fit into the cookie that carries the request through the sign-in. */
const maxQueryLength = 2_500

/**
 * Reads the query of an authorization request. What is wrong is shown on a page of ours, and told to the client only once its
 * redirect URI is known to be its own (RFC 6749 §4.1.2.1, attack case 21).
 */
export async function readAuthorization(search: string, deps: IdentityDeps): Promise<Asked> {
  const { config, db } = deps
  const query = new URLSearchParams(search)
  if (search.length > maxQueryLength) return page('The request of the application is too long.')
  if (hasRepeated(query)) return page('The application sent the same parameter twice.')
  const route = await askedGateway(query.get('resource'), deps)

  const made: NewGrant = { id: null }
  const server = authorizationServer(config, route?.resource ?? noResource(config))
  const oauth = server.getOAuthApi({ OAUTH_KV: newGrantStorage(deps, made) })
  if (route !== null) query.set('resource', asLibraryResource(route.resource))
  const url = `${config.publicUrl}${paths.authorize}?${query.toString()}`
  const parsed = await oauth.parseAuthRequest(new Request(url)).catch((fault: unknown) => faultResponse(fault))
  if (parsed instanceof Response) return { ok: false, response: parsed }
  const target = redirectTarget(parsed.redirectUri)
  if (target === null) return page('The application wants to return to an address that is not allowed.')
  if (route === null) return backToClient(parsed, 'invalid_target')
  // The library lets a client with a secret leave PKCE out. OAuth 2.1 §4.1.1 does not, and a code stays stealable without it.
  if (!parsed.codeChallenge) return backToClient(parsed, 'invalid_request')

  const agent = await askingAgent(parsed.clientId, route, oauth, deps)
  if (agent === null) return page('This application is not registered here.')
  if (await isAgentDisabled(db, route.project, agent.id))
    return page('An administrator has switched this application off.')
  const scopes = [baseScope, ...parsed.scope].filter((scope, at, all) => all.indexOf(scope) === at)
  const value = {
    search,
    route,
    request: parsed,
    agent,
    target,
    scopes: scopes.filter((scope) => scopesSupported.includes(scope)),
    prompt: (query.get('prompt') ?? '').split(' ').filter(Boolean),
    maxAgeMs: readMaxAge(query.get('max_age')),
    oauth,
    made,
  }
  return { ok: true, value }
}

/** The error goes to the redirect URI, with `state` and `iss`. */
export function backToClient(request: AuthRequest, code: 'invalid_request' | 'invalid_target'): Asked {
  return { ok: false, response: seeOther(authorizationErrorRedirect(request, code)) }
}

export function seeOther(location: string): Response {
  return new Response(null, {
    status: 302,
    headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  })
}

const page = async (text: string): Promise<Asked> => ({
  ok: false,
  response: await errorPage('core/bad_request', { title: 'This application cannot sign you in', text }),
})

async function faultResponse(fault: unknown): Promise<Response> {
  if (fault instanceof AuthorizationError) {
    const { redirectTo, redirectUri } = fault
    if (redirectTo && redirectUri && redirectTarget(redirectUri) !== null) return seeOther(redirectTo)
    return errorPage('core/bad_request', {
      title: 'This application cannot sign you in',
      text: 'Its request does not fit its registration. Nothing was sent to it. Try to connect it again.',
    })
  }
  if (fault instanceof CimdFetchError) {
    return errorPage('core/bad_request', {
      title: 'This application cannot sign you in',
      text: 'The document in which it describes itself could not be read from here. An administrator can register it by hand.',
    })
  }
  throw fault
}

function hasRepeated(query: URLSearchParams): boolean {
  const names = [...query.keys()]
  return new Set(names).size !== names.length
}

/** Null: the request names none, or one that is not there. The library then answers `invalid_target`. */
export async function askedGateway(resource: string | null, deps: IdentityDeps): Promise<GatewayRoute | null> {
  if (resource === null || !URL.canParse(resource)) return null
  const { origin, pathname } = new URL(resource)
  const asked = `${origin}${pathname}`
  const route = await deps.resolveGateway(new URL(asked))
  if (!route?.enabled || !route.signIn.modes.includes('oauth') || !route.resources.includes(asked)) return null
  return { ...route, resource: asked }
}

/** Null: a client an administrator registered for another project. */
async function askingAgent(
  clientId: string,
  { project }: GatewayRoute,
  oauth: OAuthHelpers,
  { db, clients }: IdentityDeps,
): Promise<Authorization['agent'] | null> {
  const id = await agentId(project, clientId)
  const client = await oauth.lookupClient(clientId)
  if (URL.canParse(clientId)) {
    const { host } = new URL(clientId)
    const name = displayName(client?.clientName, host)
    return { id, kind: 'cimd', clientId, name, host, trust: 'unknown' }
  }
  const record = (await clients.get(`client:${clientId}`, { type: 'json' })) as {
    registrationExpiresAt?: number
  } | null
  const name = displayName(client?.clientName, clientId)
  if (record?.registrationExpiresAt !== undefined) return { id, kind: 'dcr', clientId, name, trust: 'unknown' }
  const registered = await readAgent(db, project, id)
  return registered?.kind === 'registered' ? { ...registered, id } : null
}

function readMaxAge(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) * 1000 : null
}
