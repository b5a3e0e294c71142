import type { FixtureOptions, IssuedTokens, SeenRequest } from './oauth-fixture.ts'

/**
 * Strict servers for providers, written from their published documentation (`docs` in each spec): the hosts, the client's
 * authentication, what the consent insists on, and the shapes of answers. No provider's answers are reproduced at length.
 */
export type ProviderFixture = {
  spec: string
  settings: Record<string, unknown>
  scopes: readonly string[]
  options: Partial<FixtureOptions>
  expected: { account: string; label: string; apiBase: string; scopes?: readonly string[] }
}

const bad = (error: string, status = 400): Response => Response.json({ error }, { status })
const account = { id: '1001', login: 'alice-dev', email: 'alice@acme.test' }
const jsonOnly = (url: string) => (request: SeenRequest) =>
  request.url === url && request.headers.get('accept') !== 'application/json' ? bad('accept') : null

/** GitHub's own: errors with HTTP 200, scopes joined by commas in the answer, revocation by Basic and a JSON body. */
function github(web: string, api: string, lifetimeS: number | null): Partial<FixtureOptions> {
  return {
    origin: new URL(web).origin,
    paths: {
      authorize: `${web}/login/oauth/authorize`,
      token: `${web}/login/oauth/access_token`,
      revoke: `${api}/applications/client-1/token`,
      account: `${api}/user`,
    },
    lifetimeS,
    rotation: 'single_use',
    authorizeParams: { allow_signup: 'false' },
    strict: (request) => {
      if (request.url.endsWith('/token')) {
        const isBasic = request.headers.get('authorization')?.startsWith('Basic ')
        return request.method === 'DELETE' && isBasic ? null : bad('revoke')
      }
      return jsonOnly(`${web}/login/oauth/access_token`)(request)
    },
    tokenBody: ({ accessToken, refreshToken, lifetimeS: seconds, scopes }) =>
      Response.json({
        access_token: accessToken,
        token_type: 'bearer',
        scope: scopes.join(','),
        ...(seconds === null
          ? {}
          : { expires_in: seconds, refresh_token: refreshToken, refresh_token_expires_in: 15_897_600 }),
      }),
    accountBody: ({ login, email }) => ({ id: 1001, login, email }),
  }
}

const standard = (tokens: IssuedTokens): Record<string, unknown> => ({
  access_token: tokens.accessToken,
  token_type: 'Bearer',
  expires_in: tokens.lifetimeS,
  scope: tokens.scopes.join(' '),
  ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
})

