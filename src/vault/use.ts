import type { AuditEvent } from '../audit/audit.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { Result } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'
import type { HeldStore } from './held.ts'
import type { OwnerKeys } from './keys.ts'
import type { Provider } from './provider.ts'
import type { ConnectionStore } from './store.ts'
import type { TicketStore } from './tickets.ts'
import type { HolderStore } from './holders.ts'

/** What the parts of one Vault object share. Handed in, so that each part is a function of it. */
export type VaultUse = {
  env: Env
  config: Config
  now: Clock
  egress: Egress
  storage: DurableObjectStorage
  store: ConnectionStore
  tickets: TicketStore
  holders: HolderStore
  held: HeldStore
  keys: OwnerKeys
  provider(id: string): Promise<Result<Provider>>
  /** Part of the same storage transaction as what is written in the same turn. */
  record(event: VaultEvent): void
  /** Sees to it that D1, KV and the sessions are told what is stored now. Returns at once. */
  settle(): void
}

export type VaultEvent = Pick<AuditEvent, 'type' | 'attributes'> &
  Partial<Pick<AuditEvent, 'gateway' | 'gatewayId' | 'agent' | 'session' | 'call' | 'payload'>>
