/** Needed for any use of a gateway. What a token may do there is decided per call, not by scope. */
export const baseScope = 'mcp'
/** Some clients ask for it; a refresh token is given either way. */
export const scopesSupported = [baseScope, 'offline_access']

export const paths = {
  authorize: '/oauth/authorize',
  token: '/oauth/token',
  register: '/oauth/register',
  revoke: '/oauth/revoke',
  keys: '/oauth/jwks',
  callback: '/sign-in/callback',
} as const
