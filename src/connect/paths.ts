/** Providers are told the callback, so it never changes; `vault` builds links and redirect URIs from the same words. */
export const connectPaths = {
  callback: '/connect/callback/:provider',
  client: '/connect/client/:provider',
  result: '/connect/result/:result',
  default: '/connect/default/:link',
  link: '/connect/:link',
  approval: '/approve/:approval',
  disconnect: '/disconnect/:link',
  activity: '/me/activity',
} as const
