import { matchesGlob, parseGlob } from '../core/glob.ts'
import type { Refused, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { pause } from '../core/timer.ts'
import type { Lease, LeaseRequest } from './api.ts'
import type { Connection } from './connection.ts'
import { effectiveScopes } from './connection.ts'
import { offerConnect } from './offering.ts'
import type { Provider } from './provider.ts'
import { apiOrigins, exchangeOrigins, hasMoved } from './provider.ts'
import { checkAccount, integrityLost, refresh } from './refreshing.ts'
import { plan } from './refresh.ts'
import type { VaultUse } from './use.ts'

export const leaseMs = 5 * 60_000
/** While a refresh keeps failing, the old token is lent for a shorter time. */
const staleLeaseMs = 30_000

/** One per connection at a time: input gates do not cover `fetch`. */
export type Flights = Map<string, Promise<void>>

/**
 * Lends the access token of the connection that fits. Refreshes it first when its time is near, once for all who ask.
 * What to do is decided anew after each step, because a disconnect or a consent may have come in between.
 */
export async function lease(use: VaultUse, flights: Flights, request: LeaseRequest): Promise<Result<Lease>> {
  const provider = await use.provider(request.provider)
  if (!provider.ok) return provider
  let { seenGeneration } = request
  const ask = (connection: Connection | null, reason: string): Promise<Refused> | Refused =>
    request.service
      ? refuse('vault/secret_missing', { evidence: { provider: provider.value.id, scopes: request.scopes, reason } })
      : offerConnect(use, provider.value, request, connection, reason)
  for (let steps = 0; steps < 12; steps++) {
    const allowed = use.store.ofProvider(request.provider).filter((one) => isNamed(one, request.accounts))
    const chosen = choose(allowed, request.account)
    if (!chosen.ok) return chosen
    const connection = chosen.value
    if (!connection) return ask(null, 'not_connected')
    if (connection.status === 'suspended') {
      // By an administrator: a new consent of the user must not undo it.
      if (connection.reason !== 'account_changed') {
        return refuse('vault/not_allowed', { evidence: { fault: 'suspended', connection: connection.id } })
      }
      return ask(connection, connection.reason)
    }
    if (hasMoved(connection, provider.value)) return ask(connection, 'provider_moved')
    // Whoever comes during a refresh waits for its end: the old token may be dead already.
    const running = flights.get(connection.id)
    if (running) {
      await running
      continue
    }
    const missing = missingScopes(provider.value, connection, request.scopes)
    if (missing.length > 0) return ask(connection, 'scopes_missing')

    const now = use.now()
    const next = connection.accountUnchecked ? ({ do: 'check' } as const) : plan(connection, now, seenGeneration)
    switch (next.do) {
      case 'use': {
        const lent = await lend(use, provider.value, connection, request.session)
        if (lent !== 'changed') return lent
        break
      }
      case 'refresh':
        await inFlight(flights, connection.id, () => refresh(use, connection, provider.value))
        break
      case 'check':
        await inFlight(flights, connection.id, () => checkAccount(use, connection, provider.value))
        break
      case 'probe':
        await inFlight(flights, connection.id, () => checkAccount(use, connection, provider.value))
        // Not dead by the provider's own word: the same token again, and the API's refusal stands.
        seenGeneration = undefined
        break
      case 'wait':
        await inFlight(flights, connection.id, () => pause(next.untilAt - now))
        break
      case 'back_off':
        return unavailable(connection, next.untilAt - now)
      case 'sign_in':
        return ask(connection, next.reason)
    }
  }
  return refuse('vault/unavailable', {
    retryAfterMs: 1_000,
    evidence: { fault: 'unsettled', provider: request.provider },
  })
}

export function inFlight(flights: Flights, id: string, start: () => Promise<void>): Promise<void> {
  const running = flights.get(id)
  if (running) return running
  const flight = start().finally(() => flights.delete(id))
  flights.set(id, flight)
  return flight
}

/** A gateway may be for some accounts only, e.g. `*@acme.com`. */
export function isNamed({ label, account }: Pick<Connection, 'label' | 'account'>, names?: readonly string[]): boolean {
  if (names === undefined) return true
  return names.some((name) => [label, account].some((text) => matchesGlob(parseGlob(name), text)))
}

/** By argument (name, account or id), else the default, else the only one. Several without a default: the person says. */
export function choose(connections: readonly Connection[], account?: string): Result<Connection | null> {
  if (connections.length === 0) return ok(null)
  if (account !== undefined) {
    const wanted = account.trim().toLowerCase()
    const named = connections.filter((one) => nameAmong(connections, one).toLowerCase() === wanted)
    const meant = named.length > 0 ? named : connections.filter((one) => one.id === account || one.account === account)
    return meant.length === 1 ? ok(meant[0] ?? null) : ambiguous(connections)
  }
  const standard = connections.find((one) => one.isDefault) ?? (connections.length === 1 ? connections[0] : undefined)
  return standard ? ok(standard) : ambiguous(connections)
}

/** Its label, with the provider's own id of the account where two have the same. */
function nameAmong(connections: readonly Connection[], { label, account }: Connection): string {
  const same = connections.filter((one) => one.label.toLowerCase() === label.toLowerCase())
  return same.length > 1 ? `${label} (${account})` : label
}

/** More than this nobody chooses from; the others can still be named. */
const mostChoices = 50

function ambiguous(connections: readonly Connection[]): Refused {
  const choices = connections.map((one) => nameAmong(connections, one)).slice(0, mostChoices)
  const text = `Say which account: ${choices.join(', ')}. Ask the person if you do not know, and call again with "account" set to it.`
  return refuse('vault/account_ambiguous', { help: { text, choices } })
}

export function missingScopes(provider: Provider, connection: Connection, needed: readonly string[]): string[] {
  const { model, implies, always } = provider.spec.scopes
  if (model === 'app') return []
  // What is always asked for is for us, and some providers never report it (`offline_access`).
  const granted = [...effectiveScopes(connection.scopes, implies), ...always]
  return needed.filter((scope) => !granted.includes(scope))
}

/** 'changed': something happened to the connection while its token was being opened. */
async function lend(
  use: VaultUse,
  provider: Provider,
  connection: Connection,
  session: string,
): Promise<Result<Lease> | 'changed'> {
  const opened = connection.access === null ? null : await use.keys.open(connection, 'access', connection.access)
  const current = use.store.get(connection.id)
  if (!current || current.generation !== connection.generation || current.status !== connection.status) return 'changed'
  if (!opened || !opened.ok) {
    integrityLost(use, connection, 'access', opened ? opened.error : 'absent')
    if (opened?.error === 'unknown_key') return unavailable(connection, 30_000)
    return 'changed'
  }
  const api = apiOrigins(provider, { details: connection.details })
  if (!api) return refuse('vault/unavailable', { evidence: { fault: 'api_base_not_allowed', provider: provider.id } })
  const now = use.now()
  const end = connection.accessExpiresAt ?? Number.POSITIVE_INFINITY
  const expiresAt = Math.min(now + (connection.failures > 0 ? staleLeaseMs : leaseMs), end)
  // On disk before the token leaves (output gate), in the same turn as the last look at the connection.
  use.holders.hold(connection.id, session, expiresAt)
  if (connection.lastUsedAt === null || connection.lastUsedAt + 3_600_000 < now) use.store.touch(connection.id, now)
  return ok({
    connection: connection.id,
    generation: connection.generation,
    provider: provider.id,
    account: connection.account,
    accountLabel: connection.label,
    scopes: effectiveScopes(connection.scopes, provider.spec.scopes.implies),
    connectedAt: connection.connectedAt,
    secret: opened.value,
    expiresAt,
    allowedOrigins: api.origins,
    exchangeOrigins: exchangeOrigins(provider, connection.details),
    apiBase: api.base,
    header: (connection.kind === 'api_key' && provider.spec.service.apiKey.header) || provider.spec.api.header,
    ...(Object.keys(provider.settings.origins).length > 0 ? { standIns: provider.settings.origins } : {}),
  })
}

function unavailable(connection: Connection, retryAfterMs: number): Refused {
  const { id, provider, failures } = connection
  return refuse('vault/unavailable', {
    retryAfterMs,
    evidence: { fault: 'refresh_failing', connection: id, provider, failures },
  })
}
