import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { EgressRequest } from './api.ts'
import type { GuardConfig } from './guard.ts'
import { isAllowedUrl } from './guard.ts'
import type { OutgoingHeaders } from './headers.ts'
import { withoutCredentials } from './headers.ts'
import { isPublicName } from './resolve.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export type Outgoing = {
  url: URL
  method: string
  headers: OutgoingHeaders
  body: EgressRequest['body']
}

export type Rules = Pick<EgressRequest, 'redirect' | 'allowedOrigins'> & {
  config: GuardConfig
  signal: AbortSignal
  now: () => number
}

const maxRedirects = 3

export const blocked = (fault: string, url?: URL): { ok: false; error: Refusal } =>
  refuse('egress/blocked', { evidence: { fault, ...(url && { host: url.host }) } })

/**
 * Sends once, following redirects if asked. Every hop is judged as if it were the first (attack case 2).
 * Throws what `fetch` throws.
 */
export async function send(
  first: Outgoing,
  rules: Rules,
  fetch: Fetch,
): Promise<Result<{ response: Response; url: URL }>> {
  let next = first
  for (let hops = 0; ; hops++) {
    if (rules.allowedOrigins && !rules.allowedOrigins.includes(next.url.origin))
      return blocked('origin_not_allowed', next.url)
    if (rules.config.dnsOverHttps) {
      const named = await isPublicName(next.url, rules.config, fetch, rules.now())
      if (!named.ok) return named
    }
    const { body } = next
    const response = await fetch(next.url.href, {
      method: next.method,
      headers: next.headers,
      redirect: 'manual',
      cache: 'no-store',
      signal: rules.signal,
      ...(body !== undefined && { body: body as BodyInit }),
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    })
    const location = redirectTarget(response)
    if (location === null || rules.redirect !== 'follow') return ok({ response, url: next.url })
    await response.body?.cancel()
    if (hops >= maxRedirects) return blocked('too_many_redirects', next.url)
    const hop = nextHop(next, location, response.status, rules.config)
    if (!hop.ok) return hop
    next = hop.value
  }
}

function redirectTarget(response: Response): string | null {
  return [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null
}

/** RFC 9110 §15.4: 303, and by custom 301 and 302 after POST, become GET; 307 and 308 repeat the request. */
function nextHop(from: Outgoing, location: string, status: number, config: GuardConfig): Result<Outgoing> {
  const target = isAllowedUrl(URL.parse(location, from.url.href) ?? location, config)
  if (!target.ok) return target
  const url = target.value
  if (from.url.protocol === 'https:' && url.protocol !== 'https:') return blocked('downgrade', url)
  const repeats = status >= 307 || from.method === 'GET' || from.method === 'HEAD'
  const sameOrigin = url.origin === from.url.origin
  // A body may hold a client secret or a person's data: it goes to nobody but the host it was written for.
  if (repeats && from.body !== undefined && !sameOrigin) return blocked('body_to_other_origin', url)
  if (repeats && from.body instanceof ReadableStream) return blocked('body_cannot_repeat', url)
  const headers = sameOrigin ? from.headers : withoutCredentials(from.headers)
  if (repeats) return ok({ url, method: from.method, headers, body: from.body })
  const { 'content-type': _, ...ofGet } = headers
  return ok({ url, method: 'GET', headers: ofGet, body: undefined })
}
