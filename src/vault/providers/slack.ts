import { defineProvider } from '../provider-spec.ts'

/**
 * User tokens: what an agent does is done as the person. Errors come with HTTP 200 and `ok: false`. The consent's answer holds
 * the user's token under `authed_user`, a refresh has it at the top. PKCE is for apps that opted in only, so it is not sent.
 */
export const slack = defineProvider({
  id: 'slack',
  name: 'Slack',
  docs: 'https://docs.slack.dev/authentication/installing-with-oauth',
  scopes: { separator: ',', parameter: 'user_scope' },
  authorize: { url: 'https://slack.com/oauth/v2/authorize' },
  pkce: false,
  client: 'basic',
  token: { url: 'https://slack.com/api/oauth.v2.access' },
  answer: {
    accessToken: 'authed_user.access_token|access_token',
    refreshToken: 'authed_user.refresh_token|refresh_token',
    expiresIn: 'authed_user.expires_in|expires_in',
    scope: 'authed_user.scope|scope',
    deadErrors: [
      'invalid_auth',
      'not_authed',
      'account_inactive',
      'token_revoked',
      'invalid_code',
      'code_already_used',
    ],
  },
  refresh: { rotation: 'single_use' },
  revoke: { url: 'https://slack.com/api/auth.revoke', auth: 'bearer', format: 'none' },
  account: {
    request: { url: 'https://slack.com/api/auth.test', auth: 'bearer', format: 'none' },
    id: '{account.team_id}/{account.user_id}',
    label: '{account.user} ({account.team})',
  },
  api: { base: 'https://slack.com/api', origins: ['https://slack.com', 'https://files.slack.com'] },
})
