import { defineProvider } from '../provider-spec.ts'

/**
 * A refresh token comes only with `access_type=offline`, and at a repeated consent only with `prompt=consent`. It does not
 * rotate; it dies after 6 months without use. People may grant a part of what is asked. Revoking ends the whole grant.
 */
export const google = defineProvider({
  id: 'google',
  name: 'Google',
  docs: 'https://developers.google.com/identity/protocols/oauth2/web-server',
  scopes: {
    always: ['openid', 'https://www.googleapis.com/auth/userinfo.email'],
    implies: {
      'https://mail.google.com/': [
        'https://www.googleapis.com/auth/gmail.modify',
        'https://www.googleapis.com/auth/gmail.readonly',
        'https://www.googleapis.com/auth/gmail.compose',
        'https://www.googleapis.com/auth/gmail.send',
      ],
      'https://www.googleapis.com/auth/gmail.modify': [
        'https://www.googleapis.com/auth/gmail.readonly',
        'https://www.googleapis.com/auth/gmail.compose',
        'https://www.googleapis.com/auth/gmail.send',
        'https://www.googleapis.com/auth/gmail.labels',
      ],
      'https://www.googleapis.com/auth/gmail.compose': ['https://www.googleapis.com/auth/gmail.send'],
      'https://www.googleapis.com/auth/calendar': [
        'https://www.googleapis.com/auth/calendar.readonly',
        'https://www.googleapis.com/auth/calendar.events',
        'https://www.googleapis.com/auth/calendar.freebusy',
      ],
      'https://www.googleapis.com/auth/calendar.events': ['https://www.googleapis.com/auth/calendar.events.readonly'],
      'https://www.googleapis.com/auth/drive': [
        'https://www.googleapis.com/auth/drive.readonly',
        'https://www.googleapis.com/auth/drive.file',
        'https://www.googleapis.com/auth/drive.metadata.readonly',
      ],
      'https://www.googleapis.com/auth/drive.readonly': ['https://www.googleapis.com/auth/drive.metadata.readonly'],
      'https://www.googleapis.com/auth/documents': ['https://www.googleapis.com/auth/documents.readonly'],
      'https://www.googleapis.com/auth/spreadsheets': ['https://www.googleapis.com/auth/spreadsheets.readonly'],
      'https://www.googleapis.com/auth/presentations': ['https://www.googleapis.com/auth/presentations.readonly'],
    },
  },
  authorize: {
    url: 'https://accounts.google.com/o/oauth2/v2/auth',
    params: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
  },
  issuer: 'https://accounts.google.com',
  conforming: true,
  token: { url: 'https://oauth2.googleapis.com/token' },
  refresh: { rotation: 'none', idleMs: 180 * 86_400_000 },
  revoke: {
    url: 'https://oauth2.googleapis.com/revoke',
    auth: 'none',
    params: { token: '{refresh_token}' },
    what: 'refresh_token',
  },
  // Delegation (`subject`) works where a Workspace administrator allows this service account these scopes.
  service: { jwtBearer: { audience: 'https://oauth2.googleapis.com/token', lifetimeMs: 3_600_000, scopes: 'claim' } },
  account: {
    request: { url: 'https://www.googleapis.com/oauth2/v2/userinfo', method: 'GET', auth: 'bearer' },
    id: '{account.id|account.sub}',
    label: '{account.email}',
    email: '{account.email}',
  },
  api: {
    base: 'https://www.googleapis.com',
    origins: [
      'https://www.googleapis.com',
      'https://gmail.googleapis.com',
      'https://docs.googleapis.com',
      'https://sheets.googleapis.com',
      'https://slides.googleapis.com',
      'https://drive.googleapis.com',
      'https://people.googleapis.com',
    ],
  },
})
