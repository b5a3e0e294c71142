import { z } from 'zod'
import type { FoundAuthorization } from '../upstream/upstream.ts'

/** As a spec has them. */
export type Addresses = {
  issuer: string
  authorize: string
  token: string
  revoke: string | null
  api: string
  /** Plain http, which only development knows, by the https that stands in for it. */
  origins: Record<string, string>
}

export function addressesFrom({ url }: { url: string }, found: FoundAuthorization): Addresses {
  const origins: Record<string, string> = {}
  const https = (address: string): string => {
    const { origin } = new URL(address)
    if (!origin.startsWith('http:')) return literal(address)
    origins[origin.replace('http:', 'https:')] = origin
    return literal(address.replace(/^http:/, 'https:'))
  }
  return {
    issuer: literal(found.issuer),
    // Of a server that signs no person in nothing is ever asked there.
    authorize: https(found.authorizationEndpoint ?? found.tokenEndpoint),
    token: https(found.tokenEndpoint),
    revoke: found.revocationEndpoint === null ? null : https(found.revocationEndpoint),
    api: new URL(https(url)).origin,
    origins,
  }
}

/** Refresh tokens and our own secrets go to these, access tokens to the last. */
export const goesTo = ({ issuer, token, revoke, api }: Pick<Addresses, 'issuer' | 'token' | 'revoke' | 'api'>) => [
  issuer,
  token,
  revoke,
  api,
]

/** Whether what is kept for this provider would go nowhere else. */
export function isSame(spec: unknown, addresses: Addresses): boolean {
  const known = keptAddresses.safeParse(spec)
  if (!known.success) return false
  const { issuer, token, revoke, api } = known.data
  const before = { issuer, token: token.url, revoke: revoke?.url ?? null, api: api.base }
  return JSON.stringify(goesTo(before)) === JSON.stringify(goesTo(addresses))
}

const keptAddresses = z.looseObject({
  issuer: z.string(),
  token: z.looseObject({ url: z.string() }),
  revoke: z.looseObject({ url: z.string() }).nullable(),
  api: z.looseObject({ base: z.string() }),
})

/** Braces mean something in a spec, and these addresses were written by somebody else. */
export const literal = (text: string): string => text.replaceAll('{', '{{').replaceAll('}', '}}')
