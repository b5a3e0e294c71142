import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { TokenExchange } from '../upstream/upstream.ts'
import type { UpstreamCredentials } from './upstream-settings.ts'

export type ExchangeCredentials = Extract<UpstreamCredentials, { kind: 'exchange' }>

/** What to ask for, from the settings of a server, the user's token and the client secrets. Errors: `vault/secret_missing`. */
export function tokenExchange(
  { tokenUrl, clientId, secret, audience, resource, wants, redeem }: ExchangeCredentials,
  serverUrl: string,
  subjectToken: string,
  secrets: ReadonlyMap<string, string>,
): Result<TokenExchange> {
  const missing = [secret, redeem?.secret ?? null].find((name) => name !== null && !secrets.has(name))
  if (typeof missing === 'string') return refuse('vault/secret_missing', { evidence: { secret: missing } })
  const valueOf = (name: string | null): string | null => (name === null ? null : (secrets.get(name) ?? null))
  return ok({
    tokenUrl,
    clientId,
    clientSecret: valueOf(secret),
    subjectToken,
    resource: resource ?? serverUrl,
    scopes: wants,
    ...(audience === undefined ? {} : { audience }),
    ...(redeem
      ? { redeem: { tokenUrl: redeem.tokenUrl, clientId: redeem.clientId, clientSecret: valueOf(redeem.secret) } }
      : {}),
  })
}
