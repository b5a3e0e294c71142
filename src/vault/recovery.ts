import type { Bytes } from '../core/bytes.ts'
import { base64url, concat, lengthPrefixed, utf8 } from '../core/bytes.ts'
import { fromUtf8 } from '../core/bytes.ts'
import { aesKey, bytesOrNull, decrypt, encrypt } from '../core/seal.ts'

/**
 * Sealing to a key whose private half this deployment does not have: a copy of a refresh token that only the company can open,
 * with a key it keeps offline. Ephemeral-static ECDH on P-256, HKDF-SHA-256, AES-256-GCM (the construction of RFC 9180's base mode).
 */
const curve = { name: 'ECDH', namedCurve: 'P-256' } as const
const pointSize = 65

export async function sealToRecoveryKey(recoveryKey: Bytes, context: Bytes, plaintext: string): Promise<string> {
  const to = await crypto.subtle.importKey('raw', recoveryKey, curve, false, [])
  const pair = (await crypto.subtle.generateKey(curve, false, ['deriveBits'])) as CryptoKeyPair
  const point = new Uint8Array((await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer)
  const key = await sharedKey(pair.privateKey, to, point, recoveryKey)
  return `r1.${base64url(concat(point, await encrypt(key, context, utf8(plaintext))))}`
}

/** `privateKey`: PKCS #8. Null when it is another key, another place, or no such seal. */
export async function openWithRecoveryKey(privateKey: Bytes, context: Bytes, sealed: string): Promise<string | null> {
  const bytes = sealed.startsWith('r1.') ? bytesOrNull(sealed.slice(3)) : null
  if (bytes === null || bytes.length <= pointSize) return null
  const point = bytes.subarray(0, pointSize)
  try {
    const own = await crypto.subtle.importKey('pkcs8', privateKey, curve, true, ['deriveBits'])
    const from = await crypto.subtle.importKey('raw', point, curve, false, [])
    const key = await sharedKey(own, from, point, await publicPoint(own))
    const opened = await decrypt(key, context, bytes.subarray(pointSize))
    return opened && fromUtf8(opened)
  } catch {
    return null
  }
}

/** Where a recovery copy belongs: like a record, but without the user's key. */
export const recoveryContext = (project: string, user: string, connection: string, generation: number): Bytes =>
  lengthPrefixed('r1', project, user, connection, String(generation))

async function sharedKey(own: CryptoKey, other: CryptoKey, ephemeral: Bytes, recipient: Bytes): Promise<CryptoKey> {
  const secret = await crypto.subtle.deriveBits(
    { name: 'ECDH', public: other } as unknown as SubtleCryptoDeriveKeyAlgorithm,
    own,
    256,
  )
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const info = lengthPrefixed('behalf recovery', ephemeral, recipient)
  const params = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info }
  return aesKey(new Uint8Array(await crypto.subtle.deriveBits(params, base, 256)))
}

async function publicPoint(privateKey: CryptoKey): Promise<Bytes> {
  const jwk = (await crypto.subtle.exportKey('jwk', privateKey)) as JsonWebKey
  const x = bytesOrNull(jwk.x ?? '')
  const y = bytesOrNull(jwk.y ?? '')
  if (!x || !y) throw new Error('not an elliptic-curve key')
  return concat(Uint8Array.of(4), x, y)
}
