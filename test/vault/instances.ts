import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { LeaseRequest } from '../../src/vault/api.ts'
import type { Config } from '../../src/config/config.ts'
import { HeldStore } from '../../src/vault/held.ts'
import { HolderStore } from '../../src/vault/holders.ts'
import { OwnerKeys } from '../../src/vault/keys.ts'
import type { Flights } from '../../src/vault/leasing.ts'
import { lease } from '../../src/vault/leasing.ts'
import { loadProvider } from '../../src/vault/provider.ts'
import { ConnectionStore } from '../../src/vault/store.ts'
import { TicketStore } from '../../src/vault/tickets.ts'
import type { VaultEvent, VaultUse } from '../../src/vault/use.ts'
import { createEgress } from '../../src/egress/egress.ts'
import type { Setup } from './vault-harness.ts'
import { config as testConfig, leaseRequest } from './vault-harness.ts'

/** One life of a Vault object: its memory is new, its storage is what the last life left. */
export type Life = {
  use: VaultUse
  events: VaultEvent[]
  lease(more?: Partial<LeaseRequest>): ReturnType<typeof lease>
}

/**
 * Runs inside the Vault object's storage with as many lives as a test wants. A crash is a life whose answer never comes:
 * whatever it had in memory is never seen again, and what it had stored is there for the next one.
 */
export function lives(
  setup: Setup,
  script: (newLife: (more?: Partial<Config>) => Life) => Promise<void>,
): Promise<void> {
  return runInDurableObject(setup.stub, (_, state) =>
    script((more) => newLife(setup, state, { ...testConfig, ...more })),
  )
}

export const never = new Promise<never>(() => undefined)

function newLife(setup: Setup, state: DurableObjectState, config: Config): Life {
  const { storage } = state
  const events: VaultEvent[] = []
  const flights: Flights = new Map()
  const use: VaultUse = {
    env,
    config,
    now: () => Date.now(),
    egress: createEgress(config),
    storage,
    store: new ConnectionStore(storage.sql),
    tickets: new TicketStore(storage.sql),
    holders: new HolderStore(storage.sql),
    held: new HeldStore(storage.sql),
    keys: new OwnerKeys(storage.sql, config),
    // The provider's own secret has a rotation of its own.
    provider: (id) => loadProvider(env, testConfig, setup.project, id),
    record: (event) => events.push(event),
    settle: () => undefined,
  }
  return { use, events, lease: (more = {}) => lease(use, flights, leaseRequest(setup, more)) }
}
