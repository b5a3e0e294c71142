import { importPKCS8, SignJWT } from 'jose'
import { uuidv7 } from '../core/ids.ts'
import type { Provider } from './provider.ts'
import type { Values } from './template.ts'
import { fill } from './template.ts'

/** Enough for the way there; a copy is soon worth nothing. */
const lifetimeS = 60

type ClientKey = {
  clientId?: string | undefined
  privateKey: string
  /** Default: RS256. */
  algorithm?: 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | undefined
  keyId?: string | undefined
}

/**
 * How a client shows who it is with a key instead of a secret (`private_key_jwt`, RFC 7523 §2.2): what to add to a token request.
 * The audience is the issuer of the authorization server and nothing else, so that no other can use it (CVE-2025-27370).
 * Null: the server takes no keys, it is not said whose key it is, or it is none of its algorithm.
 */
export async function clientAssertion(
  { spec, values }: Provider,
  { clientId, privateKey, algorithm = 'RS256', keyId }: ClientKey,
  now: number,
): Promise<{ params: Record<string, string>; values: Values } | null> {
  const own = spec.service.clientCredentials?.assertion
  const audience = own ? fill(own.audience, values) : null
  const key = await importPKCS8(privateKey, algorithm).catch(() => null)
  if (audience === null || key === null || clientId === undefined) return null
  const issuedAt = Math.floor(now / 1000)
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(uuidv7(now))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetimeS)
    .sign(key)
  return { params, values: { assertion } }
}

const params = {
  client_id: '{client_id}',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: '{assertion}',
}
