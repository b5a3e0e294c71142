import { defineProvider } from '../provider-spec.ts'

/**
 * Stripe Connect: the client secret is the platform's secret key, and the token is the connected account's. It does not expire;
 * taking back means deauthorizing the account, by the platform.
 */
export const stripe = defineProvider({
  id: 'stripe',
  name: 'Stripe',
  docs: 'https://docs.stripe.com/connect/oauth-reference',
  scopes: { implies: { read_write: ['read_only'] } },
  authorize: { url: 'https://connect.stripe.com/oauth/authorize' },
  pkce: false,
  token: { url: 'https://connect.stripe.com/oauth/token' },
  refresh: { rotation: 'none' },
  revoke: {
    url: 'https://connect.stripe.com/oauth/deauthorize',
    auth: 'none',
    headers: { authorization: 'Bearer {client_secret}' },
    params: { client_id: '{client_id}', stripe_user_id: '{details.account}' },
  },
  account: {
    id: '{token.stripe_user_id}',
    label: '{token.stripe_user_id}',
    details: { account: '{token.stripe_user_id}' },
  },
  api: { base: 'https://api.stripe.com/v1', origins: ['https://api.stripe.com', 'https://files.stripe.com'] },
})
