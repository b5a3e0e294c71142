export type Health = { state: string; checkedAt: number; since: number; reason: string | null }

const eras: Readonly<Record<string, string>> = { modern: '2026-07-28', legacy: '2025-x' }

/** Which MCP a server speaks. */
export const eraText = (era: string | null): string => (era === null ? 'not asked yet' : (eras[era] ?? era))

const reasons: Readonly<Record<string, string>> = {
  'egress/unreachable': 'nothing answers at its address',
  'egress/timeout': 'it does not answer in time',
  'egress/blocked': 'its address may not be called',
  'egress/too_large': 'it answers with too much',
  'upstream/failed': 'it answers with errors',
  'upstream/unavailable': 'it says that it is not available',
  'upstream/authorization_needed': 'it wants a sign-in',
  'vault/authorization_needed': 'the account for its lists has to be connected',
  'vault/secret_missing': 'a secret that it needs is not set',
  'vault/unavailable': 'the account for its lists cannot be reached',
}

/** How a server is doing, and since when where it is not well. */
export function healthText({ state, reason, since }: Health): string {
  if (state === 'unknown') return 'not asked yet'
  const word = state === 'needs_sign_in' ? 'needs sign-in' : state
  const why = reason === null ? [] : [reasons[reason] ?? reason]
  return state === 'up' ? word : [`${word} since ${new Date(since).toISOString().slice(0, 16)}`, ...why].join(': ')
}
