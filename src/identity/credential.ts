import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'

/** What the request shows to say who is calling. Not verified yet. */
export type Credential =
  | { kind: 'token'; token: string }
  /** `onBehalfOf`: the `Behalf-User` header. */
  | { kind: 'app_key'; token: string; onBehalfOf: string | null }

export const appKeyPrefix = 'bh_app_'
export const adminKeyPrefix = 'bh_adm_'
export const userHeader = 'behalf-user'

/** Why there is no caller. Only the first may be told apart from outside, because it says nothing about a credential. */
export type CredentialFault =
  | 'missing'
  | 'malformed'
  | 'in_query'
  | 'not_accepted_here'
  | 'unknown'
  | 'expired'
  | 'other_gateway'
  | 'user_gone'
  | 'agent_gone'
  | 'user_header'

export const unauthenticated = (reason: CredentialFault) => refuse('identity/unauthenticated', { evidence: { reason } })

/**
 * RFC 6750 §2.1 only. The scheme is case-insensitive (RFC 9110 §11.1); two headers arrive as one with a comma, which no
 * token contains; a token in the URL ends up in logs, so it is refused even beside a good header (attack case 20).
 */
export function readCredential(request: Request): Result<Credential> {
  if (request.url.includes('?') && new URL(request.url).searchParams.has('access_token'))
    return unauthenticated('in_query')
  const header = request.headers.get('authorization')
  if (header === null) return unauthenticated('missing')
  const token = /^Bearer +([\w.~+/:%!'()*=-]{1,512})$/i.exec(header)?.[1]
  if (token === undefined) return unauthenticated('malformed')
  if (!token.startsWith(appKeyPrefix)) return ok({ kind: 'token', token })
  return ok({ kind: 'app_key', token, onBehalfOf: request.headers.get(userHeader) })
}
