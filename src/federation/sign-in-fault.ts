import type { Refusal } from '../core/result.ts'

const words: Readonly<Record<string, string>> = {
  resource_mismatch: 'its resource metadata is about another address',
  issuer_mismatch: 'the metadata of its authorization server is that of another one',
  no_metadata: 'its authorization server has no metadata',
  bad_metadata: 'its metadata cannot be read',
  no_pkce: 'its authorization server does not say that it has PKCE (S256)',
  endpoint_address: 'its authorization server names an address that may not be called',
  no_authorization_endpoint: 'its authorization server signs in services only, not people',
  no_registration: 'its authorization server does not let us register, and there is no client id of ours',
  registration_refused: 'its authorization server refused to register us',
  provider_taken: 'another provider has its name',
}

/** Why nobody can sign in, in words; the code where there are none. */
export const signInFault = (fault: string): string => words[fault] ?? fault

/** A refusal of a sign-in that could not be set up, with what is wrong at the server. */
export function withSignInFault(refusal: Refusal): Refusal {
  const fault = refusal.evidence?.['fault']
  const known = typeof fault === 'string' ? words[fault] : undefined
  if (refusal.message !== undefined || known === undefined) return refusal
  return { ...refusal, message: `People cannot sign in there: ${known}.` }
}
