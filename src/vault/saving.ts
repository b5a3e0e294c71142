import { base64url, randomBytes } from '../core/bytes.ts'
import type { Account } from './account.ts'
import type { Connection } from './connection.ts'
import { freshGrant } from './connection.ts'
import type { Provider } from './provider.ts'
import { hasMoved } from './provider.ts'
import type { Ticket } from './tickets.ts'
import { calledFrom } from './tickets.ts'
import type { TokenSet } from './token-answer.ts'
import type { VaultUse } from './use.ts'

/**
 * A consent becomes a connection: a new one, or the next generation of the one this account has. Null when the vault was
 * closed meanwhile; the caller then gives the tokens back.
 */
export async function saveConnection(
  use: VaultUse,
  provider: Provider,
  ticket: Ticket,
  tokens: TokenSet,
  account: Account,
): Promise<Connection | null> {
  const known = use.store.ofAccount(provider.id, account.id)
  const id = known?.id ?? base64url(randomBytes(16))
  const generation = (known?.generation ?? 0) + 1
  const place = { id, provider: provider.id }
  const refreshToken = tokens.refreshToken ?? (await keptRefreshToken(use, provider, known))
  const access = await use.keys.seal(place, 'access', generation, tokens.accessToken).catch(() => null)
  const refresh = access && refreshToken && (await use.keys.seal(place, 'refresh', generation, refreshToken))

  const now = use.now()
  const current = use.store.ofAccount(provider.id, account.id)
  const isOpen = use.keys.owner()?.status === 'open'
  if (current?.status === 'suspended' && current.reason !== 'account_changed') return null
  if (!access || !isOpen || (current?.generation ?? 0) + 1 !== generation) return null
  const connection: Connection = {
    id,
    kind: 'user',
    provider: provider.id,
    account: account.id,
    label: account.label,
    scopes: tokens.scopes ?? (provider.spec.scopes.model === 'app' ? [] : ticket.scopes),
    ...freshGrant(tokens.expiresAt, now),
    isDefault: current?.isDefault ?? use.store.ofProvider(provider.id).length === 0,
    generation,
    access,
    refresh,
    refreshExpiresAt: tokens.refreshExpiresAt,
    details: account.details,
    places: provider.places,
    lastUsedAt: current?.lastUsedAt ?? null,
  }
  if (current) use.store.update(id, connection)
  else use.store.insert(connection)
  if (current) use.holders.recall(id)
  use.tickets.end(ticket.digest, 'used')
  use.record({
    type: 'connect.completed',
    ...calledFrom(ticket.why),
    attributes: { connection: id, provider: provider.id, scopes: [...connection.scopes], generation },
    payload: { account: account.id, label: account.label },
  })
  use.settle()
  return connection
}

/** A provider that does not rotate gives its refresh token at the first consent only. */
async function keptRefreshToken(use: VaultUse, provider: Provider, known: Connection | null): Promise<string | null> {
  if (provider.spec.refresh?.rotation !== 'none' || !known?.refresh || hasMoved(known, provider)) return null
  const opened = await use.keys.open(known, 'refresh', known.refresh)
  return opened.ok ? opened.value : null
}
