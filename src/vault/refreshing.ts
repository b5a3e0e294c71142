import type { OpenFault } from '../core/seal.ts'
import { accountInAnswer, probeAccount } from './account.ts'
import type { Connection } from './connection.ts'
import type { Provider } from './provider.ts'
import type { RequestSpec } from './provider-spec.ts'
import { afterFailure, youngMs } from './refresh.ts'
import { isOwnIdToken } from './signed-in.ts'
import type { ServiceGrant } from './service-credential.ts'
import { isService, readCredential, serviceGrant } from './service-credential.ts'
import { revokeTokens } from './revoking.ts'
import type { TokenAnswer, TokenSet } from './token-answer.ts'
import { askTokenEndpoint, introspected } from './token-endpoint.ts'
import type { VaultUse } from './use.ts'

/**
 * One refresh, start to end. The caller sees to it that only one runs per connection. The attempt is on disk before the
 * request leaves: an instance that finds it there knows that an answer may have been lost.
 */
export async function refresh(use: VaultUse, connection: Connection, provider: Provider): Promise<void> {
  const { id } = connection
  // In the same turn as the decision to refresh: no one else can decide the same before this is written.
  const attemptAt = use.now()
  const started = { ...connection, attemptAt, attemptTries: connection.attemptTries + 1 }
  use.store.update(id, { attemptAt, attemptTries: started.attemptTries })
  const opened = connection.refresh && (await use.keys.open(connection, 'refresh', connection.refresh))
  if (!opened || !opened.ok) return integrityLost(use, connection, 'refresh', opened ? opened.error : 'absent')
  await use.storage.sync()

  const grant = await grantOf(use, connection, provider, opened.value)
  if (!grant) return integrityLost(use, connection, 'refresh', 'malformed')
  const answer = await askTokenEndpoint(grant.provider, use.egress, grant.request, grant.values, use.now())
  if (answer.kind !== 'tokens') return failed(use, started, answer, provider)

  const isOther = isOtherAccount(provider, connection, answer.tokens, use.now())
  const stored = !isOther && (await store(use, started, provider, answer.tokens, opened.value))
  if (isOther && isCurrent(use, started)) suspend(use, started)
  // Disconnected meanwhile, or not this person's: nobody may keep what just came.
  if (!stored)
    await revokeTokens(use, grant.provider, answer.tokens.accessToken, answer.tokens.refreshToken, connection.details)
}

/** What is kept is a refresh token, or a service account's own credential. */
async function grantOf(
  use: VaultUse,
  { kind, scopes, details }: Connection,
  provider: Provider,
  kept: string,
): Promise<ServiceGrant | null> {
  if (kind !== 'user') {
    const credential = readCredential(kept)
    if (credential === null || credential.kind === 'api_key') return null
    return serviceGrant(provider, credential, scopes, use.now())
  }
  const values = { refresh_token: kept, existing_scopes: scopes.join(provider.spec.scopes.separator), details }
  const answer = provider.spec.refresh?.answer
  const as = answer ? { ...provider, spec: { ...provider.spec, conforming: false, answer } } : provider
  return { provider: as, request: refreshRequest(provider), values }
}

function refreshRequest({ spec }: Provider): RequestSpec {
  const { url, method, auth, format, headers, params = {} } = spec.refresh ?? {}
  const own = { url, method, auth, format, headers }
  return {
    ...spec.token,
    ...(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Partial<RequestSpec>),
    params: { grant_type: 'refresh_token', refresh_token: '{refresh_token}', ...params },
  }
}

/** Nothing happened to the connection while something was waited for. */
function isCurrent(use: VaultUse, { id, generation, attemptAt, status }: Connection): boolean {
  const current = use.store.get(id)
  return current?.generation === generation && current.attemptAt === attemptAt && current.status === status
}

function isOtherAccount(provider: Provider, connection: Connection, tokens: TokenSet, now: number): boolean {
  if (isService(connection)) return false
  if (provider.signIn) return !isOwnIdToken(tokens.accessToken, provider.signIn, connection.account, now)
  const named = accountInAnswer(provider, tokens.raw)
  return named !== null && named !== connection.account
}

/** Seals first, then writes everything in one turn, if the connection is still the one that was refreshed. */
async function store(
  use: VaultUse,
  before: Connection,
  provider: Provider,
  tokens: TokenSet,
  usedRefreshToken: string,
): Promise<boolean> {
  const generation = before.generation + 1
  const access = await use.keys.seal(before, 'access', generation, tokens.accessToken).catch(() => null)
  const isOwn = isService(before)
  const refreshToken = isOwn ? usedRefreshToken : (tokens.refreshToken ?? usedRefreshToken)
  const sealed = access && (await use.keys.seal(before, 'refresh', generation, refreshToken))
  const now = use.now()
  if (!sealed || !isCurrent(use, before)) return false
  use.store.update(before.id, {
    generation,
    access,
    accessExpiresAt: tokens.expiresAt,
    accessLifetimeMs: tokens.expiresAt === null ? null : tokens.expiresAt - now,
    tokenAt: now,
    refresh: sealed,
    refreshExpiresAt: tokens.refreshExpiresAt ?? (tokens.refreshToken === null ? before.refreshExpiresAt : null),
    scopes: isOwn ? before.scopes : (tokens.scopes ?? before.scopes),
    attemptAt: null,
    attemptTries: 0,
    uncertain: false,
    failures: 0,
    retryAt: null,
    accountUnchecked: !isOwn && (provider.spec.account.request !== undefined || provider.spec.introspect !== undefined),
    updatedAt: now,
  })
  use.record({
    type: 'vault.refreshed',
    attributes: {
      connection: before.id,
      provider: before.provider,
      generation,
      rotated: !isOwn && tokens.refreshToken !== null && tokens.refreshToken !== usedRefreshToken,
      recovered: before.attemptTries > 1 || before.uncertain,
    },
  })
  use.settle()
  return true
}

