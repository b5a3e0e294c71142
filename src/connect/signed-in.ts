import type { ProjectId, UserId } from '../core/ids.ts'
import type { IdentityDeps } from '../identity/identity.ts'
import { vaultOf } from '../vault/vault.ts'

/** What a sign-in at the company gives goes into the person's vault; it goes when they sign out. */
export function signInKeeper(env: Env): Pick<IdentityDeps, 'keepSignIn' | 'forgetSignIn'> {
  return {
    keepSignIn: (project: ProjectId, user: UserId, credential) =>
      vaultOf(env, user).keepSignIn({ project, user }, credential),
    forgetSignIn: (user: UserId) => vaultOf(env, user).forgetSignIn({ kind: 'user', id: user, reason: 'signed_out' }),
  }
}
