import { decodeJwt } from 'jose'
import { base64url, randomBytes } from '../core/bytes.ts'
import type { SignInCredential } from '../core/sign-in-provider.ts'
import { identityProviderOf } from '../core/sign-in-provider.ts'
import type { Connection } from './connection.ts'
import { freshGrant } from './connection.ts'
import type { Provider } from './provider.ts'
import { tellElicited } from './session-control.ts'
import type { By } from './taking-back.ts'
import { takeBack } from './taking-back.ts'
import type { VaultUse } from './use.ts'

/**
 * What the company's sign-in gave, kept as the person's credential there: the next generation of what they had. Whose it is has
 * been proved by the sign-in. False: the vault was closed meanwhile, or an administrator suspended it.
 */
export async function keepSignIn(use: VaultUse, provider: Provider, credential: SignInCredential): Promise<boolean> {
  const { subject, label, idToken, refreshToken, expiresAt } = credential
  const known = use.store.ofAccount(provider.id, subject)
  const id = known?.id ?? base64url(randomBytes(16))
  const generation = (known?.generation ?? 0) + 1
  const place = { id, provider: provider.id }
  const access = await use.keys.seal(place, 'access', generation, idToken).catch(() => null)
  const refresh = access && refreshToken && (await use.keys.seal(place, 'refresh', generation, refreshToken))

  const now = use.now()
  const current = use.store.ofAccount(provider.id, subject)
  const suspended = current?.status === 'suspended' && current.reason !== 'account_changed'
  if (!access || suspended || use.keys.owner()?.status !== 'open') return false
  if ((current?.generation ?? 0) + 1 !== generation) return false
  const connection: Connection = {
    id,
    kind: 'user',
    provider: provider.id,
    account: subject,
    label,
    scopes: [],
    ...freshGrant(expiresAt, now),
    isDefault: true,
    generation,
    access,
    refresh,
    refreshExpiresAt: null,
    details: {},
    places: provider.places,
    lastUsedAt: current?.lastUsedAt ?? null,
  }
  if (current) use.store.update(id, connection)
  else use.store.insert(connection)
  if (current) use.holders.recall(id)
  use.record({
    type: 'connect.completed',
    attributes: { connection: id, provider: provider.id, scopes: [], generation },
    payload: { account: subject, label },
  })
  const waiting = use.tickets.finish(provider.id)
  use.settle()
  for (const { session, elicitation } of waiting) {
    if (session !== '' && elicitation !== undefined) await tellElicited(use.env, session, elicitation)
  }
  return true
}

/** The person signed out: what the sign-in gave goes, here, in live sessions and, where it can be taken back, there. */
export async function forgetSignIn(use: VaultUse, by: By): Promise<void> {
  const kept = use.store.all().filter((one) => identityProviderOf(one.provider) !== null && one.status !== 'revoking')
  if (kept.length > 0) await takeBack(use, kept, by)
}

/**
 * Whether a refreshed ID token is this person's and for us (OpenID Connect Core §12.2). It came from the token endpoint itself
 * over TLS, which stands for its signature (§3.1.3.7).
 */
export function isOwnIdToken(
  idToken: string,
  { issuer, audience }: NonNullable<Provider['signIn']>,
  subject: string,
  now: number,
): boolean {
  try {
    const { iss, aud, sub, exp } = decodeJwt(idToken)
    const isForUs = Array.isArray(aud) ? aud.length === 1 && aud[0] === audience : aud === audience
    return iss === issuer && isForUs && sub === subject && (exp ?? 0) * 1_000 > now
  } catch {
    return false
  }
}
