import { defineProvider } from '../provider-spec.ts'

/**
 * One tenant, never `common`: a foreign tenant's account must not get in. Each refresh gives a new refresh token and the old
 * one stays valid. There is no revocation for one grant; `interaction_required` and AADSTS errors ask for a new sign-in.
 */
export const microsoft = defineProvider({
  id: 'microsoft',
  name: 'Microsoft',
  docs: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
  variables: { tenant: { kind: 'word', about: "Your tenant's id (a GUID)" } },
  scopes: {
    always: ['offline_access', 'openid', 'profile', 'email', 'User.Read'],
    strip: 'https://graph.microsoft.com/',
    implies: {
      'Mail.ReadWrite': ['Mail.Read', 'Mail.ReadBasic'],
      'Mail.Read': ['Mail.ReadBasic'],
      'Calendars.ReadWrite': ['Calendars.Read', 'Calendars.ReadBasic'],
      'Files.ReadWrite.All': ['Files.ReadWrite', 'Files.Read.All', 'Files.Read'],
      'Files.ReadWrite': ['Files.Read'],
      'Files.Read.All': ['Files.Read'],
      'User.ReadWrite': ['User.Read'],
      'ChannelMessage.Read.All': ['Channel.ReadBasic.All'],
      'Chat.ReadWrite': ['Chat.Read', 'Chat.ReadBasic', 'ChatMessage.Read', 'ChatMessage.Send'],
    },
  },
  authorize: { url: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize' },
  conforming: true,
  token: { url: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token' },
  refresh: { rotation: 'rotates', leewayMs: 90 * 86_400_000, idleMs: 90 * 86_400_000 },
  revoke: null,
  // An application's permissions are consented to in the tenant and come all together.
  service: { clientCredentials: { params: { scope: 'https://graph.microsoft.com/.default' } } },
  account: {
    request: { url: 'https://graph.microsoft.com/v1.0/me', method: 'GET', auth: 'bearer' },
    id: '{account.id}',
    label: '{account.mail|account.userPrincipalName}',
    email: '{account.mail|account.userPrincipalName}',
  },
  api: { base: 'https://graph.microsoft.com/v1.0', origins: ['https://graph.microsoft.com'] },
})
