import { defineProvider } from '../provider-spec.ts'

/** Calls without arguments must have no body and no content type. */
export const dropbox = defineProvider({
  id: 'dropbox',
  name: 'Dropbox',
  docs: 'https://developers.dropbox.com/oauth-guide',
  scopes: { always: ['account_info.read'] },
  authorize: {
    url: 'https://www.dropbox.com/oauth2/authorize',
    params: { token_access_type: 'offline', include_granted_scopes: 'user' },
  },
  conforming: true,
  token: { url: 'https://api.dropboxapi.com/oauth2/token' },
  refresh: { rotation: 'none' },
  revoke: { url: 'https://api.dropboxapi.com/2/auth/token/revoke', auth: 'bearer', format: 'none' },
  account: {
    request: {
      url: 'https://api.dropboxapi.com/2/users/get_current_account',
      auth: 'bearer',
      format: 'none',
    },
    id: '{account.account_id}',
    label: '{account.email}',
    email: '{account.email}',
  },
  api: {
    base: 'https://api.dropboxapi.com/2',
    origins: ['https://api.dropboxapi.com', 'https://content.dropboxapi.com'],
  },
})
