import { identityProviderOf } from '../core/sign-in-provider.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { TokenExchange } from '../upstream/upstream.ts'
import type { UpstreamCredentials } from './upstream-settings.ts'

export type ExchangeCredentials = Extract<UpstreamCredentials, { kind: 'exchange' }>

/** The user's token, and where it may be exchanged. Part of a lease. */
export type Subject = { secret: string; exchangeOrigins: readonly string[] }

/**
 * What to ask for, from the settings of a server, the user's token and the client secrets.
 *
 * Errors: `vault/secret_missing`; `vault/not_allowed` where the token endpoint is none of the provider's.
 */
export function tokenExchange(
  { provider, tokenUrl, clientId, secret, audience, resource, wants, redeem }: ExchangeCredentials,
  serverUrl: string,
  subject: Subject,
  secrets: ReadonlyMap<string, string>,
): Result<TokenExchange> {
  if (!subject.exchangeOrigins.includes(new URL(tokenUrl).origin)) {
    return refuse('vault/not_allowed', { evidence: { fault: 'exchange_origin', provider } })
  }
  const missing = [secret, redeem?.secret ?? null].find((name) => name !== null && !secrets.has(name))
  if (typeof missing === 'string') return refuse('vault/secret_missing', { evidence: { secret: missing } })
  const valueOf = (name: string | null): string | null => (name === null ? null : (secrets.get(name) ?? null))
  return ok({
    tokenUrl,
    clientId,
    clientSecret: valueOf(secret),
    subjectToken: subject.secret,
    subjectTokenType: identityProviderOf(provider) === null ? 'access_token' : 'id_token',
    resource: resource ?? serverUrl,
    scopes: wants,
    ...(audience === undefined ? {} : { audience }),
    ...(redeem
      ? { redeem: { tokenUrl: redeem.tokenUrl, clientId: redeem.clientId, clientSecret: valueOf(redeem.secret) } }
      : {}),
  })
}
