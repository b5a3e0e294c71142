import type { Provider } from './provider.ts'
import { sendTo } from './token-endpoint.ts'
import type { VaultUse } from './use.ts'

export type Revocation =
  /** The provider confirmed. */
  | 'revoked'
  /** The provider has no way to do it: the token lives until it expires there. */
  | 'not_possible'
  /** It was asked and did not confirm. */
  | 'failed'

/** Best effort by nature: what is stored here is deleted whatever the provider answers, and the record says what it did. */
export async function revokeTokens(
  use: VaultUse,
  provider: Provider,
  accessToken: string | null,
  refreshToken: string | null,
  details: Readonly<Record<string, string>>,
): Promise<Revocation> {
  const { revoke } = provider.spec
  if (!revoke) return 'not_possible'
  const token = revoke.what === 'refresh_token' ? (refreshToken ?? accessToken) : (accessToken ?? refreshToken)
  if (token === null) return 'failed'
  const values = { access_token: accessToken ?? token, refresh_token: refreshToken ?? token, token, details }
  const answer = await sendTo(provider, use.egress, revoke, { ...values, [revoke.what]: token })
  if (!answer.ok) return 'failed'
  await answer.value.text()
  const { status } = answer.value
  // 404 and 401: it is gone already.
  return (status >= 200 && status < 300) || status === 404 || status === 401 ? 'revoked' : 'failed'
}
