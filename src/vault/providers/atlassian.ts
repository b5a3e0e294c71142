import { defineProvider } from '../provider-spec.ts'

/**
 * A used refresh token is taken again for 10 minutes. Calls go to one site: the first that the person allowed is kept, and
 * all of them are at /oauth/token/accessible-resources. Revocation is not documented for this flow; it is tried.
 */
export const atlassian = defineProvider({
  id: 'atlassian',
  name: 'Atlassian',
  docs: 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
  scopes: { always: ['offline_access', 'read:me'] },
  authorize: {
    url: 'https://auth.atlassian.com/authorize',
    params: { audience: 'api.atlassian.com', prompt: 'consent' },
  },
  token: { url: 'https://auth.atlassian.com/oauth/token' },
  answer: { deadErrors: ['unauthorized_client'] },
  refresh: { rotation: 'rotates', leewayMs: 10 * 60_000, idleMs: 90 * 86_400_000 },
  revoke: {
    url: 'https://auth.atlassian.com/oauth/revoke',
    params: { token: '{refresh_token}' },
    what: 'refresh_token',
  },
  account: {
    request: { url: 'https://api.atlassian.com/me', method: 'GET', auth: 'bearer' },
    id: '{account.account_id}',
    label: '{account.email|account.name}',
    email: '{account.email}',
    more: {
      request: {
        url: 'https://api.atlassian.com/oauth/token/accessible-resources',
        method: 'GET',
        auth: 'bearer',
      },
      details: { cloud_id: '{more[0].id}', site: '{more[0].url}' },
    },
  },
  api: { base: 'https://api.atlassian.com', origins: ['https://api.atlassian.com'] },
})
