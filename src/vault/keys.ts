import type { Config } from '../config/config.ts'
import type { Result } from '../core/result.ts'
import type { OpenFault } from '../core/seal.ts'
import type { Connection } from './connection.ts'
import type { Owner, UserKey } from './envelope.ts'
import { newUserKey, openRecord, rewrapUserKey, sealRecord, unwrapUserKey, wrappedUnder } from './envelope.ts'

export type OwnerRow = Owner & {
  wrappedKey: string | null
  copiedKey: string | null
  status: 'open' | 'frozen' | 'shredded'
}

/** Whose vault this is, and the user's key. The key is made at the first seal and unwrapped once per life of the object. */
export class OwnerKeys {
  readonly #sql: SqlStorage
  readonly #config: Config
  #key: Promise<UserKey> | null = null

  constructor(sql: SqlStorage, config: Config) {
    this.#sql = sql
    this.#config = config
  }

  owner(): OwnerRow | null {
    const [row] = this.#sql
      .exec<{
        project: string
        user: string
        wrapped_key: string | null
        copied_key: string | null
        status: OwnerRow['status']
      }>('SELECT * FROM owner')
      .toArray()
    if (!row) return null
    const { project, user, wrapped_key: wrappedKey, copied_key: copiedKey, status } = row
    return { project, user, wrappedKey, copiedKey, status }
  }

  /** First contact makes the vault; afterwards it belongs to this project and user for good. */
  claim(owner: Owner, now: number): OwnerRow | null {
    const known = this.owner()
    if (known) return known.project === owner.project && known.user === owner.user ? known : null
    this.#sql.exec(
      "INSERT INTO owner (one, project, user, status, created_at) VALUES (1, ?, ?, 'open', ?)",
      owner.project,
      owner.user,
      now,
    )
    return { ...owner, wrappedKey: null, copiedKey: null, status: 'open' }
  }

  /** Id of the user's key, as every blob names it. */
  keyId(): string | null {
    return this.owner()?.wrappedKey?.split('.')[2] ?? null
  }

  setStatus(status: OwnerRow['status']): void {
    this.#sql.exec('UPDATE owner SET status = ?', status)
  }

  async seal(
    connection: Pick<Connection, 'id' | 'provider'>,
    field: string,
    generation: number,
    text: string,
  ): Promise<string> {
    const owner = this.#owner()
    return sealRecord(await this.#open(), { ...owner, ...place(connection, field, generation) }, text)
  }

  /** `unknown_key`: the deployment lacks the key-encryption key, and nothing is wrong with what is stored. */
  async open(
    connection: Pick<Connection, 'id' | 'provider' | 'generation'>,
    field: 'access' | 'refresh' | 'verifier' | 'held',
    blob: string,
  ): Promise<Result<string, OpenFault>> {
    const key = await this.#open().catch((error: unknown) => error as OpenError)
    if (key instanceof OpenError) return { ok: false, error: key.fault }
    const opened = await openRecord(key, { ...this.#owner(), ...place(connection, field, connection.generation) }, blob)
    // Under another user's key: not a key that is missing here, but a blob that does not belong here.
    return !opened.ok && opened.error === 'unknown_key' ? { ok: false, error: 'integrity' } : opened
  }

  /** KV has this wrapped key now. */
  copied(wrappedKey: string | null): void {
    this.#sql.exec('UPDATE owner SET copied_key = ?', wrappedKey)
  }

  /** Takes up a key from a copy. Only for a vault that has sealed nothing worth keeping. */
  async adopt(wrappedKey: string): Promise<Result<null, OpenFault>> {
    const owner = this.#owner()
    const opened = await unwrapUserKey(this.#config, owner, wrappedKey)
    if (!opened.ok) return opened
    this.#sql.exec('UPDATE owner SET wrapped_key = ?, copied_key = ?', wrappedKey, wrappedKey)
    this.#key = null
    return { ok: true, value: null }
  }

  /** Under the active key-encryption key from now on. Answers whether anything had to be done. */
  async rewrap(): Promise<Result<boolean, OpenFault>> {
    const owner = this.owner()
    if (!owner?.wrappedKey || wrappedUnder(owner.wrappedKey) === this.#config.activeKek)
      return { ok: true, value: false }
    const wrapped = await rewrapUserKey(this.#config, owner, owner.wrappedKey)
    if (!wrapped.ok) return wrapped
    this.#sql.exec('UPDATE owner SET wrapped_key = ? WHERE wrapped_key = ?', wrapped.value, owner.wrappedKey)
    return { ok: true, value: true }
  }

  /** Everything sealed for this user, wherever copies are, is unreadable from here on. */
  destroy(): void {
    this.#key = null
    this.#sql.exec("UPDATE owner SET wrapped_key = NULL, status = 'shredded'")
  }

  #owner(): Owner {
    const owner = this.owner()
    if (!owner) throw new Error('a vault without an owner')
    return { project: owner.project, user: owner.user }
  }

  #open(): Promise<UserKey> {
    this.#key ??= this.#load().catch((error: unknown) => {
      this.#key = null
      throw error
    })
    return this.#key
  }

  async #load(): Promise<UserKey> {
    const owner = this.owner()
    if (!owner || owner.status === 'shredded') throw new OpenError('unknown_key')
    if (owner.wrappedKey === null) return this.#make(owner)
    const opened = await unwrapUserKey(this.#config, owner, owner.wrappedKey)
    if (opened.ok) await this.rewrap()
    if (opened.ok) return opened.value
    // Nothing is sealed under it, so nothing is lost with it: a vault that slept through a rotation begins anew.
    if (opened.error === 'unknown_key' && this.#sealsNothing()) return this.#make(owner)
    throw new OpenError(opened.error)
  }

  async #make(owner: Owner): Promise<UserKey> {
    const { project, user } = owner
    const made = await newUserKey(this.#config, { project, user })
    this.#sql.exec('UPDATE owner SET wrapped_key = ?', made.wrapped)
    return made.key
  }

  #sealsNothing(): boolean {
    const [row] = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM connections').toArray()
    return row?.n === 0
  }
}

/** Inside this file only. */
class OpenError extends Error {
  readonly fault: OpenFault

  constructor(fault: OpenFault) {
    super(`the user's key does not open: ${fault}`)
    this.fault = fault
  }
}

const place = ({ id, provider }: Pick<Connection, 'id' | 'provider'>, field: string, generation: number) => ({
  provider,
  connection: id,
  field,
  generation,
})
