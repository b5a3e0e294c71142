import type { Result } from '../core/result.ts'

/** The person at the browser, as our own session cookie says. Null where nobody is signed in. */
export type Visitor = { project: string; user: string; email?: string }

/** One account that a call waits for, as the connect page shows it. */
export type PendingConnect = {
  ticket: string
  state: 'open' | 'done' | 'over'
  provider: { id: string; name: string }
  /** What will be asked for. Empty where permissions are set at the provider's application. */
  scopes: readonly string[]
  /** Of those, what is granted already. */
  granted: readonly string[]
  /** The account it is to be, where it renews or widens a connection. */
  account: string | null
  /** Null: the person asked for it on their own page. */
  agent: { name: string; host: string | null } | null
  gateway: string
  tool: string
  /** The MCP server whose lists an administrator wants to read with this grant. Null: it is for calls. */
  listsOf: string | null
}

export type ConnectStart = {
  authorizeUrl: string
  state: string
  provider: { id: string; name: string }
  ticket: string
}

/** Every way the browser leg can end. Each has a page of its own. */
export type ConnectEnd =
  | {
      kind: 'connected'
      provider: string
      account: string
      connection: string
      /** Asked for and not granted. */
      missing: readonly string[]
      /** Other accounts the same call waits for. */
      remaining: number
    }
  | {
      /** Nothing is kept before the person has said that this account is theirs. */
      kind: 'confirm'
      provider: string
      account: string
      /** The provider's own id of it. Null: it says nothing of its accounts, and the label is only its own name. */
      accountId: string | null
      email: string | null
      held: string
    }
  | { kind: 'declined'; provider: string }
  /** The person said that the account is not theirs. */
  | { kind: 'not_mine'; provider: string }
  | { kind: 'swapped_account'; provider: string; expected: string; got: string }
  | { kind: 'wrong_domain'; provider: string; account: string; domains: readonly string[] }
  | { kind: 'failed'; provider: string; reason: string }

/** How a browser can turn out to be the wrong one. */
export type Mismatch = 'other_person' | 'other_tenant' | 'other_browser'

/** Refusals: `connect/invalid` (unknown, used or expired), `connect/wrong_person` (and the ticket is burned). */
export type VaultConnectApi = {
  /** What waits behind this link. Changes nothing, except that the wrong person burns it. */
  viewConnect(nonce: string, visitor: Visitor): Promise<Result<PendingConnect[]>>
  startConnect(nonce: string, ticket: string, visitor: Visitor): Promise<Result<ConnectStart>>
  finishConnect(answer: ConnectAnswer): Promise<Result<ConnectEnd>>
  /** The person's answer to `confirm`, once. A no gives the tokens back to the provider. */
  confirmConnect(held: string, visitor: Visitor, accept: boolean): Promise<Result<ConnectEnd>>
  /** The state came back to a browser that it was not given to. */
  refuseConnect(stateNonce: string, mismatch: Mismatch): Promise<void>
}

/** What the provider's redirect brought, with who brought it. */
export type ConnectAnswer = {
  stateNonce: string
  provider: string
  /** The whole query of the callback. */
  query: string
  visitor: Visitor
}
