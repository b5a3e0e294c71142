import type { ApiAnswer, ApiCall, ApiClient } from '../core/api-client.ts'
import { ProviderError } from '../core/api-client.ts'
import type { Json } from '../core/json.ts'
import { parseJson } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import type { Egress, EgressResponse } from '../egress/egress.ts'
import { retryAfterMs } from '../egress/egress.ts'
import type { Lease } from './api.ts'
import { standIn } from './provider.ts'
import { scrub } from './scrub.ts'

export type ApiClientUse = {
  lease: Lease
  egress: Egress
  /** After a 401: a lease of a later generation, if there is one. */
  renew?: (refused: Lease) => Promise<Result<Lease>>
  signal?: AbortSignal
  /** Sent with every request, e.g. `traceparent`. */
  headers?: Readonly<Record<string, string>>
  now?: () => number
  /** Hears of every answer: its status, and how many tries it took. */
  answered?: (status: number, attempts: number) => void
}

const retries = 2

/**
 * The authorized fetch: the token is on a request to an allowed origin and nowhere else, and out of whatever comes back.
 * A tool hands in a path and reads an answer; it never sees a token.
 */
export function createApiClient(use: ApiClientUse): ApiClient {
  let { lease } = use
  let secrets = [lease.secret]
  return {
    async request(call) {
      const answer = await send(call, lease, use)
      if (answer.status !== 401 || !use.renew) return finish(call, answer, use, secrets)
      // One more try, and only with another token: the refused one would be refused again.
      const renewed = await use.renew(lease)
      if (!renewed.ok) throw new ProviderError(0, null, { refusal: renewed.error })
      if (renewed.value.generation === lease.generation && renewed.value.connection === lease.connection) {
        return finish(call, answer, use, secrets)
      }
      await answer.body.cancel()
      lease = renewed.value
      secrets = [...secrets, lease.secret]
      return finish(call, await send(call, lease, use), use, secrets)
    },
  }
}

async function send(call: ApiCall, lease: Lease, use: ApiClientUse): Promise<EgressResponse> {
  const url = targetOf(call, lease)
  const { body, contentType } = bodyOf(call.body)
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'behalf', ...use.headers }
  for (const [name, value] of Object.entries(call.headers ?? {})) headers[name.toLowerCase()] = value
  if (contentType !== undefined) headers['content-type'] ??= contentType
  // Last, so that a tool cannot put another credential in its place.
  headers[lease.header.name.toLowerCase()] = lease.header.prefix + lease.secret
  const isIdempotent = call.idempotent ?? ['GET', 'PUT', 'DELETE'].includes(call.method)
  const sent = await use.egress.fetch({
    url: url.href,
    method: call.method,
    headers,
    ...(body === undefined ? {} : { body }),
    // A redirect elsewhere goes on without the token (egress drops every credential); that is how downloads work.
    redirect: 'follow',
    retries: isIdempotent ? retries : 0,
    ...(use.signal ? { signal: use.signal } : {}),
  })
  if (!sent.ok) throw new ProviderError(0, null, { refusal: sent.error })
  use.answered?.(sent.value.status, sent.value.attempts)
  return sent.value
}

/** Throws a `TypeError` on a path that leads off the allowed origins: a bug or an attack, never a normal answer. */
function targetOf(call: ApiCall, lease: Lease): URL {
  const isAbsolute = /^https?:\/\//i.test(call.path)
  if (!isAbsolute && !call.path.startsWith('/')) throw new TypeError('a path begins with /')
  const url = new URL(isAbsolute ? standIn(call.path, lease.standIns ?? {}) : lease.apiBase + call.path)
  const staysBelow = isAbsolute || isBelow(url, new URL(lease.apiBase))
  if (!lease.allowedOrigins.includes(url.origin) || url.username !== '' || url.password !== '' || !staysBelow) {
    throw new TypeError('the path leads away from the provider')
  }
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one))
  }
  return url
}

/** `..` in a path must not climb out of the base, e.g. out of one customer's part of a shared host. */
function isBelow(url: URL, base: URL): boolean {
  const folder = base.pathname.replace(/\/+$/, '')
  return url.origin === base.origin && (url.pathname === folder || url.pathname.startsWith(`${folder}/`))
}

function bodyOf(body: ApiCall['body']): { body?: string | Uint8Array; contentType?: string } {
  if (body === undefined) return {}
  if (!Array.isArray(body) && 'raw' in body && 'contentType' in body) {
    return { body: body.raw as string | Uint8Array, contentType: body.contentType as string }
  }
  if (!Array.isArray(body) && 'form' in body && Object.keys(body).length === 1) {
    const form = new URLSearchParams(body.form as Record<string, string>)
    return { body: form.toString(), contentType: 'application/x-www-form-urlencoded' }
  }
  return { body: JSON.stringify(body), contentType: 'application/json' }
}

async function finish(
  call: ApiCall,
  response: EgressResponse,
  use: ApiClientUse,
  live: readonly string[],
): Promise<ApiAnswer> {
  const { status } = response
  if (status < 200 || status > 299) {
    const text = await response.text()
    const pause = retryAfterMs(response.headers, (use.now ?? Date.now)())
    throw new ProviderError(
      status,
      text.ok ? codeIn(text.value, live) : null,
      pause === null ? {} : { retryAfterMs: pause },
    )
  }
  const answer = {
    status,
    /** Most tools never look. */
    get headers() {
      return scrub(Object.fromEntries(response.headers), live)
    },
  }
  if (call.read === 'bytes') {
    const bytes = await response.bytes()
    if (!bytes.ok) throw new ProviderError(status, null, { refusal: bytes.error })
    return Object.assign(answer, { body: null, bytes: bytes.value })
  }
  const text = await response.text()
  if (!text.ok) throw new ProviderError(status, null, { refusal: text.error })
  if (call.read === 'text') return Object.assign(answer, { body: null, text: scrub(text.value, live) })
  return Object.assign(answer, { body: scrub(readJson(text.value, status), live) })
}

function readJson(text: string, status: number): Json {
  if (text.trim() === '') return null
  const json = parseJson(text, { maxDepth: 128, maxKeys: 1_000_000 })
  if (!json.ok) throw new ProviderError(status, 'not_json')
  return json.value
}

/** The machine-readable reason where there is one: a short word, never a sentence. */
function codeIn(text: string, secrets: readonly string[]): string | null {
  const json = parseJson(text)
  if (!json.ok || typeof json.value !== 'object' || json.value === null || Array.isArray(json.value)) return null
  const { error, code, errorCode } = json.value as Record<string, Json>
  const nested =
    typeof error === 'object' && error !== null && !Array.isArray(error) ? (error['status'] ?? error['code']) : error
  const found = [nested, code, errorCode].find((one) => typeof one === 'string' && /^[\w.:-]{1,64}$/.test(one))
  return typeof found === 'string' && !secrets.includes(found) ? found : null
}
