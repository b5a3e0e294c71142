import { base64url, randomBytes } from '../core/bytes.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { probeAccount } from './account.ts'
import type { Connection, ConnectionView } from './connection.ts'
import { freshGrant, viewOf } from './connection.ts'
import { withinCaps } from './offering.ts'
import type { Provider } from './provider.ts'
import type { ServiceCredential } from './service-credential.ts'
import { serviceGrant } from './service-credential.ts'
import type { By } from './taking-back.ts'
import { takeBack } from './taking-back.ts'
import { fillAll } from './template.ts'
import type { TokenSet } from './token-answer.ts'
import { askTokenEndpoint } from './token-endpoint.ts'
import type { VaultUse } from './use.ts'

export type WantedCredential = { credential: ServiceCredential; scopes: readonly string[] }

/**
 * Sets the credential that a service account has at a provider. It is tried before it is kept: what the provider refuses is
 * not stored. The one before it is taken back in the same turn.
 *
 * Errors: `core/bad_request` (not usable at this provider), `vault/not_allowed` (beyond the cap), `vault/unavailable`.
 */
export async function setCredential(
  use: VaultUse,
  provider: Provider,
  { credential, scopes }: WantedCredential,
  by: By,
): Promise<Result<ConnectionView>> {
  const beyond = scopes.filter((scope) => !withinCaps(provider, undefined, scope))
  if (beyond.length > 0) return refuse('vault/not_allowed', { evidence: { fault: 'scope_cap', scopes: beyond } })
  const tokens = await firstTokens(use, provider, credential, scopes)
  if (!tokens.ok) return tokens
  const who = await whoIsIt(use, provider, credential, tokens.value)
  if (!who.ok) return who

  const place = { id: base64url(randomBytes(16)), provider: provider.id }
  const { kind } = credential
  const access = await use.keys.seal(place, 'access', 1, tokens.value.accessToken)
  const refresh = kind === 'api_key' ? null : await use.keys.seal(place, 'refresh', 1, JSON.stringify(credential))
  const now = use.now()
  if (use.keys.owner()?.status !== 'open') return refuse('vault/not_allowed', { evidence: { fault: 'vault_closed' } })
  const old = use.store.ofProvider(provider.id)
  const taken = takeBack(use, old, by)
  const connection: Connection = {
    ...place,
    kind,
    ...who.value,
    scopes,
    places: provider.places,
    ...freshGrant(tokens.value.expiresAt, now),
    isDefault: true,
    generation: 1,
    access,
    refresh,
    refreshExpiresAt: null,
    lastUsedAt: null,
  }
  use.store.insert(connection)
  use.record({
    type: 'connect.completed',
    attributes: { connection: connection.id, provider: provider.id, kind, scopes: [...scopes], by: by.kind },
    payload: { by: by.id, account: connection.account, label: connection.label },
  })
  use.settle()
  await taken
  return ok(viewOf(connection))
}

async function firstTokens(
  use: VaultUse,
  provider: Provider,
  credential: ServiceCredential,
  scopes: readonly string[],
): Promise<Result<TokenSet>> {
  if (credential.kind === 'api_key') {
    const rest = { refreshToken: null, expiresAt: null, refreshExpiresAt: null, scopes: null, raw: {} }
    return ok({ accessToken: credential.key, ...rest })
  }
  const grant = await serviceGrant(provider, credential, scopes, use.now())
  if (!grant) return notUsable('This provider does not take this kind of credential, or a part of it is missing.')
  const answer = await askTokenEndpoint(grant.provider, use.egress, grant.request, grant.values, use.now())
  if (answer.kind === 'tokens') return ok(answer.tokens)
  if (answer.kind === 'later') {
    return refuse('vault/unavailable', { retryAfterMs: answer.retryAfterMs ?? 30_000, evidence: { ...answer } })
  }
  return notUsable('The provider did not accept the credential.', answer.error)
}

type Who = Pick<Connection, 'account' | 'label' | 'details'>

/** An API key usually belongs to somebody at the provider, and it is shown who; a token of the other kinds to itself. */
async function whoIsIt(
  use: VaultUse,
  provider: Provider,
  credential: ServiceCredential,
  { accessToken, raw }: TokenSet,
): Promise<Result<Who>> {
  const values = { ...provider.values, token: raw, account: {}, access_token: accessToken }
  const details = fillAll(provider.spec.account.details, values)
  switch (credential.kind) {
    case 'api_key': {
      const header = provider.spec.service.apiKey.header ?? provider.spec.api.header
      const keyed = { ...provider, spec: { ...provider.spec, api: { ...provider.spec.api, header } } }
      const probe = provider.spec.account.request && (await probeAccount(keyed, use.egress, { accessToken, raw }))
      if (probe?.kind === 'refused') return notUsable('The provider did not accept the credential.')
      if (probe?.kind !== 'account') return ok({ account: 'api_key', label: 'API key', details })
      const { id, label } = probe.account
      return ok({ account: id, label, details: { ...details, ...probe.account.details } })
    }
    case 'client_credentials': {
      const id = credential.clientId ?? provider.clientId
      return ok({ account: id, label: id.slice(0, 100), details })
    }
    case 'jwt_bearer': {
      const { issuer, subject } = credential
      const label = subject === undefined || subject === issuer ? issuer : `${subject} (by ${issuer})`
      return ok({ account: JSON.stringify([issuer, subject ?? issuer]), label: label.slice(0, 100), details })
    }
  }
}

const notUsable = (message: string, error?: string) =>
  refuse('core/bad_request', { message, ...(error === undefined ? {} : { evidence: { error } }) })
