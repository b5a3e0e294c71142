import type { ProviderSpecInput } from '../provider-spec.ts'
import { defineProvider } from '../provider-spec.ts'

/**
 * Token errors come with HTTP 200, so the answer's `error` decides, not its status. Classic apps give tokens that neither
 * expire nor refresh; apps with expiring tokens give both, and a refresh kills the old pair.
 */
const common = {
  answer: { deadErrors: ['bad_refresh_token', 'bad_verification_code', 'unverified_user_email'] },
  refresh: { rotation: 'single_use' },
} satisfies Partial<ProviderSpecInput>

const appScopes = {
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
}

const json = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }

/** The same on github.com and on a company's own server, but for where things are. */
function places(web: string, api: string, origin: string) {
  return {
    authorize: { url: `${web}/login/oauth/authorize`, params: { allow_signup: 'false' } },
    token: { url: `${web}/login/oauth/access_token`, headers: { accept: 'application/json' } },
    revoke: {
      url: `${api}/applications/{client_id}/token`,
      method: 'DELETE',
      auth: 'basic',
      format: 'json',
      headers: json,
      params: { access_token: '{access_token}' },
    },
    account: {
      request: { url: `${api}/user`, method: 'GET', auth: 'bearer', headers: json },
      id: '{account.id}',
      label: '{account.login}',
      email: '{account.email}',
    },
    api: { base: api, origins: [origin] },
  } satisfies Partial<ProviderSpecInput>
}

/**
 * As an installation of the app: the app's JWT, signed with its private key, is exchanged for a token of one hour, narrowed to
 * repositories and permissions. Its answer names the expiry as a date, and the token takes itself back.
 */
function installation(api: string) {
  return {
    jwtBearer: {
      lifetimeMs: 10 * 60_000,
      subject: 'required',
      scopes: 'permissions',
      exchange: {
        request: {
          url: `${api}/app/installations/{subject}/access_tokens`,
          auth: 'none',
          format: 'json',
          headers: { ...json, authorization: 'Bearer {assertion}' },
          members: { repositories: 'repositories', permissions: 'permissions' },
        },
        answer: { accessToken: 'token', expiresAt: 'expires_at' },
        revoke: { url: `${api}/installation/token`, method: 'DELETE', auth: 'bearer', format: 'none', headers: json },
      },
    },
  } satisfies ProviderSpecInput['service']
}

const cloud = places('https://github.com', 'https://api.github.com', 'https://api.github.com')

export const github = defineProvider({
  ...common,
  ...cloud,
  id: 'github',
  name: 'GitHub',
  docs: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
  scopes: appScopes,
})

/** Permissions and repositories are chosen where the app is installed; user tokens live 8 hours. */
export const githubApp = defineProvider({
  ...common,
  ...cloud,
  id: 'github-app',
  name: 'GitHub',
  docs: 'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
  scopes: { model: 'app' },
  service: installation('https://api.github.com'),
})

const server = {
  ...places('https://{+host}', 'https://{+host}/api/v3', 'https://{+host}'),
  variables: { host: { kind: 'host', about: 'Host name of the server, e.g. github.example.com' } },
} satisfies Partial<ProviderSpecInput>

export const githubEnterprise = defineProvider({
  ...common,
  ...server,
  id: 'github-enterprise',
  name: 'GitHub Enterprise',
  docs: 'https://docs.github.com/en/enterprise-server@latest/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
  scopes: appScopes,
})

export const githubEnterpriseApp = defineProvider({
  ...common,
  ...server,
  id: 'github-enterprise-app',
  name: 'GitHub Enterprise',
  docs: 'https://docs.github.com/en/enterprise-server@latest/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
  scopes: { model: 'app' },
  service: installation('https://{+host}/api/v3'),
})
