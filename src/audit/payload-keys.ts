import type { Config } from '../config/config.ts'
import { base64, concat, fromBase64, fromUtf8, lengthPrefixed, randomBytes, utf8 } from '../core/bytes.ts'
import type { Bytes } from '../core/bytes.ts'
import type { CommittedPayload } from './leaf.ts'
import { payloadContext } from './leaf.ts'

type Keks = Pick<Config, 'keks' | 'activeKek'>
type Wrapped = { kid: string; wrapped: ArrayBuffer }

/** Where the wrapped keys live: the Ledger's own SQLite. */
export type KeyTable = {
  read(user: string): Wrapped | undefined
  /** Keeps what is there already, so that two writers end with one key. */
  insert(user: string, key: Wrapped): void
  replace(user: string, key: Wrapped): void
  delete(user: string): boolean
}

const gcm = { name: 'AES-GCM', length: 256 } as const

/**
 * One random AES-256 key per user, wrapped by the key-encryption key ring. Deleting it makes every payload about that
 * user unreadable, wherever a copy of the ciphertext is. Events about nobody use the project's own key (user '').
 */
export class PayloadKeys {
  readonly #project: string
  readonly #config: Keks
  readonly #table: KeyTable
  readonly #keys = new Map<string, Promise<CryptoKey | null>>()

  constructor(project: string, config: Keks, table: KeyTable) {
    this.#project = project
    this.#config = config
    this.#table = table
  }

  /** base64(iv ‖ ciphertext). */
  async seal(user: string, event: string, payload: CommittedPayload): Promise<string> {
    const key = await this.#keyOf(user, true)
    if (key === null) throw new Error('no payload key')
    const iv = randomBytes(12)
    const additionalData = payloadContext(this.#project, user, event)
    const data = utf8(JSON.stringify(payload))
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, data)
    return base64(concat(iv, new Uint8Array(sealed)))
  }

  /** `null`: the person was erased, or the text is not what was sealed here. */
  async open(user: string, event: string, sealed: string): Promise<CommittedPayload | null> {
    const key = await this.#keyOf(user, false)
    if (key === null) return null
    const bytes = fromBase64(sealed)
    const additionalData = payloadContext(this.#project, user, event)
    try {
      const iv = bytes.subarray(0, 12)
      const data = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, bytes.subarray(12))
      return JSON.parse(fromUtf8(new Uint8Array(data))) as CommittedPayload
    } catch {
      return null
    }
  }

  /** Final. True when there was a key. */
  erase(user: string): boolean {
    this.#keys.delete(user)
    return this.#table.delete(user)
  }

  #keyOf(user: string, make: boolean): Promise<CryptoKey | null> {
    const known = this.#keys.get(user)
    if (known) return known
    if (!make && this.#table.read(user) === undefined) return Promise.resolve(null)
    const loading = this.#load(user).catch((cause: unknown) => {
      this.#keys.delete(user)
      throw cause
    })
    this.#keys.set(user, loading)
    // A cache of keys in memory, not of everybody who ever called.
    if (this.#keys.size > 10_000) this.#keys.delete(this.#keys.keys().next().value ?? '')
    return loading
  }

  async #load(user: string): Promise<CryptoKey> {
    const stored = this.#table.read(user)
    const context = lengthPrefixed('behalf audit payload key 1', this.#project, user)
    if (stored === undefined) {
      const raw = randomBytes(32)
      this.#table.insert(user, await this.#wrap(raw, context))
      // Another append may have made one meanwhile: the stored one counts.
      return this.#load(user)
    }
    const raw = await this.#unwrap(stored, context)
    if (stored.kid !== this.#config.activeKek) this.#table.replace(user, await this.#wrap(raw, context))
    return crypto.subtle.importKey('raw', raw, gcm, false, ['encrypt', 'decrypt'])
  }

  async #wrap(raw: Bytes, additionalData: Bytes): Promise<Wrapped> {
    const kid = this.#config.activeKek
    const iv = randomBytes(12)
    const key = await wrappingKey(this.#config, kid)
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, raw)
    return { kid, wrapped: concat(iv, new Uint8Array(sealed)).buffer }
  }

  async #unwrap({ kid, wrapped }: Wrapped, additionalData: Bytes): Promise<Bytes> {
    const bytes = new Uint8Array(wrapped)
    const key = await wrappingKey(this.#config, kid)
    const iv = bytes.subarray(0, 12)
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, bytes.subarray(12)))
  }
}

/** Derived, so that the vault and the record never use one key for two purposes. */
async function wrappingKey(config: Keks, kid: string): Promise<CryptoKey> {
  const kek = config.keks.get(kid)
  if (kek === undefined) throw new Error(`BEHALF_KEK_${kid} is missing, but a payload key needs it`)
  const base = await crypto.subtle.importKey('raw', kek, 'HKDF', false, ['deriveKey'])
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8('behalf audit payload keys') }
  return crypto.subtle.deriveKey(derivation, base, gcm, false, ['encrypt', 'decrypt'])
}
