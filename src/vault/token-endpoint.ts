import { isObject } from '../core/json.ts'
import type { Egress } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { readBody, sendTo } from './provider-request.ts'
import type { RequestSpec } from './provider-spec.ts'
import type { Values } from './template.ts'
import type { TokenAnswer, TokenSet } from './token-answer.ts'
import { expiryIn, judgeAnswer, scopesIn } from './token-answer.ts'

export async function askTokenEndpoint(
  provider: Provider,
  egress: Egress,
  request: RequestSpec,
  values: Values,
  now: number,
): Promise<TokenAnswer> {
  const response = await sendTo(provider, egress, request, values)
  if (!response.ok) {
    const { code } = response.error
    return { kind: 'later', reason: code, retryAfterMs: null, reached: code !== 'egress/blocked' }
  }
  const body = await readBody(response.value)
  return judgeAnswer(provider, response.value, isObject(body) ? body : null, now)
}

/** When the token dies and what it is for, as far as its answer did not say and the provider tells on being asked (RFC 7662). */
export async function introspected(
  provider: Provider,
  egress: Egress,
  { accessToken, expiresAt, scopes }: Pick<TokenSet, 'accessToken' | 'expiresAt' | 'scopes'>,
  now: number,
): Promise<Pick<TokenSet, 'expiresAt' | 'scopes'>> {
  const { introspect, scopes: scopeSpec } = provider.spec
  const asksScopes = scopes === null && introspect?.scope !== undefined
  if (!introspect || (expiresAt !== null && !asksScopes)) return { expiresAt, scopes }
  const response = await sendTo(provider, egress, introspect, { access_token: accessToken })
  const body = response.ok ? await readBody(response.value) : null
  if (!isObject(body)) return { expiresAt, scopes }
  const told = { expiresAt: introspect.expiresAt ?? '', expiresIn: introspect.expiresIn ?? '' }
  return {
    expiresAt: expiresAt ?? expiryIn(body, told, now),
    scopes: scopes ?? (asksScopes ? scopesIn(body, introspect.scope ?? '', scopeSpec.strip) : null),
  }
}
