import type { Config } from '../config/config.ts'
import type { Result } from '../core/result.ts'
import type { OpenFault } from '../core/seal.ts'
import type { Connection } from './connection.ts'
import type { Owner, UserKey } from './envelope.ts'
import { newUserKey, openRecord, rewrapUserKey, sealRecord, unwrapUserKey, wrappedUnder } from './envelope.ts'

export type OwnerRow = Owner & { wrappedKey: string | null; status: 'open' | 'frozen' | 'shredded' }

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
      .exec<{ project: string; user: string; wrapped_key: string | null; status: OwnerRow['status'] }>(
        'SELECT * FROM owner',
      )
      .toArray()
    return row ? { project: row.project, user: row.user, wrappedKey: row.wrapped_key, status: row.status } : null
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
    return { ...owner, wrappedKey: null, status: 'open' }
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

  async open(
    connection: Pick<Connection, 'id' | 'provider' | 'generation'>,
    field: 'access' | 'refresh' | 'verifier',
    blob: string,
  ): Promise<Result<string, OpenFault>> {
    const key = await this.#open().catch((error: unknown) => error as OpenError)
    if (key instanceof OpenError) return { ok: false, error: key.fault }
    return openRecord(key, { ...this.#owner(), ...place(connection, field, connection.generation) }, blob)
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
    if (owner.wrappedKey === null) {
      const made = await newUserKey(this.#config, owner)
      this.#sql.exec('UPDATE owner SET wrapped_key = ? WHERE wrapped_key IS NULL', made.wrapped)
      return made.key
    }
    const opened = await unwrapUserKey(this.#config, owner, owner.wrappedKey)
    if (!opened.ok) throw new OpenError(opened.error)
    return opened.value
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
