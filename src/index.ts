import { handle } from './http/http.ts'

export { Ledger } from './audit/audit.ts'
export { Watch } from './federation/federation.ts'
export { Hub } from './gateways/gateways.ts'
export { Grant } from './identity/identity.ts'
export { Session } from './session/session.ts'
export { Vault } from './vault/vault.ts'

export default { fetch: handle } satisfies ExportedHandler<Env>
