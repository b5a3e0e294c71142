import { isObject, parseJson } from '../core/json.ts'
import { errors } from '../core/errors.ts'
import type { Refusal } from '../core/result.ts'
import { authorizationServer, noResource } from './authorization-server.ts'
import { clientAddress } from './client-address.ts'
import type { IdentityDeps } from './deps.ts'
import { emptyStorage } from './empty-storage.ts'
import { registrationLimit } from './rate-limit.ts'
import { readSmallBody } from './read-form.ts'
import { paths } from './names.ts'

const grantTypes = ['authorization_code', 'refresh_token']
const responseTypes = ['code']

/** `POST /oauth/register` (RFC 7591), where an administrator allows it. It proves nothing about who the client is. */
export async function register(request: Request, deps: IdentityDeps): Promise<Response> {
  const { config, clients, now } = deps
  if (!config.dynamicRegistration) return refusal({ code: 'core/not_found' })
  const allowed = registrationLimit(clientAddress(request) ?? '', now())
  if (!allowed.ok) return refusal(allowed.error)
  const body = await readSmallBody(request)
  if (!body.ok) return refusal(body.error)
  const parsed = parseJson(body.value)
  if (!parsed.ok || !isObject(parsed.value)) return refusal({ code: 'core/invalid_json' })

  const sent = new Request(`${config.publicUrl}${paths.register}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(narrowed(parsed.value)),
  })
  const server = authorizationServer(config, noResource(config))
  return server.fetch(sent, { OAUTH_KV: emptyStorage(clients) }, {} as ExecutionContext)
}

/**
 * Leaves out grant and response types we do not have. RFC 7591 §2 lets a server do that, and VS Code lists the device grant
 * too; the library would refuse the whole registration for it.
 */
export function narrowed(metadata: Record<string, unknown>): Record<string, unknown> {
  const keep = (value: unknown, known: readonly string[]): unknown =>
    Array.isArray(value) && value.some((one) => known.includes(one as string))
      ? value.filter((one) => known.includes(one as string))
      : value
  return {
    ...metadata,
    ...('grant_types' in metadata && { grant_types: keep(metadata['grant_types'], grantTypes) }),
    ...('response_types' in metadata && { response_types: keep(metadata['response_types'], responseTypes) }),
  }
}

/** RFC 7591 §3.2.2. */
function refusal({ code, retryAfterMs }: Refusal): Response {
  const { status, text } = errors[code]
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  return Response.json({ error: 'invalid_client_metadata', error_description: text }, { status, headers })
}
