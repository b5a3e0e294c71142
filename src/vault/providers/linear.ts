import { defineProvider } from '../provider-spec.ts'

export const linear = defineProvider({
  id: 'linear',
  name: 'Linear',
  docs: 'https://linear.app/developers/oauth-2-0-authentication',
  scopes: {
    separator: ',',
    implies: { write: ['issues:create', 'comments:create', 'timeSchedule:write'], admin: ['read', 'write'] },
  },
  authorize: { url: 'https://linear.app/oauth/authorize', params: { prompt: 'consent' } },
  token: { url: 'https://api.linear.app/oauth/token' },
  refresh: { rotation: 'single_use' },
  revoke: { url: 'https://api.linear.app/oauth/revoke', auth: 'none', params: { token: '{access_token}' } },
  service: { apiKey: { header: { name: 'authorization', prefix: '' } } },
  account: {
    request: {
      url: 'https://api.linear.app/graphql',
      auth: 'bearer',
      format: 'json',
      params: { query: 'query Me {{ viewer {{ id name email }} organization {{ id urlKey }} }}' },
    },
    id: '{account.data.viewer.id}',
    label: '{account.data.viewer.email|account.data.viewer.name}',
    email: '{account.data.viewer.email}',
    details: { workspace: '{account.data.organization.urlKey}' },
  },
  api: { base: 'https://api.linear.app', origins: ['https://api.linear.app'] },
})
