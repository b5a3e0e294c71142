import type { Config } from '../config/config.ts'
import { base64url, fromBase64, hmac, hmacKey, lengthPrefixed, timingSafeEqual } from '../core/bytes.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { BrowserSession } from './browser-session.ts'

/** A form field of this name carries the token. */
export const csrfField = 'csrf'

/** Valid for one sign-in and one purpose, e.g. `consent` or `connect:<ticket>`: a token of one form is no use on another. */
export async function csrfToken(
  config: Pick<Config, 'stateKey'>,
  session: Pick<BrowserSession, 'sessionId'>,
  purpose: string,
): Promise<string> {
  const key = await hmacKey(config.stateKey)
  return base64url(await hmac(key, lengthPrefixed('behalf', 'csrf', session.sessionId, purpose)))
}

/** Errors: `identity/not_same_site`. Check before anything the form asks for (attack case 33). */
export async function checkCsrf(
  request: Request,
  form: FormData | URLSearchParams,
  config: Pick<Config, 'stateKey' | 'publicUrl'>,
  session: Pick<BrowserSession, 'sessionId'>,
  purpose: string,
): Promise<Result<null>> {
  if (!isSameSite(request, config)) return refuse('identity/not_same_site')
  const given = form.get(csrfField)
  const expected = await csrfToken(config, session, purpose)
  const same = typeof given === 'string' && timingSafeEqual(decode(given), decode(expected))
  return same ? ok(null) : refuse('identity/not_same_site')
}

/**
 * What the browser says of where a request comes from. Our pages send no referrer, and a browser then writes `Origin: null`
 * on their own forms (Fetch §3.1), so that alone is no sign of another site; `Sec-Fetch-Site` is exact where it is sent.
 */
export function isSameSite(request: Request, config: Pick<Config, 'publicUrl'>): boolean {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') return false
  return origin === null || origin === 'null' || origin === new URL(config.publicUrl).origin
}

function decode(token: string): Uint8Array {
  try {
    return fromBase64(token)
  } catch {
    return new Uint8Array()
  }
}