function failed(
  use: VaultUse,
  started: Connection,
  answer: Exclude<TokenAnswer, { kind: 'tokens' }>,
  { spec }: Provider,
): void {
  if (!isCurrent(use, started)) return
  const now = use.now()
  const setback = afterFailure(started, answer, now, spec.refresh?.leewayMs)
  use.store.update(started.id, { ...setback, updatedAt: now })
  use.record({
    type: 'vault.refresh_failed',
    attributes: {
      connection: started.id,
      provider: started.provider,
      kind: answer.kind,
      error: answer.kind === 'later' ? answer.reason : answer.error,
      status: setback.status,
      reason: setback.reason,
    },
  })
  use.settle()
}

function suspend(use: VaultUse, connection: Connection): void {
  use.store.update(connection.id, {
    status: 'suspended',
    reason: 'account_changed',
    access: null,
    refresh: null,
    attemptAt: null,
    updatedAt: use.now(),
  })
  use.holders.recall(connection.id)
  use.record({
    type: 'vault.refresh_failed',
    attributes: {
      connection: connection.id,
      provider: connection.provider,
      kind: 'account_changed',
      status: 'suspended',
    },
  })
  use.settle()
}

const keyPauseMs = 30_000

/**
 * A sealed value that does not open is treated as absent, and said loudly (attack case 39). But a deployment that lacks the
 * key-encryption key must not destroy what that key, once it is back, will open: then only a pause is noted.
 */
export function integrityLost(use: VaultUse, connection: Connection, field: string, fault: OpenFault | 'absent'): void {
  if (use.store.get(connection.id)?.status === 'revoking') return
  const now = use.now()
  const lost = { status: 'needs_sign_in', reason: 'integrity', access: null, refresh: null } as const
  const { attemptAt, attemptTries } = connection
  if (fault === 'unknown_key') use.store.update(connection.id, { attemptAt, attemptTries, retryAt: now + keyPauseMs })
  else use.store.update(connection.id, { ...lost, attemptAt: null, updatedAt: now })
  use.record({
    type: 'vault.integrity',
    attributes: { connection: connection.id, provider: connection.provider, field, fault },
  })
  use.settle()
}

/** Asks whose token this is. A provider that answers for somebody else has mixed people up: nothing of it is used. */
export async function checkAccount(use: VaultUse, connection: Connection, provider: Provider): Promise<void> {
  // There is no API to ask: whoever refused it is the identity provider. One that just came is not refused for its age.
  if (provider.signIn) return connection.tokenAt + youngMs > use.now() ? undefined : signInNeeded(use, connection)
  const opened = connection.access && (await use.keys.open(connection, 'access', connection.access))
  if (!opened || !opened.ok) return integrityLost(use, connection, 'access', opened ? opened.error : 'absent')
  const { details } = connection
  const probe = await probeAccount(provider, use.egress, { accessToken: opened.value, raw: {}, details })
  if (!isCurrent(use, connection)) return
  if (probe.kind === 'account' && probe.account.id !== connection.account) {
    const refreshed = connection.refresh && (await use.keys.open(connection, 'refresh', connection.refresh))
    if (!isCurrent(use, connection)) return
    suspend(use, connection)
    await revokeTokens(use, provider, opened.value, refreshed && refreshed.ok ? refreshed.value : null, details)
    return
  }
  const known = { accessToken: opened.value, expiresAt: connection.accessExpiresAt, scopes: null }
  const { expiresAt: accessExpiresAt, scopes } = await introspected(provider, use.egress, known, use.now())
  if (!isCurrent(use, connection)) return
  const accessLifetimeMs = accessExpiresAt === null ? null : accessExpiresAt - connection.tokenAt
  const change = { accountUnchecked: false, accessExpiresAt, accessLifetimeMs, scopes: scopes ?? connection.scopes }
  use.store.update(connection.id, change)
  if (probe.kind === 'refused') signInNeeded(use, connection)
}

/** The provider itself says that the token is dead and there is no other. */
function signInNeeded(use: VaultUse, connection: Connection): void {
  const isFinal = connection.refresh === null
  if (!isFinal) return
  const change = { status: 'needs_sign_in', reason: 'refused_by_provider', access: null } as const
  use.store.update(connection.id, { ...change, updatedAt: use.now() })
  use.record({
    type: 'vault.refresh_failed',
    attributes: {
      connection: connection.id,
      provider: connection.provider,
      kind: 'refused_by_provider',
      ...change,
      access: null,
    },
  })
  use.settle()
}
