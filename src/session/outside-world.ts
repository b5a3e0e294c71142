import type { ApiClient } from '../core/api-client.ts'
import { refuse } from '../core/result.ts'
import { createEgress } from '../egress/egress.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { RunnerUse } from '../runtime/runtime.ts'
import { createApiClient } from '../vault/vault.ts'
import { childTraceparent } from './call-events.ts'
import type { HeldLeases } from './credentials.ts'
import type { SessionUse } from './live-session.ts'

/** The ways out of a session: the provider's API with a lease on it. One `Egress` per object; nothing below makes its own. */
export function outsideWorld(use: SessionUse, leases: HeldLeases, _snapshot: () => Snapshot): RunnerUse {
  const egress = createEgress(use.config)
  return {
    now: use.now,
    api(call, tool, lease) {
      if (!lease) return noApi
      return createApiClient({
        lease,
        egress,
        renew: (refused) => leases.renew(call, tool, refused),
        signal: call.signal,
        headers: { traceparent: childTraceparent(call) },
        now: use.now,
      })
    },
    secrets: async () => refuse('vault/secret_missing'),
  }
}

const noApi: ApiClient = {
  request: () => Promise.reject(new TypeError('a tool without a provider has no API to call')),
}