export const fixtures: readonly ProviderFixture[] = [
  {
    spec: 'github',
    settings: {},
    scopes: ['repo'],
    options: github('https://github.com', 'https://api.github.com', null),
    expected: { account: '1001', label: 'alice-dev', apiBase: 'https://api.github.com' },
  },
  {
    spec: 'github-app',
    settings: {},
    scopes: [],
    options: github('https://github.com', 'https://api.github.com', 28_800),
    expected: { account: '1001', label: 'alice-dev', apiBase: 'https://api.github.com', scopes: [] },
  },
  {
    spec: 'github-enterprise',
    settings: { variables: { host: 'ghe.acme.test:8443' } },
    scopes: ['repo'],
    options: github('https://ghe.acme.test:8443', 'https://ghe.acme.test:8443/api/v3', null),
    expected: { account: '1001', label: 'alice-dev', apiBase: 'https://ghe.acme.test:8443/api/v3' },
  },
  {
    spec: 'github-enterprise-app',
    settings: { variables: { host: 'ghe.acme.test' } },
    scopes: [],
    options: github('https://ghe.acme.test', 'https://ghe.acme.test/api/v3', 28_800),
    expected: { account: '1001', label: 'alice-dev', apiBase: 'https://ghe.acme.test/api/v3', scopes: [] },
  },
  {
    spec: 'google',
    settings: {},
    scopes: ['https://www.googleapis.com/auth/gmail.readonly'],
    options: {
      origin: 'https://oauth2.googleapis.com',
      paths: {
        authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
        token: '/token',
        revoke: '/revoke',
        account: 'https://www.googleapis.com/oauth2/v2/userinfo',
      },
      rotation: 'none',
      issuer: 'https://accounts.google.com',
      authorizeParams: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
      tokenBody: (tokens) => Response.json({ ...standard(tokens), id_token: 'a.b.c' }),
      accountBody: ({ id, email }) => ({ id, email, verified_email: true }),
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://www.googleapis.com' },
  },
  {
    spec: 'slack',
    settings: {},
    scopes: ['channels:read', 'chat:write'],
    options: {
      origin: 'https://slack.com',
      paths: {
        authorize: '/oauth/v2/authorize',
        token: '/api/oauth.v2.access',
        revoke: '/api/auth.revoke',
        account: '/api/auth.test',
      },
      auth: 'basic',
      pkce: false,
      lifetimeS: 43_200,
      scopeParameter: 'user_scope',
      scopeSeparator: ',',
      revokeBy: 'bearer',
      strict: ({ params }) =>
        params.has('code_verifier') ? Response.json({ ok: false, error: 'pkce_not_allowed' }) : null,
      tokenBody: ({ accessToken, refreshToken, lifetimeS, scopes, account: { id } }) => {
        const token = { scope: scopes.join(','), access_token: accessToken, token_type: 'user' }
        const rotation = { refresh_token: refreshToken, expires_in: lifetimeS }
        return Response.json({ ok: true, team: { id: 'T1', name: 'Acme' }, authed_user: { id, ...token, ...rotation } })
      },
      accountBody: ({ id, login }) => ({ ok: true, team_id: 'T1', team: 'Acme', user_id: id, user: login }),
    },
    expected: { account: 'T1/1001', label: 'alice-dev (Acme)', apiBase: 'https://slack.com/api' },
  },
  {
    spec: 'linear',
    settings: {},
    scopes: ['read', 'write'],
    options: {
      origin: 'https://api.linear.app',
      paths: {
        authorize: 'https://linear.app/oauth/authorize',
        token: '/oauth/token',
        revoke: '/oauth/revoke',
        account: '/graphql',
      },
      lifetimeS: 86_400,
      scopeSeparator: ',',
      authorizeParams: { prompt: 'consent' },
      strict: ({ path, params }) =>
        path === '/graphql' && !params.get('query')?.includes('{ viewer {') ? bad('GRAPHQL_PARSE_FAILED') : null,
      accountBody: ({ id, email }) => ({ data: { viewer: { id, email }, organization: { id: 'o1', urlKey: 'acme' } } }),
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://api.linear.app' },
  },
  {
    spec: 'salesforce',
    settings: { variables: { host: 'acme.my.salesforce.com' } },
    scopes: ['api'],
    options: {
      offlineScope: 'refresh_token',
      accountScope: 'openid',
      origin: 'https://acme.my.salesforce.com',
      paths: {
        authorize: '/services/oauth2/authorize',
        token: '/services/oauth2/token',
        revoke: '/services/oauth2/revoke',
        account: '/services/oauth2/userinfo',
      },
      rotation: 'rotates',
      // No `expires_in`: introspection says when it dies.
      tokenBody: ({ accessToken, refreshToken, scopes }) =>
        Response.json({
          access_token: accessToken,
          refresh_token: refreshToken,
          token_type: 'Bearer',
          scope: scopes.join(' '),
          instance_url: 'https://acme--eu.my.salesforce.com',
          id: 'https://login.salesforce.com/id/00D1/0051',
        }),
      further: {
        'https://acme.my.salesforce.com/services/oauth2/introspect': ({ params }) =>
          params.get('client_secret')
            ? Response.json({ active: true, exp: Math.floor(Date.now() / 1000) + 3600 })
            : bad('invalid_client', 401),
      },
      accountBody: ({ login, email }) => ({
        user_id: '0051',
        organization_id: '00D1',
        preferred_username: login,
        email,
      }),
    },
    expected: { account: '00D1/0051', label: 'alice-dev', apiBase: 'https://acme--eu.my.salesforce.com' },
  },
  {
    spec: 'zendesk',
    settings: { variables: { subdomain: 'acme' } },
    scopes: ['read'],
    options: {
      origin: 'https://acme.zendesk.com',
      paths: {
        authorize: '/oauth/authorizations/new',
        token: '/oauth/tokens',
        revoke: '/api/v2/oauth/tokens/223443.json',
        account: '/api/v2/users/me.json',
      },
      format: 'json',
      tokenParams: ['expires_in', 'refresh_token_expires_in'],
      revokeBy: 'bearer',
      lifetimeS: 86_400,
      strict: ({ path, method, params }) => {
        if (path === '/oauth/tokens' && params.get('expires_in') === null) return bad('invalid_request')
        return path.includes('/oauth/tokens/') && method !== (path.endsWith('current.json') ? 'GET' : 'DELETE')
          ? bad('method', 405)
          : null
      },
      further: {
        'https://acme.zendesk.com/api/v2/oauth/tokens/current.json': (_, whose) =>
          whose ? Response.json({ token: { id: 223443, scopes: ['read'] } }) : bad('unauthorized', 401),
      },
      accountBody: ({ email }) => ({ user: { id: 35436, email, name: 'Alice' } }),
    },
    expected: { account: '35436', label: account.email, apiBase: 'https://acme.zendesk.com' },
  },
  {
    spec: 'gong',
    settings: {},
    scopes: ['api:calls:read:basic'],
    options: {
      origin: 'https://app.gong.io',
      paths: {
        authorize: '/oauth2/authorize',
        token: '/oauth2/generate-customer-token',
        revoke: '/none',
        account: '/none',
      },
      authorizeParams: { access_type: 'offline' },
      auth: 'basic',
      pkce: false,
      lifetimeS: 86_400,
      tokenBody: (tokens) =>
        Response.json({ ...standard(tokens), api_base_url_for_customer: 'https://us-123.api.gong.io' }),
    },
    expected: {
      account: 'https://us-123.api.gong.io',
      label: 'https://us-123.api.gong.io',
      apiBase: 'https://us-123.api.gong.io',
    },
  },
  {
    spec: 'atlassian',
    settings: {},
    scopes: ['read:jira-work'],
    options: {
      offlineScope: 'offline_access',
      accountScope: 'read:me',
      origin: 'https://auth.atlassian.com',
      paths: {
        authorize: '/authorize',
        token: '/oauth/token',
        revoke: '/oauth/revoke',
        account: 'https://api.atlassian.com/me',
      },
      rotation: 'rotates',
      leewayMs: 600_000,
      authorizeParams: { audience: 'api.atlassian.com', prompt: 'consent' },
      further: {
        'https://api.atlassian.com/oauth/token/accessible-resources': (_, whose) =>
          whose ? Response.json([{ id: 'cloud-1', url: 'https://acme.atlassian.net', name: 'acme' }]) : bad('x', 401),
      },
      accountBody: ({ id, email }) => ({ account_id: id, email, name: 'Alice' }),
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://api.atlassian.com' },
  },
  {
    spec: 'notion',
    settings: {},
    scopes: [],
    options: {
      origin: 'https://api.notion.com',
      paths: {
        authorize: '/v1/oauth/authorize',
        token: '/v1/oauth/token',
        revoke: '/v1/oauth/revoke',
        account: '/none',
      },
      auth: 'basic',
      format: 'json',
      pkce: false,
      rotation: 'rotates',
      authorizeParams: { owner: 'user' },
      strict: ({ headers, path }) =>
        path.startsWith('/v1/') && headers.get('notion-version') === null ? bad('missing_version') : null,
      tokenBody: ({ accessToken, refreshToken }) =>
        Response.json({
          access_token: accessToken,
          refresh_token: refreshToken,
          token_type: 'bearer',
          bot_id: 'bot-1',
          workspace_id: 'ws-1',
          workspace_name: 'Acme',
          owner: { type: 'user', user: { id: 'u1', person: { email: 'alice@acme.test' } } },
          expires_in: 3600,
        }),
    },
    expected: { account: 'bot-1', label: 'Acme', apiBase: 'https://api.notion.com/v1', scopes: [] },
  },
  {
    spec: 'hubspot',
    settings: {},
    scopes: ['crm.objects.deals.read'],
    options: {
      origin: 'https://api.hubapi.com',
      paths: {
        authorize: 'https://app.hubspot.com/oauth/authorize',
        token: '/oauth/2026-03/token',
        revoke: '/oauth/2026-03/token/revoke',
        account: '/none',
      },
      pkce: false,
      rotation: 'none',
      lifetimeS: 1800,
      tokenBody: ({ accessToken, refreshToken, lifetimeS }) =>
        Response.json({
          access_token: accessToken,
          refresh_token: refreshToken,
          expires_in: lifetimeS,
          token_type: 'bearer',
        }),
      further: {
        'https://api.hubapi.com/oauth/2026-03/token/introspect': ({ params }) =>
          params.get('client_secret') && params.get('token')
            ? Response.json({
                active: true,
                hub_id: 123,
                user_id: 456,
                user: 'alice@acme.test',
                hub_domain: 'acme.test',
              })
            : bad('invalid_client', 401),
      },
    },
    expected: { account: '123/456', label: account.email, apiBase: 'https://api.hubapi.com' },
  },
  {
    spec: 'microsoft',
    settings: { variables: { tenant: '9188040d-6c67-4c5b-b112-36a304b66dad' } },
    scopes: ['Mail.Read'],
    options: {
      offlineScope: 'offline_access',
      accountScope: 'User.Read',
      origin: 'https://login.microsoftonline.com',
      paths: {
        authorize: '/9188040d-6c67-4c5b-b112-36a304b66dad/oauth2/v2.0/authorize',
        token: '/9188040d-6c67-4c5b-b112-36a304b66dad/oauth2/v2.0/token',
        revoke: '/none',
        account: 'https://graph.microsoft.com/v1.0/me',
      },
      rotation: 'rotates',
      leewayMs: 90 * 86_400_000,
      // Reported in full, and never `offline_access`.
      tokenBody: (tokens) =>
        Response.json({
          ...standard(tokens),
          scope: tokens.scopes
            .filter((scope) => scope !== 'offline_access')
            .map((scope) => (/^[A-Z]/.test(scope) ? `https://graph.microsoft.com/${scope}` : scope))
            .join(' '),
        }),
      accountBody: ({ id, email }) => ({ id, mail: null, userPrincipalName: email }),
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://graph.microsoft.com/v1.0' },
  },
  {
    spec: 'okta',
    settings: { variables: { org: 'acme.okta.com' } },
    scopes: ['groups'],
    options: {
      offlineScope: 'offline_access',
      accountScope: 'openid',
      origin: 'https://acme.okta.com',
      paths: {
        authorize: '/oauth2/default/v1/authorize',
        token: '/oauth2/default/v1/token',
        revoke: '/oauth2/default/v1/revoke',
        account: '/oauth2/default/v1/userinfo',
      },
      auth: 'basic',
      issuer: 'https://acme.okta.com/oauth2/default',
      rotation: 'rotates',
      leewayMs: 30_000,
      accountBody: ({ id, email }) => ({ sub: id, email }),
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://acme.okta.com' },
  },
  {
    spec: 'zoom',
    settings: {},
    scopes: [],
    options: {
      origin: 'https://zoom.us',
      paths: {
        authorize: '/oauth/authorize',
        token: '/oauth/token',
        revoke: '/oauth/revoke',
        account: 'https://api.zoom.us/v2/users/me',
      },
      auth: 'basic',
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://api.zoom.us/v2' },
  },
  {
    spec: 'asana',
    settings: {},
    scopes: ['default'],
    options: {
      origin: 'https://app.asana.com',
      paths: {
        authorize: '/-/oauth_authorize',
        token: '/-/oauth_token',
        revoke: '/-/oauth_revoke',
        account: '/api/1.0/users/me',
      },
      rotation: 'none',
      tokenBody: (tokens) => Response.json({ ...standard(tokens), data: { id: '1001', gid: '1001', name: 'Alice' } }),
      accountBody: ({ id, email }) => ({ data: { gid: id, email, name: 'Alice' } }),
    },
    expected: { account: account.id, label: account.email, apiBase: 'https://app.asana.com/api/1.0' },
  },
  {
    spec: 'dropbox',
    settings: {},
    scopes: ['files.metadata.read'],
    options: {
      accountScope: 'account_info.read',
      origin: 'https://api.dropboxapi.com',
      paths: {
        authorize: 'https://www.dropbox.com/oauth2/authorize',
        token: '/oauth2/token',
        revoke: '/2/auth/token/revoke',
        account: '/2/users/get_current_account',
      },
      rotation: 'none',
      lifetimeS: 14_400,
      revokeBy: 'bearer',
      authorizeParams: { token_access_type: 'offline', include_granted_scopes: 'user' },
      // A call without arguments with a content type that is not expected is refused.
      strict: ({ path, headers }) =>
        path.startsWith('/2/') && headers.get('content-type') !== null ? bad('bad_content_type') : null,
      accountBody: ({ email }) => ({ account_id: 'dbid:A', email }),
    },
    expected: { account: 'dbid:A', label: account.email, apiBase: 'https://api.dropboxapi.com/2' },
  },
  {
    spec: 'stripe',
    settings: {},
    scopes: ['read_only'],
    options: {
      origin: 'https://connect.stripe.com',
      paths: { authorize: '/oauth/authorize', token: '/oauth/token', revoke: '/none', account: '/none' },
      pkce: false,
      lifetimeS: null,
      tokenBody: ({ accessToken, scopes }) =>
        Response.json({
          access_token: accessToken,
          token_type: 'bearer',
          scope: scopes.join(' '),
          stripe_user_id: 'acct_1',
          livemode: false,
        }),
      further: {
        'https://connect.stripe.com/oauth/deauthorize': ({ params, headers }) =>
          headers.get('authorization') === 'Bearer CANARY-client-secret' && params.get('client_id') === 'client-1'
            ? Response.json({ stripe_user_id: params.get('stripe_user_id') })
            : bad('invalid_client', 401),
      },
    },
    expected: { account: 'acct_1', label: 'acct_1', apiBase: 'https://api.stripe.com/v1' },
  },
]
