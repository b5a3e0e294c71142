import type { AuthorizationServer, Client } from 'oauth4webapi'
import { ClientSecretPost, None } from 'oauth4webapi'
import { basicCredentials } from '../core/basic-credentials.ts'
import type { Json } from '../core/json.ts'
import { parseJson } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { Egress, EgressResponse } from '../egress/egress.ts'
import type { Provider } from './provider.ts'
import { providerUrl } from './provider.ts'
import type { RequestSpec } from './provider-spec.ts'
import type { Values } from './template.ts'
import { fillAll, readPath } from './template.ts'

/** A refresh waits this long, and a crashed one counts as lost a little later (refresh.ts). */
export const tokenTimeoutMs = 10_000
const maxAnswerBytes = 64 * 1024

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
  const own = fillAll(request.headers, { ...provider.values, ...values })
  const headers = new Headers({ accept: 'application/json', 'user-agent': 'behalf', ...own })
  await authenticate(provider, request, values, params, headers)
  if (request.format === 'query') for (const [name, value] of params) url.searchParams.append(name, value)
  const hasBody = (request.format === 'form' || request.format === 'json') && request.method !== 'GET'
  if (hasBody) headers.set('content-type', contentTypes[request.format])
  return egress.fetch({
    url: url.href,
    method: request.method,
    headers: Object.fromEntries(headers),
    ...(hasBody && {
      body: request.format === 'json' ? jsonBody(request, params, values) : params.toString(),
    }),
    timeoutMs: tokenTimeoutMs,
    maxBytes: maxAnswerBytes,
    redirect: 'refuse',
  })
}

function jsonBody({ members }: RequestSpec, params: URLSearchParams, values: Values): string {
  const found = Object.entries(members).map(([name, path]) => [name, readPath(values, path)] as const)
  return JSON.stringify({ ...Object.fromEntries(params), ...Object.fromEntries(found) })
}

const contentTypes = { form: 'application/x-www-form-urlencoded', json: 'application/json', query: '', none: '' }

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
  if (how === 'basic') headers.set('authorization', basicCredentials(clientId, clientSecret ?? ''))
  if (how === 'body') await ClientSecretPost(clientSecret ?? '')(server, client, params, headers)
  if (how === 'none' && request.auth === 'client') await None()(server, client, params, headers)
  if (how === 'bearer') headers.set(spec.api.header.name, spec.api.header.prefix + String(values['access_token']))
}

/** JSON, or a form where a provider insists (GitHub by default). Null for HTML and everything else. */
export async function readBody(response: EgressResponse): Promise<Json> {
  const text = await response.text()
  if (!text.ok) return null
  const isForm = response.headers.get('content-type')?.includes('application/x-www-form-urlencoded') ?? false
  if (isForm) return Object.fromEntries(new URLSearchParams(text.value))
  const json = parseJson(text.value)
  return json.ok ? json.value : null
}
