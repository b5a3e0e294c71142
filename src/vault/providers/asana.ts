import { defineProvider } from '../provider-spec.ts'

export const asana = defineProvider({
  id: 'asana',
  name: 'Asana',
  docs: 'https://developers.asana.com/docs/oauth',
  authorize: { url: 'https://app.asana.com/-/oauth_authorize' },
  token: { url: 'https://app.asana.com/-/oauth_token' },
  refresh: { rotation: 'none' },
  revoke: {
    url: 'https://app.asana.com/-/oauth_revoke',
    params: { token: '{refresh_token}' },
    what: 'refresh_token',
  },
  account: {
    request: { url: 'https://app.asana.com/api/1.0/users/me', method: 'GET', auth: 'bearer' },
    id: '{account.data.gid}',
    label: '{account.data.email|account.data.name}',
    email: '{account.data.email}',
  },
  api: { base: 'https://app.asana.com/api/1.0', origins: ['https://app.asana.com'] },
})
