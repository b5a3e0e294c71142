/** One user's grant at one provider account, as the Vault keeps it. `access` and `refresh` are sealed. */
export type Connection = {
  id: string
  /** `user`: a person's consent. Else a service account's own credential, and `refresh` holds that. */
  kind: 'user' | 'api_key' | 'client_credentials' | 'jwt_bearer'
  provider: string
  /** The provider's own id of the account. */
  account: string
  label: string
  scopes: readonly string[]
  /** `revoking`: gone for everybody but the provider, who is still being told. */
  status: 'active' | 'needs_sign_in' | 'suspended' | 'revoking'
  reason: string | null
  isDefault: boolean
  generation: number
  access: string | null
  /** Null: does not expire. */
  accessExpiresAt: number | null
  accessLifetimeMs: number | null
  /** When this generation came from the provider. */
  tokenAt: number
  refresh: string | null
  refreshExpiresAt: number | null
  details: Readonly<Record<string, string>>
  /** The provider's places when this was granted (`Provider.places`). Null: not known. */
  places: string | null
  attemptAt: number | null
  attemptTries: number
  uncertain: boolean
  failures: number
  retryAt: number | null
  accountUnchecked: boolean
  connectedAt: number
  updatedAt: number
  lastUsedAt: number | null
}

/** What every grant begins with: tokens of this moment, in force, and nothing tried or failed yet. */
export function freshGrant(accessExpiresAt: number | null, now: number) {
  return {
    status: 'active',
    reason: null,
    accessExpiresAt,
    accessLifetimeMs: accessExpiresAt === null ? null : accessExpiresAt - now,
    tokenAt: now,
    attemptAt: null,
    attemptTries: 0,
    uncertain: false,
    failures: 0,
    retryAt: null,
    accountUnchecked: false,
    connectedAt: now,
    updatedAt: now,
  } as const satisfies Partial<Connection>
}

/** Metadata for pages and lists. Nothing sealed, nothing secret. */
export type ConnectionView = Pick<
  Connection,
  | 'id'
  | 'kind'
  | 'provider'
  | 'account'
  | 'label'
  | 'scopes'
  | 'status'
  | 'reason'
  | 'isDefault'
  | 'connectedAt'
  | 'lastUsedAt'
>

export function viewOf(connection: Connection): ConnectionView {
  const { id, kind, provider, account, label, scopes, status, reason, isDefault, connectedAt, lastUsedAt } = connection
  return { id, kind, provider, account, label, scopes, status, reason, isDefault, connectedAt, lastUsedAt }
}

/** Everything granted, broader scopes spelled out into the narrower ones they cover. */
export function effectiveScopes(
  granted: readonly string[],
  implies: Readonly<Record<string, readonly string[]>>,
): string[] {
  const all = new Set<string>()
  const add = (scope: string): void => {
    if (all.has(scope)) return
    all.add(scope)
    if (Object.hasOwn(implies, scope)) implies[scope]?.forEach(add)
  }
  granted.forEach(add)
  return [...all]
}
