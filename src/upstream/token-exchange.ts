import { decodeJwt, decodeProtectedHeader } from 'jose'
import { z } from 'zod'
import { basicCredentials } from '../core/basic-credentials.ts'
import { isObject, parseJson } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'

/** Who we are at a token endpoint. A null secret: a public client. */
export type TokenClient = { tokenUrl: string; clientId: string; clientSecret: string | null }

export type TokenExchange = TokenClient & {
  subjectToken: string
  subjectTokenType: 'access_token' | 'id_token'
  audience?: string
  /** RFC 8707: the server the token is for. */
  resource: string
  scopes: readonly string[]
  /** ID-JAG: where what the exchange gives is presented. */
  redeem?: TokenClient
}

/** Epoch ms; null: it was not said. */
export type ExchangedToken = { token: string; expiresAt: number | null }

const tokenType = (name: 'access_token' | 'id_token' | 'id-jag'): string => `urn:ietf:params:oauth:token-type:${name}`

const answer = z.looseObject({
  access_token: z.string().min(1).max(16_384),
  issued_token_type: z.string().max(200).optional(),
  token_type: z.string().max(50).optional(),
  expires_in: z.coerce.number().positive().optional(),
})

/**
 * A token for the server that stands for the user's (RFC 8693); with `redeem` by way of an identity assertion that the server's
 * own authorization server accepts (ID-JAG, RFC 7523 §2.1). The subject's token goes to `tokenUrl` and nowhere else.
 *
 * Errors: `upstream/authorization_needed` when it is refused, with `evidence.fault`; `upstream/failed`, `upstream/unavailable`,
 * and those of egress.
 */
export async function exchangeToken(
  wanted: TokenExchange,
  egress: Egress,
  now: number,
): Promise<Result<ExchangedToken>> {
  const { subjectToken, subjectTokenType, audience, resource, scopes, redeem } = wanted
  const scope = scopes.length > 0 ? { scope: scopes.join(' ') } : {}
  const exchanged = await ask(
    wanted,
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: tokenType(subjectTokenType),
      requested_token_type: tokenType(redeem ? 'id-jag' : 'access_token'),
      ...(audience === undefined ? {} : { audience }),
      resource,
      ...scope,
    },
    'exchange',
    egress,
  )
  if (!exchanged.ok) return exchanged
  if (!redeem) return tokenOf(exchanged.value, now)
  // Something else than an assertion, such as an access token of the identity provider, is shown to nobody.
  const fault = faultOfAssertion(exchanged.value, audience, redeem.clientId, now)
  if (fault !== null) return refuse('upstream/failed', { evidence: { fault } })
  const redeemed = await ask(
    redeem,
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: exchanged.value.access_token,
      resource,
      ...scope,
    },
    'redeem',
    egress,
  )
  return redeemed.ok ? tokenOf(redeemed.value, now) : redeemed
}

type Answer = z.output<typeof answer>

/**
 * draft-ietf-oauth-identity-assertion-authz-grant §4.3: what is shown to the server's authorization server is an assertion that
 * was made for it and for us. Its signature is that server's to check; one for somebody else never leaves.
 */
function faultOfAssertion(
  { access_token: token, issued_token_type: type }: Answer,
  audience: string | undefined,
  clientId: string,
  now: number,
): string | null {
  if (type !== tokenType('id-jag')) return 'not_an_assertion'
  try {
    if (decodeProtectedHeader(token).typ?.toLowerCase() !== 'oauth-id-jag+jwt') return 'not_an_assertion'
    const { aud, client_id: madeFor, exp } = decodeJwt(token)
    const only = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
    if (only !== audience || madeFor !== clientId) return 'assertion_for_another'
    return (exp ?? 0) * 1_000 > now ? null : 'assertion_expired'
  } catch {
    return 'not_an_assertion'
  }
}

function tokenOf({ access_token: token, token_type: type = 'Bearer', expires_in: seconds }: Answer, now: number) {
  if (type.toLowerCase() !== 'bearer') return refuse('upstream/failed', { evidence: { fault: 'token_type' } })
  return ok({ token, expiresAt: seconds === undefined ? null : now + seconds * 1_000 })
}

async function ask(
  { tokenUrl, clientId, clientSecret }: TokenClient,
  params: Record<string, string>,
  step: 'exchange' | 'redeem',
  egress: Egress,
): Promise<Result<Answer>> {
  const form = new URLSearchParams(params)
  if (clientSecret === null) form.set('client_id', clientId)
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(clientSecret === null ? {} : { authorization: basicCredentials(clientId, clientSecret) }),
  }
  const sent = await egress.fetch({
    url: tokenUrl,
    method: 'POST',
    headers,
    body: form.toString(),
    timeoutMs: 10_000,
    maxBytes: 64 * 1024,
  })
  if (!sent.ok) return sent
  const { status } = sent.value
  const text = await sent.value.text()
  if (!text.ok) return text
  const json = parseJson(text.value)
  const body = json.ok && isObject(json.value) ? json.value : {}
  if (status >= 500 || status === 429)
    return refuse('upstream/unavailable', { evidence: { fault: 'exchange', status } })
  if (status >= 400) {
    const error = typeof body['error'] === 'string' ? body['error'].slice(0, 100) : null
    return refuse('upstream/authorization_needed', { evidence: { fault: 'exchange_refused', step, status, error } })
  }
  const parsed = answer.safeParse(body)
  return parsed.success
    ? ok(parsed.data)
    : refuse('upstream/failed', { evidence: { fault: 'exchange_answer', status } })
}
