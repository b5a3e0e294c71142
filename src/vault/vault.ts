import type { VaultApi } from './api.ts'
import type { VaultConnectApi } from './connect-api.ts'
import type { VaultOwnerApi } from './owner-api.ts'

/**
 * Every person's credentials: acquired just in time, sealed, refreshed once, lent to sessions, taken back.
 */
export { createApiClient } from './api-client.ts'
export type { Lease, LeaseRequest, VaultApi } from './api.ts'
export type {
  ConnectAnswer,
  ConnectEnd,
  ConnectStart,
  Mismatch,
  PendingConnect,
  VaultConnectApi,
  Visitor,
} from './connect-api.ts'
export { connectLinkMs, readLink } from './link.ts'
export type { ConnectionView } from './connection.ts'
export type { Certificate } from './offboarding.ts'
export type { VaultOwnerApi, WantedAccount } from './owner-api.ts'
export type { By, TakenBack } from './taking-back.ts'
export { builtinSpecs } from './builtin.ts'
export { clientSecretContext, makeProvider } from './provider.ts'
export { scrub } from './scrub.ts'
export { Vault } from './vault-object.ts'

/** The vault of a user. Its name is the user's id, which is a hash over the project too. */
export function vaultOf(env: Pick<Env, 'VAULT'>, user: string): VaultApi & VaultConnectApi & VaultOwnerApi {
  return env.VAULT.get(env.VAULT.idFromName(user)) as unknown as VaultApi & VaultConnectApi & VaultOwnerApi
}
