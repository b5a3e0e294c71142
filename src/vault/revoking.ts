import type { Provider } from './provider.ts'
import { isObject } from '../core/json.ts'
import { readBody, sendTo } from './provider-request.ts'
import { readText } from './template.ts'
import type { VaultUse } from './use.ts'

export type Revocation =
  /** The provider confirmed. */
  | 'revoked'
  /** The provider has no way to do it: the token lives until it expires there. */
  | 'not_possible'
  /** The same account was connected again meanwhile: revoking the old grant would end the new one. */
  | 'superseded'
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
  const values = { access_token: accessToken ?? token, refresh_token: refreshToken ?? token, details }
  const found = revoke.find && (await sendTo(provider, use.egress, revoke.find, values))
  if (found && !found.ok) return 'failed'
  const known = found ? { ...values, found: await readBody(found.value) } : values
  const answer = await sendTo(provider, use.egress, revoke, { ...known, [revoke.what]: token })
  if (!answer.ok) return 'failed'
  const body = await readBody(answer.value)
  // Some say no with HTTP 200.
  if (isObject(body) && readText(body, provider.spec.answer.error) !== null) return 'failed'
  const { status } = answer.value
  // 404 and 401: it is gone already.
  return (status >= 200 && status < 300) || status === 404 || status === 401 ? 'revoked' : 'failed'
}
