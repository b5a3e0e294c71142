import type { EventType } from '../audit/audit.ts'

/** How a person reads an event in their own name. One that is rarely theirs has no word here, and goes by its type. */
const words: Partial<Record<EventType, string>> = {
  'identity.signed_in': 'You signed in',
  'identity.sign_in_failed': 'A sign-in failed',
  'identity.consented': 'You let it act for you',
  'identity.consent_denied': 'You did not let it act for you',
  'identity.token_issued': 'It was given access',
  'identity.token_refreshed': 'Its access was renewed',
  'identity.token_reused': 'Its access ended: an old token came again',
  'identity.grant_revoked': 'Its access was taken back',
  'session.started': 'It began to work',
  'session.ended': 'Its work was ended',
  'session.refused': 'It was not let in',
  'connect.offered': 'You were asked to connect an account',
  'connect.started': 'You went to connect an account',
  'connect.completed': 'An account was connected',
  'connect.failed': 'An account was not connected',
  'connect.user_mismatch': 'Somebody else opened a link that was made for you',
  'vault.refreshed': 'The access to an account was renewed',
  'vault.refresh_failed': 'The access to an account could not be renewed',
  'vault.revoked': 'The access to an account was taken back',
  'approval.requested': 'An approval was asked for',
  'approval.decided': 'An approval was decided',
  'directory.changed': 'What your company says of you changed',
}

export const wordsFor = (type: string): string => words[type as EventType] ?? type
