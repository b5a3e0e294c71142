import { defineProvider } from '../provider-spec.ts'

/**
 * A client belongs to one subdomain. Lifetimes are given only when asked for; a refresh deletes the old pair. Revoking is by
 * the token's id, because `DELETE …/tokens/current` answers 204 and does nothing.
 */
const lifetimes = { expires_in: '86400', refresh_token_expires_in: '7776000' }

export const zendesk = defineProvider({
  id: 'zendesk',
  name: 'Zendesk',
  docs: 'https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/',
  variables: { subdomain: { kind: 'label', about: 'acme, where your Zendesk is acme.zendesk.com' } },
  scopes: {
    implies: { read: ['tickets:read', 'users:read', 'organizations:read', 'hc:read'], write: ['tickets:write'] },
  },
  authorize: { url: 'https://{subdomain}.zendesk.com/oauth/authorizations/new' },
  token: { url: 'https://{subdomain}.zendesk.com/oauth/tokens', format: 'json', params: lifetimes },
  refresh: { rotation: 'single_use', params: lifetimes },
  revoke: {
    find: { url: 'https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current.json', method: 'GET', auth: 'bearer' },
    url: 'https://{subdomain}.zendesk.com/api/v2/oauth/tokens/{found.token.id}.json',
    method: 'DELETE',
    auth: 'bearer',
    format: 'none',
  },
  // The key is `address/token:key` in base64.
  service: { apiKey: { header: { name: 'authorization', prefix: 'Basic ' } } },
  account: {
    request: { url: 'https://{subdomain}.zendesk.com/api/v2/users/me.json', method: 'GET', auth: 'bearer' },
    id: '{account.user.id}',
    label: '{account.user.email|account.user.name}',
    email: '{account.user.email}',
  },
  api: { base: 'https://{subdomain}.zendesk.com', origins: ['https://{subdomain}.zendesk.com'] },
})
