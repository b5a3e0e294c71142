import { base64, fromBase64, lengthPrefixed, randomBytes } from '../core/bytes.ts'
import type { Bytes } from '../core/bytes.ts'
import type { KeyRing } from '../core/seal.ts'
import { aesKey, decrypt, encrypt, kek } from '../core/seal.ts'
import { payloadContext } from './leaf.ts'

type Wrapped = { kid: string; wrapped: ArrayBuffer }

/** Where the wrapped keys live: the Ledger's own SQLite. */
export type KeyTable = {
  read(user: string): Wrapped | undefined
  /** Keeps what is there already, so that two writers end with one key. */
  insert(user: string, key: Wrapped): void
  replace(user: string, key: Wrapped): void
  /** True when there was a key. */
  erase(user: string, at: number): boolean
  /** When who was erased. */
  erased(): Map<string, number>
  /** Users whose key is wrapped by another key-encryption key than this one. */
  notUnder(kid: string, limit: number): string[]
}

/**
 * One random AES-256 key per user, wrapped by the key-encryption key ring. Deleting it makes every payload about that
 * user unreadable, wherever a copy of the ciphertext is. Events about nobody use the project's own key (user '').
 */
export class PayloadKeys {
  readonly #project: string
  readonly #ring: KeyRing
  readonly #table: KeyTable
  readonly #keys = new Map<string, Promise<CryptoKey | null>>()
  #erased: Map<string, number> | null = null

  constructor(project: string, ring: KeyRing, table: KeyTable) {
    this.#project = project
    this.#ring = ring
    this.#table = table
  }

  /** base64(iv ‖ ciphertext). */
  async seal(user: string, event: string, nonced: Bytes): Promise<string> {
    const key = await this.#keyOf(user, true)
    if (key === null) throw new Error('no payload key')
    return base64(await encrypt(key, payloadContext(this.#project, user, event), nonced))
  }

  /** `null`: the person was erased, or the text is not what was sealed here. */
  async open(user: string, event: string, sealed: string): Promise<Bytes | null> {
    const key = await this.#keyOf(user, false)
    return key && decrypt(key, payloadContext(this.#project, user, event), fromBase64(sealed))
  }

  /** Final. True when there was a key. */
  erase(user: string, at: number): boolean {
    this.#keys.delete(user)
    this.#erased = null
    return this.#table.erase(user, at)
  }

  /**
   * What happened before somebody was erased may arrive after it, from an outbox: it must not bring back what it says about
   * them under a new key.
   */
  isErased(user: string, at: () => number): boolean {
    this.#erased ??= this.#table.erased()
    const erasedAt = this.#erased.get(user)
    return erasedAt !== undefined && at() <= erasedAt
  }

  /** Puts keys under the active key-encryption key, so that a former one can be taken out of service. */
  async rewrap(limit: number): Promise<{ rewrapped: number; left: boolean }> {
    const { activeKek } = this.#ring
    const users = this.#table.notUnder(activeKek, limit)
    for (const user of users) {
      const stored = this.#table.read(user)
      const context = keyContext(this.#project, user)
      if (stored) this.#table.replace(user, await this.#wrap(await this.#unwrap(stored, context), context))
    }
    return { rewrapped: users.length, left: this.#table.notUnder(activeKek, 1).length > 0 }
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
    const context = keyContext(this.#project, user)
    if (stored === undefined) {
      const raw = randomBytes(32)
      this.#table.insert(user, await this.#wrap(raw, context))
      // Another append may have made one meanwhile: the stored one counts.
      return this.#load(user)
    }
    const raw = await this.#unwrap(stored, context)
    if (stored.kid !== this.#ring.activeKek) this.#table.replace(user, await this.#wrap(raw, context))
    return aesKey(raw)
  }

  async #wrap(raw: Bytes, context: Bytes): Promise<Wrapped> {
    const kid = this.#ring.activeKek
    return { kid, wrapped: (await encrypt(await this.#kek(kid), context, raw)).buffer }
  }

  async #unwrap({ kid, wrapped }: Wrapped, context: Bytes): Promise<Bytes> {
    const raw = await decrypt(await this.#kek(kid), context, new Uint8Array(wrapped))
    if (raw === null) throw new Error('a payload key does not open')
    return raw
  }

  #kek(kid: string): Promise<CryptoKey> {
    const key = kek(this.#ring, kid)
    if (key === null) throw new Error(`BEHALF_KEK_${kid} is missing, but a payload key needs it`)
    return key
  }
}

const keyContext = (project: string, user: string): Bytes => lengthPrefixed('behalf audit payload key 1', project, user)
