import type { Result } from '../core/result.ts'

/** Why the credential is wanted: shown on the connect page and recorded. Identity comes from the verified caller only. */
export type LeaseRequest = {
  project: string
  user: string
  session: string
  provider: string
  scopes: readonly string[]
  /** Asked for as well when the person has to be asked anyway: one consent for all tools of a gateway. */
  askScopes?: readonly string[]
  /** The gateway's cap: nothing beyond is ever asked for. Absent: no cap. */
  allowedScopes?: readonly string[]
  /** Account label or id, when the caller or a rule chose one. */
  account?: string
  /** The gateway's: only accounts with one of these names (`*` for any part) may be used or connected. */
  accounts?: readonly string[]
  /** After a 401 with this generation: refresh only if nobody has meanwhile. */
  seenGeneration?: number
  /** `user` is a service account: nobody can be asked, so what is missing an administrator has to set. */
  service?: boolean
  why: {
    callId: string
    gateway: string
    /** For the record. Absent where no gateway is concerned. */
    gatewayId?: string
    agentId: string
    agentName: string
    agentHost?: string
    tool: string
    /** The MCP server whose lists an administrator wants read with this grant; no agent is behind it. */
    listsOf?: string
  }
}

/**
 * A credential in a session's memory, at most 5 minutes (promise 2). Never stored, logged or shown.
 * The Vault remembers who holds one and calls it back with `SessionControl.recallLeases`.
 */
export type Lease = {
  connection: string
  generation: number
  provider: string
  account: string
  accountLabel: string
  scopes: readonly string[]
  connectedAt: number
  /** The access token. Only the authorized fetch of this room reads it. */
  secret: string
  /** Lease end, epoch ms. */
  expiresAt: number
  /** Origins the token may be sent to, e.g. `https://api.github.com`. */
  allowedOrigins: readonly string[]
  /** Origins at which it may be exchanged for another (RFC 8693): the provider's token endpoint, and the former. */
  exchangeOrigins: readonly string[]
  /** Base of the provider's API for this account, without a trailing slash. */
  apiBase: string
  /** How the token is put on: `authorization: Bearer …` with nearly every provider. */
  header: { name: string; prefix: string }
  /** Development only: URL prefixes of the provider, and the stand-ins that answer instead. */
  standIns?: Readonly<Record<string, string>>
}

/** Refusals: `vault/authorization_needed` (help.url is our connect page), `vault/unavailable`, `vault/account_ambiguous`, `vault/not_allowed`. */
export type VaultApi = {
  lease(request: LeaseRequest): Promise<Result<Lease>>
}
