import { z } from 'zod'
import { randomToken } from '../core/ids.ts'
import type { Account } from './account.ts'
import type { Visitor } from './connect-api.ts'
import type { Held } from './held.ts'
import type { Provider } from './provider.ts'
import { revokeTokens } from './revoking.ts'
import type { Ticket } from './tickets.ts'
import type { TokenSet } from './token-answer.ts'
import type { VaultUse } from './use.ts'

/** How long a token set waits for the person's yes. Then it goes back to the provider. */
export const confirmWithinMs = 5 * 60_000
const maxTries = 4
const pauseMs = 30_000

const contents = z.object({
  tokens: z.object({
    accessToken: z.string(),
    refreshToken: z.string().nullable(),
    expiresAt: z.number().nullable(),
    refreshExpiresAt: z.number().nullable(),
    scopes: z.array(z.string()).nullable(),
  }),
  account: z.object({
    id: z.string(),
    label: z.string(),
    email: z.string().nullable(),
    details: z.record(z.string(), z.string()),
  }),
})
export type Unconfirmed = { tokens: Omit<TokenSet, 'raw'>; account: Account }

/**
 * Whether the person is shown the account before anything is kept (attack case 30). The browser may be signed in at the
 * provider as somebody else, by accident or because an attacker saw to it; only the person can tell.
 */
export function needsConfirmation(
  use: VaultUse,
  { id, settings }: Provider,
  ticket: Ticket,
  account: Account,
  { email }: Visitor,
): boolean {
  const { confirmAccount } = settings
  if (confirmAccount !== 'unexpected') return confirmAccount === 'always'
  // Renewed, and held against the account it is for; or connected by this person before.
  if (ticket.connection !== null || use.store.ofAccount(id, account.id)) return false
  return email === undefined || account.email?.toLowerCase() !== email.toLowerCase()
}

/** Keeps the tokens sealed until the person has answered. Null when the vault was closed meanwhile. */
export async function hold(use: VaultUse, ticket: Ticket, { tokens, account }: Unconfirmed): Promise<string | null> {
  const id = randomToken()
  const { accessToken, refreshToken, expiresAt, refreshExpiresAt, scopes } = tokens
  const kept = { tokens: { accessToken, refreshToken, expiresAt, refreshExpiresAt, scopes }, account }
  const sealed = await use.keys.seal(placeOf(id, ticket), 'held', 0, JSON.stringify(kept)).catch(() => null)
  if (sealed === null || use.keys.owner()?.status !== 'open') return null
  use.held.add({ id, ticket: ticket.digest, provider: ticket.provider, sealed, until: use.now() + confirmWithinMs })
  // The alarm gives back what nobody answers.
  use.settle()
  return id
}

export async function openHeld(use: VaultUse, held: Held): Promise<Unconfirmed | null> {
  const opened = await use.keys.open({ ...placeOf(held.id, held), generation: 0 }, 'held', held.sealed)
  const parsed = opened.ok ? contents.safeParse(JSON.parse(opened.value)) : null
  return parsed?.success ? parsed.data : null
}

/** Revokes at the provider and forgets. Tried four times; then it is forgotten all the same and the record says so. */
export async function giveBack(use: VaultUse, held: Held): Promise<void> {
  // Before the request: a crash during it counts as a try.
  use.held.retry(held.id, use.now() + pauseMs)
  const [provider, kept] = [await use.provider(held.provider), await openHeld(use, held)]
  const revocation =
    provider.ok && kept ? await revokeUnlessConnected(use, provider.value, kept.tokens, kept.account) : 'failed'
  if (revocation === 'failed' && held.tries + 1 < maxTries && kept) return
  use.held.remove(held.id)
  use.record({ type: 'vault.revoked', attributes: { provider: held.provider, held: true, atProvider: revocation } })
  use.settle()
}

/** Many providers end the whole grant of an account when one of its tokens is revoked, also a connection that is in use. */
export async function revokeUnlessConnected(
  use: VaultUse,
  provider: Provider,
  { accessToken, refreshToken }: Pick<TokenSet, 'accessToken' | 'refreshToken'>,
  account: Pick<Account, 'id' | 'details'>,
) {
  if (use.store.ofAccount(provider.id, account.id)) return 'superseded' as const
  return revokeTokens(use, provider, accessToken, refreshToken, account.details)
}

/** What nobody answered in time, or a crash left behind. Answers when to come again. */
export async function giveBackDue(use: VaultUse): Promise<number | null> {
  for (const held of use.held.due(use.now())) await giveBack(use, held)
  return use.held.next()
}

const placeOf = (id: string, { provider }: { provider: string }) => ({ id, provider })
