import type { Bytes } from '../core/bytes.ts'
import { base64url, fromUtf8, lengthPrefixed, randomBytes, utf8 } from '../core/bytes.ts'
import type { Result } from '../core/result.ts'
import type { KeyRing, OpenFault } from '../core/seal.ts'
import { aesKey, bytesOrNull, decrypt, encrypt, kek, openWithFreshKey, sealWithFreshKey } from '../core/seal.ts'

/**
 * Key-encryption key (Worker secret) → key per user → key per record. Rotating the first rewraps one small blob per user;
 * deleting the second makes everything of that user unreadable, wherever copies are.
 */
export type UserKey = { id: string; key: CryptoKey }

export type Owner = { project: string; user: string }

/** Where a record belongs. Part of what is authenticated: a blob moved anywhere else does not open (attack case 39). */
export type Place = Owner & { provider: string; connection: string; field: string; generation: number }

/** `wrapped` is `k1.<kid>.<id>.<iv and ciphertext>`. */
export async function newUserKey(ring: KeyRing, owner: Owner): Promise<{ wrapped: string; key: UserKey }> {
  const id = base64url(randomBytes(9))
  const raw = randomBytes(32)
  return { wrapped: await wrap(ring, owner, id, raw), key: { id, key: await aesKey(raw) } }
}

export async function unwrapUserKey(ring: KeyRing, owner: Owner, wrapped: string): Promise<Result<UserKey, OpenFault>> {
  const raw = await unwrap(ring, owner, wrapped)
  return raw.ok ? { ok: true, value: { id: raw.value.id, key: await aesKey(raw.value.bytes) } } : raw
}

/** The same user key under the active key-encryption key. */
export async function rewrapUserKey(ring: KeyRing, owner: Owner, wrapped: string): Promise<Result<string, OpenFault>> {
  const raw = await unwrap(ring, owner, wrapped)
  return raw.ok ? { ok: true, value: await wrap(ring, owner, raw.value.id, raw.value.bytes) } : raw
}

/** Id of the key-encryption key a user key is wrapped under. */
export function wrappedUnder(wrapped: string): string | null {
  return /^k1\.(\w+)\./.exec(wrapped)?.[1] ?? null
}

/** `b1.<user key id>.<wrapped record key>.<ciphertext>` */
export async function sealRecord(userKey: UserKey, place: Place, plaintext: string): Promise<string> {
  return `b1.${userKey.id}.${await sealWithFreshKey(userKey.key, recordContext(place), utf8(plaintext))}`
}

export async function openRecord(userKey: UserKey, place: Place, blob: string): Promise<Result<string, OpenFault>> {
  const [version, keyId, ...rest] = blob.split('.')
  if (version !== 'b1' || keyId === undefined) return fault('malformed')
  if (keyId !== userKey.id) return fault('unknown_key')
  const opened = await openWithFreshKey(userKey.key, recordContext(place), rest.join('.'))
  return opened.ok ? { ok: true, value: fromUtf8(opened.value) } : opened
}

function recordContext({ project, user, provider, connection, field, generation }: Place): Bytes {
  return lengthPrefixed('b1', project, user, provider, connection, field, String(generation))
}

const keyContext = ({ project, user }: Owner, kid: string, id: string): Bytes =>
  lengthPrefixed('k1', kid, id, project, user)

async function wrap(ring: KeyRing, owner: Owner, id: string, raw: Bytes): Promise<string> {
  const key = kek(ring, ring.activeKek)
  if (key === null) throw new Error(`no key-encryption key ${ring.activeKek}`)
  const sealed = await encrypt(await key, keyContext(owner, ring.activeKek, id), raw)
  return `k1.${ring.activeKek}.${id}.${base64url(sealed)}`
}

async function unwrap(
  ring: KeyRing,
  owner: Owner,
  wrapped: string,
): Promise<Result<{ id: string; bytes: Bytes }, OpenFault>> {
  const parts = /^k1\.(\w+)\.([\w-]+)\.([\w-]+)$/.exec(wrapped)
  if (!parts) return fault('malformed')
  const [, kid = '', id = '', sealed = ''] = parts
  const key = kek(ring, kid)
  if (key === null) return fault('unknown_key')
  const data = bytesOrNull(sealed)
  if (data === null) return fault('malformed')
  const bytes = await decrypt(await key, keyContext(owner, kid, id), data)
  return bytes === null ? fault('integrity') : { ok: true, value: { id, bytes } }
}

const fault = (error: OpenFault): { ok: false; error: OpenFault } => ({ ok: false, error })
