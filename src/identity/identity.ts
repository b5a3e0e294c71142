import { recordEvents } from '../audit/audit.ts'
import type { Config } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import { openDb } from '../db/db.ts'
import { createEgress } from '../egress/egress.ts'
import type { OAuthStorage } from './authorization-server.ts'
import type { IdentityDeps } from './deps.ts'
import type { Grant } from './grant/grant.ts'
import { nameGateways } from './name-gateways.ts'

/**
 * Front door: who is calling. Our OAuth server, sign-in at the company's identity provider, app keys and admin tokens, browser
 * sessions, and the directory of users and groups.
 */
export function identityDeps(
  env: Env,
  config: Config,
  wiring: Pick<IdentityDeps, 'resolveGateway' | 'endSessions' | 'principalsChanged' | 'keepSignIn' | 'forgetSignIn'>,
): IdentityDeps {
  const db = openDb(env.DB)
  return {
    ...wiring,
    config,
    db,
    egress: createEgress(config),
    clients: env.KV as unknown as OAuthStorage,
    grants: env.GRANT as unknown as DurableObjectNamespace<Grant>,
    now: systemClock,
    record: async (events) => recordEvents(env, await nameGateways(db, events)),
  }
}

export type { IdentityDeps } from './deps.ts'
export { Grant } from './grant/grant.ts'
export { identityRoutes } from './routes.ts'

export { identifyCaller } from './identify-caller.ts'
export { challenge, challengeFor } from './challenge.ts'

export type { BrowserSession } from './browser-session.ts'
export { browserSession } from './browser-session.ts'
export type { SignIn } from './sign-in.ts'
export { startSignIn } from './sign-in.ts'
export { checkCsrf, csrfField, csrfToken } from './csrf.ts'
export { readCookie, setCookie } from './cookies.ts'
export { readForm } from './read-form.ts'
export { signOutPath } from './sign-out.ts'

export type { Admin } from './admin.ts'
export { defaultProject, requireRole, verifyAdmin } from './admin.ts'
export type { Key, Role } from './keys.ts'
export { listKeys } from './keys.ts'
export type { WantedKey } from './manage-keys.ts'
export { createKey, revokeKey } from './manage-keys.ts'
export { addServiceAccount } from './service-account.ts'
export type { NewClient } from './registered-client.ts'
export { createRegisteredClient } from './registered-client.ts'
export type { NewIdentityProvider } from './identity-provider.ts'
export {
  identityProviderRow,
  providerSettings as identityProviderSettings,
  saveIdentityProvider,
} from './identity-provider.ts'

export type { DirectoryUser } from '../db/principals.ts'
export type { Person } from './directory.ts'
export { readUser } from './directory.ts'
export type { By, GrantRow } from './revocation.ts'
export { listGrants, revokeGrant, revokeUser } from './revocation.ts'
