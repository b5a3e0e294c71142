import { and, eq, sql } from 'drizzle-orm'
import type { SignInCredential } from '../core/sign-in-provider.ts'
import { signInProvider } from '../core/sign-in-provider.ts'
import type { Db } from '../db/db.ts'
import { upstreams } from '../db/schema.ts'
import type { DirectoryUser } from '../db/principals.ts'
import type { Claims } from './claims.ts'
import type { IdentityProvider } from './identity-provider.ts'

/** What the token endpoint gave beside the claims. */
export type SignInTokens = { idToken: string; refreshToken: string | null }

/** Whether some server of the project is called with what a sign-in at this identity provider gives. Else nothing of it is kept. */
export async function isSignInWanted(db: Db, { project, id }: IdentityProvider): Promise<boolean> {
  const { settings, enabled } = upstreams
  const provider = sql`json_extract(${settings}, '$.credentials.provider')`
  const [row] = await db
    .select({ id: upstreams.id })
    .from(upstreams)
    .where(and(eq(upstreams.project, project), eq(enabled, true), eq(provider, signInProvider(id))))
    .limit(1)
  return row !== undefined
}

export function signInCredential(
  provider: IdentityProvider,
  user: Pick<DirectoryUser, 'name' | 'email'>,
  claims: Claims,
  { idToken, refreshToken }: SignInTokens,
): SignInCredential {
  return {
    identityProvider: provider.id,
    subject: String(claims['sub']),
    label: user.email ?? user.name,
    idToken,
    refreshToken,
    expiresAt: Number(claims['exp']) * 1_000,
  }
}
