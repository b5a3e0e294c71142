import type { GatewayRoute } from '../core/gateway-route.ts'
import type { Refusal } from '../core/result.ts'
import { baseScope } from './names.ts'

/** RFC 6750 §3.1. */
export type ChallengeError = 'invalid_request' | 'invalid_token' | 'insufficient_scope'

/**
 * The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1). No `error` when nothing was presented. `scope` is all that is
 * needed, because some clients never ask for more later.
 */
export function challenge(route: GatewayRoute, error?: ChallengeError, scope = baseScope): string {
  const parts = ['realm="Behalf"']
  if (error) parts.push(`error="${error}"`)
  if (route.signIn.modes.includes('oauth')) {
    parts.push(`scope="${scope}"`, `resource_metadata="${metadataUrl(route.resource)}"`)
  }
  return `Bearer ${parts.join(', ')}`
}

/** Where the metadata of a resource is: the well-known part goes between host and path (RFC 9728 §3.1). */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`
}

/** The challenge that goes with a refusal of `identifyCaller`, on a 401 and a 403, whatever the method. */
export function challengeFor(route: GatewayRoute, { code, evidence }: Refusal): string {
  if (code === 'identity/insufficient_scope') return challenge(route, 'insufficient_scope')
  return challenge(route, evidence?.['reason'] === 'missing' ? undefined : 'invalid_token')
}
