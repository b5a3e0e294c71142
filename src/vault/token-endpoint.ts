import { isObject } from '../core/json.ts'
import type { Egress } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { readBody, sendTo } from './provider-request.ts'
import type { RequestSpec } from './provider-spec.ts'
import type { Values } from './template.ts'
import { readText } from './template.ts'
import type { TokenAnswer, TokenSet } from './token-answer.ts'
import { epochMs, judgeAnswer } from './token-answer.ts'

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

/** When the token dies, where its answer did not say and the provider tells on being asked (RFC 7662). */
export async function expiryOf(
  provider: Provider,
  egress: Egress,
  tokens: Pick<TokenSet, 'accessToken' | 'expiresAt'>,
): Promise<number | null> {
  const { introspect } = provider.spec
  if (!introspect || tokens.expiresAt !== null) return tokens.expiresAt
  const response = await sendTo(provider, egress, introspect, { access_token: tokens.accessToken })
  if (!response.ok) return null
  const body = await readBody(response.value)
  return isObject(body) ? epochMs(readText(body, introspect.expiresAt)) : null
}
