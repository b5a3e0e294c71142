import { defineProvider } from '../provider-spec.ts'

/** A connection is the company's, not a person's: the answer names the customer's own host. Nothing to revoke with is published. */
export const gong = defineProvider({
  id: 'gong',
  name: 'Gong',
  docs: 'https://help.gong.io/docs/create-an-app-for-gong',
  authorize: { url: 'https://app.gong.io/oauth2/authorize', params: { access_type: 'offline' } },
  pkce: false,
  client: 'basic',
  token: { url: 'https://app.gong.io/oauth2/generate-customer-token' },
  expiresInMs: 86_400_000,
  refresh: { rotation: 'single_use' },
  revoke: null,
  account: {
    id: '{token.api_base_url_for_customer}',
    label: '{token.api_base_url_for_customer}',
    details: { base: '{token.api_base_url_for_customer}' },
  },
  api: { base: '{+details.base}', origins: ['https://*.gong.io'] },
})
