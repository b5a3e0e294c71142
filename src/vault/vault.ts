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
export { confirmWithinMs } from './confirming.ts'
export { connectLinkMs, readLink } from './link.ts'
export type { AccountLink } from './account-link.ts'
export { accountPaths, makeAccountLink, readAccountLink } from './account-link.ts'
export type { ConnectionView } from './connection.ts'
export type { Certificate } from './offboarding.ts'
export type { VaultOwnerApi, WantedAccount } from './owner-api.ts'
export type { By, TakenBack } from './taking-back.ts'
export { builtinSpecs } from './builtin.ts'
export { clientSecretContext, makeProvider } from './provider.ts'
export { exchangeOriginsOf } from './provider-cache.ts'
export type { ServiceCredential } from './service-credential.ts'
export { serviceCredentialSchema } from './service-credential.ts'
export type { WantedCredential } from './set-credential.ts'
export { tellElicited } from './session-control.ts'
export { scrub } from './scrub.ts'
export type { Restored } from './restoring.ts'
export type { Revocation } from './revoking.ts'
export type { Sweep } from './sweeps.ts'
export { restoreVaults, rotateSecrets, rotateVaults, takeBackProvider } from './sweeps.ts'
export { Vault } from './vault-object.ts'
export { vaultOf } from './vault-of.ts'
