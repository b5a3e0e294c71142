import type { Bytes } from '../core/bytes.ts'
import { base64url, fromUtf8, utf8 } from '../core/bytes.ts'
import { randomToken } from '../core/ids.ts'
import { aesKey, bytesOrNull, decrypt, encrypt } from '../core/seal.ts'

/**
 * What a connect link and an OAuth `state` carry: 256 random bits, and which vault knows them. Sealed, so that it tells
 * nobody for whom it is and cannot be altered; a made-up one is refused before any vault is asked.
 */
export type LinkContent = { user: string; nonce: string }
export type LinkKind = 'connect' | 'state'

const maxLength = 1_000

export async function makeLink(
  stateKey: Bytes,
  kind: LinkKind,
  user: string,
): Promise<{ link: string; nonce: string }> {
  const nonce = randomToken()
  const sealed = await encrypt(await keyFor(stateKey), utf8(kind), utf8(`${nonce}.${user}`))
  return { link: base64url(sealed), nonce }
}

export async function readLink(stateKey: Bytes, kind: LinkKind, link: string): Promise<LinkContent | null> {
  const sealed = link.length <= maxLength ? bytesOrNull(link) : null
  const opened = sealed && (await decrypt(await keyFor(stateKey), utf8(kind), sealed))
  const [nonce, user, ...rest] = opened ? fromUtf8(opened).split('.') : []
  return nonce && user && rest.length === 0 ? { nonce, user } : null
}

const keys = new WeakMap<Bytes, Promise<CryptoKey>>()

function keyFor(stateKey: Bytes): Promise<CryptoKey> {
  let key = keys.get(stateKey)
  if (!key) keys.set(stateKey, (key = derive(stateKey)))
  return key
}

/** The state key has several uses; each has a key of its own (HKDF, RFC 5869). */
async function derive(stateKey: Bytes): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', stateKey, 'HKDF', false, ['deriveBits'])
  const params = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8('behalf connect links') }
  return aesKey(new Uint8Array(await crypto.subtle.deriveBits(params, base, 256)))
}
