import type { AuthorizationServer, Client } from 'oauth4webapi'
import { ClientSecretBasic, ClientSecretPost, None } from 'oauth4webapi'
import { isObject, parseJson } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { Egress, EgressResponse } from '../egress/egress.ts'
import { retryAfterMs } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { providerUrl } from './provider.ts'
import type { RequestSpec } from './provider-spec.ts'
import type { Values } from './template.ts'
import { fillAll, readPath, readText } from './template.ts'

export type TokenSet = {
  accessToken: string
  refreshToken: string | null
  /** Epoch ms. Null: does not expire. */
  expiresAt: number | null
  refreshExpiresAt: number | null
  /** As granted. Null when the provider does not say. */
  scopes: string[] | null
  /** The whole answer, for the account's templates. Never stored. */
  raw: Record<string, unknown>
}

export type TokenAnswer =
  | { kind: 'tokens'; tokens: TokenSet }
  /** The grant is dead; only a new consent helps. */
  | { kind: 'dead'; error: string }
  /** The request was wrong: our configuration, not the user's grant. */
  | { kind: 'rejected'; error: string }
  /** No judgement: try later with what we have. `reached`: the provider may have acted on it. */
  | { kind: 'later'; reason: string; retryAfterMs: number | null; reached: boolean }

/** A refresh waits this long, and a crashed one counts as lost a little later (refresh.ts). */
export const tokenTimeoutMs = 10_000
const maxAnswerBytes = 64 * 1024

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
  const text = await response.value.text()
  const body = text.ok ? readBody(text.value, response.value.headers.get('content-type') ?? '') : null
  return judge(provider, response.value, body, now)
}

/** Any request of a spec: token, revocation, introspection, account. */
export async function sendTo(
  provider: Provider,
  egress: Egress,
  request: RequestSpec,
  values: Values,
): Promise<Result<EgressResponse>> {
  const url = providerUrl(provider, request.url, values)
  if (url === null) return { ok: false, error: { code: 'egress/blocked', evidence: { fault: 'missing_value' } } }
  const params = new URLSearchParams(fillAll(request.params, { ...provider.values, ...values }))
  const headers = new Headers({ accept: 'application/json', 'user-agent': 'behalf', ...request.headers })
  await authenticate(provider, request, values, params, headers)
  if (request.format === 'query') for (const [name, value] of params) url.searchParams.append(name, value)
  const hasBody = request.format !== 'query' && request.method !== 'GET'
  if (hasBody) headers.set('content-type', contentTypes[request.format])
  return egress.fetch({
    url: url.href,
    method: request.method,
    headers: Object.fromEntries(headers),
    ...(hasBody && {
      body: request.format === 'json' ? JSON.stringify(Object.fromEntries(params)) : params.toString(),
    }),
    timeoutMs: tokenTimeoutMs,
    maxBytes: maxAnswerBytes,
    redirect: 'refuse',
  })
}

const contentTypes = { form: 'application/x-www-form-urlencoded', json: 'application/json', query: '' }

/** One way of authentication per request: several providers refuse a client that uses two (RFC 6749 §2.3). */
async function authenticate(
  { spec, clientId, clientSecret }: Provider,
  request: RequestSpec,
  values: Values,
  params: URLSearchParams,
  headers: Headers,
): Promise<void> {
  const server: AuthorizationServer = { issuer: 'https://provider.invalid' }
  const client: Client = { client_id: clientId }
  const byClient = clientSecret === null ? 'none' : spec.client
  const how = request.auth === 'client' ? byClient : request.auth
  if (how === 'basic') await ClientSecretBasic(clientSecret ?? '')(server, client, params, headers)
  if (how === 'body') await ClientSecretPost(clientSecret ?? '')(server, client, params, headers)
  if (how === 'none' && request.auth === 'client') await None()(server, client, params, headers)
  if (how === 'bearer') headers.set(spec.api.header.name, spec.api.header.prefix + String(values['access_token']))
}

/** JSON, or a form where a provider insists (GitHub by default). Null for HTML and everything else. */
export function readBody(text: string, contentType: string): Record<string, unknown> | null {
  if (contentType.includes('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text))
  const json = parseJson(text)
  return json.ok && isObject(json.value) ? json.value : null
}

const usuallyDead = [
  'invalid_grant',
  'token_expired',
  'token_revoked',
  'invalid_refresh_token',
  'interaction_required',
  'consent_required',
  'login_required',
  'access_denied',
]

function judge(
  { spec }: Provider,
  { status, headers }: { status: number; headers: Headers },
  body: Record<string, unknown> | null,
  now: number,
): TokenAnswer {
  const error = body && readText(body, spec.answer.error)
  if (error) {
    // The code goes into the record: it may be nothing but a code.
    const code = /^[\w.:-]{1,64}$/.test(error) ? error : 'unreadable_error'
    const isDead = usuallyDead.includes(code) || spec.answer.deadErrors.includes(code)
    if (isDead) return { kind: 'dead', error: code }
    const isBusy =
      status === 429 ||
      status >= 500 ||
      ['temporarily_unavailable', 'server_error', 'ratelimited', 'slow_down'].includes(code)
    if (isBusy) return { kind: 'later', reason: code, retryAfterMs: retryAfterMs(headers, now), reached: false }
    return { kind: 'rejected', error: code }
  }
  const isOk = status >= 200 && status < 300
  const tokens = isOk && body ? readTokens(spec, body, now) : null
  if (tokens) return { kind: 'tokens', tokens }
  if (isOk)
    return { kind: 'later', reason: body ? 'no_token_in_answer' : 'not_json', retryAfterMs: null, reached: true }
  if (status === 429 || status >= 500) {
    return {
      kind: 'later',
      reason: `status_${status}`,
      retryAfterMs: retryAfterMs(headers, now),
      reached: status >= 500,
    }
  }
  return { kind: 'rejected', error: `status_${status}` }
}

function readTokens(spec: Provider['spec'], body: Record<string, unknown>, now: number): TokenSet | null {
  const at = spec.answer
  const accessToken = readText(body, at.accessToken)
  if (!accessToken || /[^\x21-\x7e]/.test(accessToken)) return null
  const seconds = Number(readText(body, at.expiresIn) ?? Number.NaN)
  const until = at.expiresAt === undefined ? Number.NaN : Number(readText(body, at.expiresAt) ?? Number.NaN)
  const refreshSeconds = Number(readText(body, at.refreshExpiresIn) ?? Number.NaN)
  const standard = spec.expiresInMs === null ? null : now + spec.expiresInMs
  return {
    accessToken,
    refreshToken: readText(body, at.refreshToken),
    expiresAt: seconds > 0 ? now + seconds * 1000 : until > 0 ? until * 1000 : standard,
    refreshExpiresAt: refreshSeconds > 0 ? now + refreshSeconds * 1000 : null,
    scopes: readScopes(readPath(body, at.scope)),
    raw: body,
  }
}

export function readScopes(value: unknown): string[] | null {
  const list = typeof value === 'string' ? value.split(/[\s,]+/) : Array.isArray(value) ? value.map(String) : null
  return list && [...new Set(list.filter(Boolean))]
}
