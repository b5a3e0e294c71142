import { defineProvider } from '../provider-spec.ts'

/**
 * The token's answer names no expiry: it is asked for by introspection, and an early death shows as a 401. Calls go to the
 * customer's own instance, which the answer names and which must be one of Salesforce's hosts.
 */
export const salesforce = defineProvider({
  id: 'salesforce',
  name: 'Salesforce',
  docs: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm',
  variables: {
    host: {
      kind: 'host',
      default: 'login.salesforce.com',
      about: 'login.salesforce.com, test.salesforce.com for sandboxes, or your My Domain host',
    },
  },
  scopes: { always: ['refresh_token', 'openid'], implies: { full: ['api', 'id', 'profile', 'email', 'openid'] } },
  authorize: { url: 'https://{+host}/services/oauth2/authorize' },
  token: { url: 'https://{+host}/services/oauth2/token' },
  introspect: {
    url: 'https://{+host}/services/oauth2/introspect',
    params: { token: '{access_token}', token_type_hint: 'access_token' },
    expiresAt: 'exp',
  },
  refresh: { rotation: 'rotates' },
  revoke: {
    url: 'https://{+host}/services/oauth2/revoke',
    auth: 'none',
    params: { token: '{refresh_token}' },
    what: 'refresh_token',
  },
  service: {
    clientCredentials: {},
    jwtBearer: { audience: 'https://{host}', subject: 'required', scopes: 'none' },
  },
  account: {
    request: { url: 'https://{+host}/services/oauth2/userinfo', method: 'GET', auth: 'bearer' },
    id: '{account.organization_id}/{account.user_id}',
    label: '{account.preferred_username|account.email}',
    email: '{account.email}',
    details: { instance_url: '{token.instance_url}' },
  },
  api: { base: '{+details.instance_url}', origins: ['https://*.salesforce.com', 'https://*.salesforce.mil'] },
})
