/** What the connection owns, what the platform sets, and what would address another host than the URL does (attack case 52). */
const forbidden = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What may follow a redirect to another origin. Everything else may be a credential, whatever its name. */
const harmless = new Set(['accept', 'accept-language', 'content-type', 'user-agent'])

/** RFC 9110 §5.6.2 and §5.5. */
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const fieldValue = /^[\t -~\u0080-\u00ff]*$/

/** By lower-case name. Plain, because the platform makes its own object of them, and one costs as much as a decision. */
export type OutgoingHeaders = Readonly<Record<string, string>>

/** Null when a name or value could not be sent as it is: a line break, a character outside the token set, a reserved name. */
export function outgoingHeaders(given: Record<string, string> = {}): OutgoingHeaders | null {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (forbidden.has(lower) || lower.startsWith('cf-') || lower.startsWith('proxy-')) return null
    if (!token.test(lower) || !fieldValue.test(value)) return null
    headers[lower] = value
  }
  return headers
}

export function withoutCredentials(headers: OutgoingHeaders): OutgoingHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.has(name)))
}

/** Retry-After (RFC 9110 §10.2.3): seconds or a date. Null when absent or unreadable. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const text = headers.get('retry-after')?.trim()
  if (!text) return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
