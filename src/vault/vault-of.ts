import type { VaultApi } from './api.ts'
import type { VaultConnectApi } from './connect-api.ts'
import type { VaultOwnerApi } from './owner-api.ts'

/** The vault of a user. Its name is the user's id, which is a hash over the project too. */
export function vaultOf(env: Pick<Env, 'VAULT'>, user: string): VaultApi & VaultConnectApi & VaultOwnerApi {
  return env.VAULT.get(env.VAULT.idFromName(user)) as unknown as VaultApi & VaultConnectApi & VaultOwnerApi
}
