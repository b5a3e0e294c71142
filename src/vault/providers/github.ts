import type { ProviderSpecInput } from '../provider-spec.ts'
import { defineProvider } from '../provider-spec.ts'

/**
 * Token errors come with HTTP 200, so the answer's `error` decides, not its status. Classic apps give tokens that neither
 * expire nor refresh; apps with expiring tokens give both, and a refresh kills the old pair.
 */
const oauthApp = {
  scopes: {
    implies: {
      repo: ['public_repo', 'repo:status', 'repo_deployment', 'repo:invite', 'security_events'],
      user: ['read:user', 'user:email', 'user:follow'],
      'admin:org': ['write:org', 'read:org'],
      'write:org': ['read:org'],
      'admin:repo_hook': ['write:repo_hook', 'read:repo_hook'],
      'write:repo_hook': ['read:repo_hook'],
      'admin:public_key': ['write:public_key', 'read:public_key'],
      'write:public_key': ['read:public_key'],
      'write:packages': ['read:packages'],
      project: ['read:project'],
      'write:discussion': ['read:discussion'],
    },
  },
  answer: { deadErrors: ['bad_refresh_token', 'bad_verification_code', 'unverified_user_email'] },
  refresh: { rotation: 'single_use' },
} satisfies Partial<ProviderSpecInput>

const account = { id: '{account.id}', label: '{account.login}', email: '{account.email}' }
const json = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }

export const github = defineProvider({
  ...oauthApp,
  id: 'github',
  name: 'GitHub',
  docs: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
  authorize: { url: 'https://github.com/login/oauth/authorize', params: { allow_signup: 'false' } },
  token: { url: 'https://github.com/login/oauth/access_token', headers: { accept: 'application/json' } },
  revoke: {
    url: 'https://api.github.com/applications/{client_id}/token',
    method: 'DELETE',
    auth: 'basic',
    format: 'json',
    headers: json,
    params: { access_token: '{access_token}' },
  },
  account: {
    ...account,
    request: { url: 'https://api.github.com/user', method: 'GET', auth: 'bearer', headers: json },
  },
  api: { base: 'https://api.github.com', origins: ['https://api.github.com'] },
})
