import { defineProvider } from '../provider-spec.ts'

/** The `2026-03` endpoints: v1 ends on 2027-02-16. Whose token it is, introspection says. */
export const hubspot = defineProvider({
  id: 'hubspot',
  name: 'HubSpot',
  docs: 'https://developers.hubspot.com/docs/api-reference/latest/authentication/oauth-tokens/token-introspect',
  scopes: { always: ['oauth'] },
  authorize: { url: 'https://app.hubspot.com/oauth/authorize' },
  pkce: false,
  token: { url: 'https://api.hubapi.com/oauth/2026-03/token' },
  answer: { deadErrors: ['BAD_REFRESH_TOKEN', 'BAD_AUTH_CODE'], error: 'error|status' },
  expiresInMs: 30 * 60_000,
  refresh: { rotation: 'none' },
  revoke: {
    url: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
    params: { token: '{refresh_token}', token_type_hint: 'refresh_token' },
    what: 'refresh_token',
  },
  account: {
    request: {
      url: 'https://api.hubapi.com/oauth/2026-03/token/introspect',
      params: { token: '{access_token}', token_type_hint: 'access_token' },
    },
    id: '{account.hub_id}/{account.user_id}',
    label: '{account.user|account.hub_domain}',
    email: '{account.user}',
  },
  api: { base: 'https://api.hubapi.com', origins: ['https://api.hubapi.com'] },
})
