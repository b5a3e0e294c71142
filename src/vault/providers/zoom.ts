import { defineProvider } from '../provider-spec.ts'

export const zoom = defineProvider({
  id: 'zoom',
  name: 'Zoom',
  docs: 'https://developers.zoom.us/docs/integrations/oauth/',
  scopes: { model: 'app' },
  authorize: { url: 'https://zoom.us/oauth/authorize' },
  client: 'basic',
  token: { url: 'https://zoom.us/oauth/token' },
  refresh: { rotation: 'single_use', idleMs: 90 * 86_400_000 },
  revoke: { url: 'https://zoom.us/oauth/revoke', auth: 'basic', params: { token: '{access_token}' } },
  account: {
    request: { url: 'https://api.zoom.us/v2/users/me', method: 'GET', auth: 'bearer' },
    id: '{account.id}',
    label: '{account.email}',
    email: '{account.email}',
  },
  api: { base: 'https://api.zoom.us/v2', origins: ['https://api.zoom.us'] },
})
