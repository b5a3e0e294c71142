import type { Result } from '../core/result.ts'
import type { SignInCredential } from '../core/sign-in-provider.ts'
import type { ConnectionView } from './connection.ts'
import type { Certificate } from './offboarding.ts'
import type { IndexedConnection, Restored } from './restoring.ts'
import type { WantedCredential } from './set-credential.ts'
import type { By, TakenBack } from './taking-back.ts'
import type { Why } from './tickets.ts'

/** `none`: no key here. `failed`: it does not open, because its key-encryption key is gone or it was altered. */
export type Rewrapped = 'rewrapped' | 'current' | 'none' | 'failed'

/** `scopes` beyond what the provider's spec always asks for. */
export type WantedAccount = {
  provider: string
  scopes: readonly string[]
  /** The agent that asks for the link, which the page then says. Absent: the person asks, on their own page. */
  asked?: Omit<Why, 'own'>
  /** The gateway's cap: what is beyond is left out. */
  allowedScopes?: readonly string[]
}

/**
 * What the user's own pages, administrators and the directory may do with a vault. Who may is decided by the caller's room;
 * everything is recorded with `by`. No method gives out a token.
 */
export type VaultOwnerApi = {
  connections(): Promise<ConnectionView[]>
  /** What a sign-in at the company gave. Write-only. False: it is not kept. */
  keepSignIn(owner: { project: string; user: string }, credential: SignInCredential): Promise<boolean>
  /** The person signed out. */
  forgetSignIn(by: By): Promise<void>
  /** Our own link for connecting an account, also a further one at the same provider. Refusals: `vault/not_allowed`, `vault/unavailable`. */
  connectLink(owner: { project: string; user: string }, wanted: WantedAccount): Promise<Result<string>>
  /** A service account's own credential. Write-only. Refusals: `core/bad_request`, `vault/not_allowed`, `vault/unavailable`. */
  setCredential(
    owner: { project: string; user: string },
    provider: string,
    wanted: WantedCredential,
    by: By,
  ): Promise<Result<ConnectionView>>
  /** Null: there is no such connection. */
  disconnect(connection: string, by: By): Promise<TakenBack | null>
  disconnectAll(by: By, provider?: string): Promise<TakenBack[]>
  /** False: there is no such connection. */
  makeDefault(connection: string, by: By): Promise<boolean>
  /** Lends nothing of this connection until it is resumed. The grant at the provider stays. */
  suspend(connection: string, by: By): Promise<boolean>
  resume(connection: string, by: By): Promise<boolean>
  /** Leaver: everything is taken back, and nothing can be connected any more. */
  offboard(owner: { project: string; user: string }, by: By): Promise<TakenBack[]>
  /** Undoes `offboard` for the future: the connections do not come back. */
  reopen(by: By): Promise<boolean>
  shred(owner: { project: string; user: string }, by: By): Promise<Certificate | null>
  /** Puts the user's key under the active key-encryption key. */
  rewrap(): Promise<Rewrapped>
  /** Null: this vault is not lost. `recoveryKey`: PKCS #8, base64. */
  restore(
    owner: { project: string; user: string },
    rows: IndexedConnection[],
    recoveryKey: string | null,
  ): Promise<Restored | null>
}
