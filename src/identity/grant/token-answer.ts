/** An answer of the token endpoint, as plain data: it crosses RPC and is kept for retries. */
export type TokenAnswer = { status: number; headers: [string, string][]; body: string }

const oauthError = (status: number, error: string, text: string, ...headers: [string, string][]): TokenAnswer => ({
  status,
  headers: [['content-type', 'application/json'], ['cache-control', 'no-store'], ...headers],
  body: JSON.stringify({ error, error_description: text }),
})

export const invalidGrant = oauthError(400, 'invalid_grant', 'The grant is over. Sign in again.')

/**
 * The host that describes the client does not answer. The library says `invalid_client`, at which clients throw their sign-in
 * away; but the client of this grant was good an hour ago, so it is asked to come back.
 */
export const clientAway = oauthError(
  503,
  'temporarily_unavailable',
  'The document that describes this client cannot be read right now.',
  ['retry-after', '30'],
)
