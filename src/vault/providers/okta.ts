import { defineProvider } from '../provider-spec.ts'

/** Rotation has a leeway of 30 s by default; reuse after it revokes the family. Never Basic and body together. */
export const okta = defineProvider({
  id: 'okta',
  name: 'Okta',
  docs: 'https://developer.okta.com/docs/guides/refresh-tokens/main/',
  variables: {
    org: { kind: 'host', about: 'Your Okta host, e.g. acme.okta.com' },
    server: { kind: 'word', default: 'default', about: 'Id of the authorization server' },
  },
  scopes: { always: ['openid', 'email', 'offline_access'] },
  authorize: { url: 'https://{+org}/oauth2/{server}/v1/authorize' },
  issuer: 'https://{+org}/oauth2/{server}',
  conforming: true,
  client: 'basic',
  token: { url: 'https://{+org}/oauth2/{server}/v1/token' },
  refresh: { rotation: 'rotates', leewayMs: 30_000 },
  revoke: {
    url: 'https://{+org}/oauth2/{server}/v1/revoke',
    params: { token: '{refresh_token}', token_type_hint: 'refresh_token' },
    what: 'refresh_token',
  },
  service: { clientCredentials: {} },
  account: {
    request: { url: 'https://{+org}/oauth2/{server}/v1/userinfo', method: 'GET', auth: 'bearer' },
    id: '{account.sub}',
    label: '{account.email|account.preferred_username}',
    email: '{account.email}',
  },
  api: { base: 'https://{+org}', origins: ['https://{+org}'] },
})
