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
  audience?: string
  /** RFC 8707: the server the token is for. */
  resource: string
  scopes: readonly string[]
  /** ID-JAG: where what the exchange gives is presented. */
  redeem?: TokenClient
}

/** Epoch ms; null: it was not said. */
export type ExchangedToken = { token: string; expiresAt: number | null }

const types = {
  access: 'urn:ietf:params:oauth:token-type:access_token',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
} as const

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
  const { subjectToken, audience, resource, scopes, redeem } = wanted
  const scope = scopes.length > 0 ? { scope: scopes.join(' ') } : {}
  const exchanged = await ask(
    wanted,
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: types.access,
      requested_token_type: redeem ? types.idJag : types.access,
      ...(audience === undefined ? {} : { audience }),
      resource,
      ...scope,
    },
    egress,
  )
  if (!exchanged.ok || !redeem) return exchanged.ok ? tokenOf(exchanged.value, now) : exchanged
  // Something else than an assertion, such as an access token of the identity provider, is shown to nobody.
  if (exchanged.value.issued_token_type !== types.idJag)
    return refuse('upstream/failed', { evidence: { fault: 'not_an_assertion' } })
  const redeemed = await ask(
    redeem,
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: exchanged.value.access_token,
      resource,
      ...scope,
    },
    egress,
  )
  return redeemed.ok ? tokenOf(redeemed.value, now) : redeemed
}

type Answer = z.output<typeof answer>

function tokenOf({ access_token: token, token_type: type = 'Bearer', expires_in: seconds }: Answer, now: number) {
  if (type.toLowerCase() !== 'bearer') return refuse('upstream/failed', { evidence: { fault: 'token_type' } })
  return ok({ token, expiresAt: seconds === undefined ? null : now + seconds * 1_000 })
}

async function ask(
  { tokenUrl, clientId, clientSecret }: TokenClient,
  params: Record<string, string>,
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
    return refuse('upstream/authorization_needed', { evidence: { fault: 'exchange_refused', status, error } })
  }
  const parsed = answer.safeParse(body)
  return parsed.success
    ? ok(parsed.data)
    : refuse('upstream/failed', { evidence: { fault: 'exchange_answer', status } })
}
