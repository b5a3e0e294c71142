import { base64url, lengthPrefixed, sha256, utf8, fromUtf8 } from '../../core/bytes.ts'
import { aesKey, bytesOrNull, decrypt, encrypt } from '../../core/seal.ts'

/** How long a repeated refresh is answered with the same tokens: clients retry, and several share one token. */
export const replayWindowMs = 30_000

export type TokenRequest = {
  url: string
  headers: readonly (readonly [string, string])[]
  /** `application/x-www-form-urlencoded`, as it came. */
  body: string
}

/**
 * One key for one request by one client: the credentials are part of it as they were sent, so that nobody gets the answer
 * who could not have got it the first time.
 */
export async function answerKey({ headers, body }: TokenRequest): Promise<string> {
  const authorization = headers.find(([name]) => name === 'authorization')?.[1] ?? ''
  const form = [...new URLSearchParams(body)].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).flat()
  return base64url(await sha256(lengthPrefixed('answer', authorization, ...form)))
}

const context = lengthPrefixed('behalf', 'answer', '1')

/** Under the refresh token: the storage alone cannot give the new tokens away. */
async function keyOf(refreshToken: string): Promise<CryptoKey> {
  return aesKey(await sha256(lengthPrefixed('behalf', 'answer key', refreshToken)))
}

export async function sealAnswer(refreshToken: string, body: string): Promise<string> {
  return base64url(await encrypt(await keyOf(refreshToken), context, utf8(body)))
}

export async function openAnswer(refreshToken: string, sealed: string): Promise<string | null> {
  const bytes = bytesOrNull(sealed)
  const plaintext = bytes && (await decrypt(await keyOf(refreshToken), context, bytes))
  return plaintext ? fromUtf8(plaintext) : null
}
