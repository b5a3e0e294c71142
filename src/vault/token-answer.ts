import { processGenericTokenEndpointResponse } from 'oauth4webapi'
import type { Provider } from './provider.ts'
import type { ProviderSpec } from './provider-spec.ts'
import { retryAfterMs } from '../egress/egress.ts'
import { readPath, readText } from './template.ts'

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

type Head = { status: number; headers: Headers }

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

const usuallyBusy = ['temporarily_unavailable', 'server_error', 'ratelimited', 'slow_down']

/** What the token endpoint said, whatever it said. `body` null: no JSON object and no form. */
export async function judgeAnswer(
  { spec }: Provider,
  head: Head,
  body: Record<string, unknown> | null,
  now: number,
): Promise<TokenAnswer> {
  const error = body && readText(body, spec.answer.error)
  if (error) return judgeError(spec, head, error, now)
  const { status, headers } = head
  const later = (reason: string, reached: boolean): TokenAnswer => {
    return { kind: 'later', reason, retryAfterMs: retryAfterMs(headers, now), reached }
  }
  if (status === 429 || status >= 500) return later(`status_${status}`, status >= 500)
  if (status < 200 || status > 299) return { kind: 'rejected', error: `status_${status}` }
  if (!body) return later('not_json', true)
  if (spec.conforming && !(await isConforming(body))) return later('not_conforming', true)
  const tokens = readTokens(spec, body, now)
  return tokens ? { kind: 'tokens', tokens } : later('no_token_in_answer', true)
}

function judgeError({ answer }: ProviderSpec, { status, headers }: Head, error: string, now: number): TokenAnswer {
  // It goes into the record, so it may be nothing but a code.
  const code = /^[\w.:-]{1,64}$/.test(error) ? error : 'unreadable_error'
  if (usuallyDead.includes(code) || answer.deadErrors.includes(code)) return { kind: 'dead', error: code }
  if (status === 429 || status >= 500 || usuallyBusy.includes(code)) {
    return { kind: 'later', reason: code, retryAfterMs: retryAfterMs(headers, now), reached: false }
  }
  return { kind: 'rejected', error: code }
}

/** RFC 6749 §5.1, as strictly as the library reads it. An ID token is not asked for what we do, so none is judged. */
async function isConforming(answer: Record<string, unknown>): Promise<boolean> {
  const body = { ...answer, id_token: undefined }
  const server = { issuer: 'https://provider.invalid' }
  try {
    await processGenericTokenEndpointResponse(server, { client_id: 'any' }, Response.json(body))
    return true
  } catch {
    return false
  }
}

function readTokens(spec: ProviderSpec, body: Record<string, unknown>, now: number): TokenSet | null {
  const at = spec.answer
  const accessToken = readText(body, at.accessToken)
  if (!accessToken || /[^\x21-\x7e]/.test(accessToken)) return null
  const standard = spec.expiresInMs === null ? null : now + spec.expiresInMs
  return {
    accessToken,
    refreshToken: readText(body, at.refreshToken),
    expiresAt: expiryIn(body, at, now) ?? standard,
    refreshExpiresAt: after(now, readText(body, at.refreshExpiresIn)),
    scopes: scopesIn(body, at.scope, spec.scopes.strip),
    raw: body,
  }
}

export function expiryIn(
  body: unknown,
  at: { expiresIn: string; expiresAt?: string | undefined },
  now: number,
): number | null {
  return after(now, readText(body, at.expiresIn)) ?? epochMs(readText(body, at.expiresAt ?? ''))
}

const longestMs = 10 * 365 * 86_400_000

/** Seconds from now. Null when it is no time, or one so far that it means never. */
function after(now: number, seconds: string | null): number | null {
  const ms = Number(seconds ?? Number.NaN) * 1000
  return ms > 0 && ms < longestMs ? now + ms : null
}

/** Epoch seconds, as RFC 7662 `exp`, or a date as RFC 3339. */
function epochMs(time: string | null): number | null {
  const isDate = time !== null && /^\d{4}-\d\d-\d\dT/.test(time)
  const ms = isDate ? Date.parse(time) : Number(time ?? Number.NaN) * 1000
  return ms > 0 && ms < 8.64e15 ? ms : null
}

/** A string in the provider's separators, or a list. Null: it is not said. */
export function scopesIn(body: unknown, path: string, strip = ''): string[] | null {
  const value = readPath(body, path)
  const list = typeof value === 'string' ? value.split(/[\s,]+/) : Array.isArray(value) ? value.map(String) : null
  const short = (scope: string): string => (strip !== '' && scope.startsWith(strip) ? scope.slice(strip.length) : scope)
  return list && [...new Set(list.filter(Boolean).map(short))]
}
