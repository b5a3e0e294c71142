import type { UpstreamCredentials } from '../catalog/catalog.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { exchangeOriginsOf } from '../vault/vault.ts'
import { allowedUpstreamUrl } from './allowed-url.ts'
import type { FederationUse } from './use.ts'

/**
 * Where an administrator wants people's tokens to be exchanged. The address has to be one that may be called at all, and one of
 * the provider's own: a token goes nowhere that its owner did not connect (docs/vault.md). Said when it is typed; a call is
 * held to it again.
 *
 * Errors: `core/bad_request`, with what is wrong; those of reading the provider.
 */
export async function checkExchange(
  credentials: UpstreamCredentials,
  { env, config, project, egress }: FederationUse,
): Promise<Result<null>> {
  if (credentials.kind !== 'exchange') return ok(null)
  const { provider, tokenUrl, redeem, audience } = credentials
  for (const one of [tokenUrl, ...(redeem ? [redeem.tokenUrl] : [])]) {
    const allowed = allowedUpstreamUrl(one, config)
    if (!allowed.ok) return allowed
  }
  if (redeem && audience === undefined) {
    return refuse('core/bad_request', { message: 'With redeem, audience has to name the issuer there.' })
  }
  const origins = await exchangeOriginsOf(env, config, egress, project, provider)
  if (!origins.ok || origins.value.includes(new URL(tokenUrl).origin)) return origins.ok ? ok(null) : origins
  return refuse('core/bad_request', {
    message: `A token of ${provider} may be exchanged at ${origins.value.join(', ')} only.`,
  })
}
