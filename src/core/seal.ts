import type { Bytes } from './bytes.ts'
import { base64url, concat, fromBase64, fromUtf8, lengthPrefixed, randomBytes, utf8 } from './bytes.ts'
import type { Result } from './result.ts'

/** Key-encryption keys by id; `activeKek` names the one that seals. `Config` is one. */
export type KeyRing = { keks: ReadonlyMap<string, Bytes>; activeKek: string }

/**
 * Why something sealed does not open. All three mean "treat it as absent and say so": a part of the plaintext is never
 * given out. `unknown_key`: sealed under a key this deployment no longer has.
 */
export type OpenFault = 'malformed' | 'unknown_key' | 'integrity'

const ivSize = 12

export function aesKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** AES-256-GCM under a random 96-bit IV, which comes first. `context` is authenticated, not stored. */
export async function encrypt(key: CryptoKey, context: Bytes, plaintext: Bytes): Promise<Bytes> {
  const iv = randomBytes(ivSize)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: context }, key, plaintext)
  return concat(iv, new Uint8Array(sealed))
}

/** Null when the bytes were not sealed with this key and this context. */
export async function decrypt(key: CryptoKey, context: Bytes, sealed: Bytes): Promise<Bytes | null> {
  try {
    const iv = sealed.subarray(0, ivSize)
    const algorithm = { name: 'AES-GCM', iv, additionalData: context }
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed.subarray(ivSize)))
  } catch {
    return null
  }
}

/**
 * A fresh key for one record, wrapped under `key`, and the record under it: `<wrapped key>.<ciphertext>` in base64url. Only the
 * record is bound to `context`: its key opens nothing else, and so it can be wrapped anew without knowing what it is for.
 */
export async function sealWithFreshKey(key: CryptoKey, context: Bytes, plaintext: Bytes): Promise<string> {
  const raw = randomBytes(32)
  const wrapped = await encrypt(key, wrapContext, raw)
  const sealed = await encrypt(await aesKey(raw), context, plaintext)
  return `${base64url(wrapped)}.${base64url(sealed)}`
}

export async function openWithFreshKey(
  key: CryptoKey,
  context: Bytes,
  sealed: string,
): Promise<Result<Bytes, OpenFault>> {
  const [wrapped, data, ...rest] = sealed.split('.').map(bytesOrNull)
  if (!wrapped || !data || rest.length > 0) return fault('malformed')
  const raw = await decrypt(key, wrapContext, wrapped)
  if (raw === null) return fault('integrity')
  const plaintext = await decrypt(await aesKey(raw), context, data)
  return plaintext === null ? fault('integrity') : { ok: true, value: plaintext }
}

const wrapContext = utf8('behalf record key')

const imported = new WeakMap<Bytes, Promise<CryptoKey>>()

/** The key-encryption key with this id, imported once. */
export function kek(ring: KeyRing, id: string): Promise<CryptoKey> | null {
  const raw = ring.keks.get(id)
  if (raw === undefined) return null
  let key = imported.get(raw)
  if (!key) imported.set(raw, (key = aesKey(raw)))
  return key
}

/**
 * Seals a secret of the project, not of a person: a client secret, a tool's secret, a sink's credential.
 * `context` says what it is and whose, e.g. `['provider', project, id]`, and has to be the same when it is opened, so that
 * a blob moved to another row does not open there. Format: `s1.<kid>.<wrapped key>.<ciphertext>`.
 */
export async function sealSecret(ring: KeyRing, context: readonly string[], plaintext: string): Promise<string> {
  const key = kek(ring, ring.activeKek)
  if (key === null) throw new Error(`no key-encryption key ${ring.activeKek}`)
  return `s1.${ring.activeKek}.${await sealWithFreshKey(await key, secretContext(context), utf8(plaintext))}`
}

export async function openSecret(
  ring: KeyRing,
  context: readonly string[],
  sealed: string,
): Promise<Result<string, OpenFault>> {
  const [version, kid, ...rest] = sealed.split('.')
  if (version !== 's1' || kid === undefined) return fault('malformed')
  const key = kek(ring, kid)
  if (key === null) return fault('unknown_key')
  const opened = await openWithFreshKey(await key, secretContext(context), rest.join('.'))
  return opened.ok ? { ok: true, value: fromUtf8(opened.value) } : opened
}

/** The same secret under the active key-encryption key: for taking an old key out of service. */
export async function rewrapSecret(ring: KeyRing, sealed: string): Promise<Result<string, OpenFault>> {
  const [version, kid, wrapped, data, ...rest] = sealed.split('.')
  const bytes = wrapped === undefined ? null : bytesOrNull(wrapped)
  if (version !== 's1' || kid === undefined || bytes === null || data === undefined || rest.length > 0)
    return fault('malformed')
  const from = kek(ring, kid)
  const to = kek(ring, ring.activeKek)
  if (from === null || to === null) return fault('unknown_key')
  const raw = await decrypt(await from, wrapContext, bytes)
  if (raw === null) return fault('integrity')
  return { ok: true, value: `s1.${ring.activeKek}.${base64url(await encrypt(await to, wrapContext, raw))}.${data}` }
}

/** Id of the key-encryption key a secret is sealed under; null when it is not a sealed secret. */
export function sealedUnder(sealed: string): string | null {
  return /^s1\.(\w+)\./.exec(sealed)?.[1] ?? null
}

const secretContext = (context: readonly string[]): Bytes => lengthPrefixed('behalf', 's1', ...context)

/** Null when the text is not base64 or base64url. */
export function bytesOrNull(text: string): Bytes | null {
  try {
    return fromBase64(text)
  } catch {
    return null
  }
}

const fault = (error: OpenFault): { ok: false; error: OpenFault } => ({ ok: false, error })
