import { z } from 'zod'
import type { Bytes } from './bytes.ts'
import { base64url, fromUtf8, hmac, hmacKey, lengthPrefixed, utf8 } from './bytes.ts'
import type { Json } from './json.ts'
import { aesKey, bytesOrNull, decrypt, encrypt } from './seal.ts'

/**
 * What a browser or a client carries for us and must neither read nor change: cookies, form state, request state.
 * `purpose` gives each use its own key, so that what was sealed for one never opens for another.
 */
export async function sealState(key: Bytes, purpose: string, state: Json, expiresAt: number): Promise<string> {
  const plaintext = utf8(JSON.stringify({ expiresAt, state }))
  return base64url(await encrypt(await purposeKey(key, purpose), stateContext, plaintext))
}

const envelope = z.object({ expiresAt: z.number(), state: z.json() })

/** Null when it is not ours, was changed, is for another purpose, or has expired. */
export async function openState(key: Bytes, purpose: string, sealed: string, now: number): Promise<Json | null> {
  const bytes = bytesOrNull(sealed)
  if (bytes === null) return null
  const plaintext = await decrypt(await purposeKey(key, purpose), stateContext, bytes)
  if (plaintext === null) return null
  const { expiresAt, state } = envelope.parse(JSON.parse(fromUtf8(plaintext)))
  return now < expiresAt ? (state as Json) : null
}

const stateContext = lengthPrefixed('behalf', 'state', '1')
const purposeKeys = new WeakMap<Bytes, Map<string, Promise<CryptoKey>>>()

/** HMAC as the extract-and-expand step: the state key is uniform already (RFC 5869 §3.3). */
function purposeKey(key: Bytes, purpose: string): Promise<CryptoKey> {
  const known = purposeKeys.get(key) ?? new Map<string, Promise<CryptoKey>>()
  purposeKeys.set(key, known)
  let found = known.get(purpose)
  if (!found) known.set(purpose, (found = derive(key, purpose)))
  return found
}

async function derive(key: Bytes, purpose: string): Promise<CryptoKey> {
  return aesKey(await hmac(await hmacKey(key), lengthPrefixed('behalf', 'state', purpose)))
}
