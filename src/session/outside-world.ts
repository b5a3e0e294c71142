import type { ApiClient } from '../core/api-client.ts'
import type { Clock } from '../core/clock.ts'
import { refuse } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { RunnerUse, Upstreams } from '../runtime/runtime.ts'
import { createApiClient } from '../vault/vault.ts'
import { childTraceparent } from './call-events.ts'
import type { HeldLeases } from './credentials.ts'
import { upstreamUse } from './upstream-use.ts'

export type OutsideUse = {
  egress: Egress
  upstreams: Upstreams
  leases: HeldLeases
  snapshot: () => Snapshot
  now: Clock
}

/** The ways out of a session: a provider's API with a lease on it, and upstream servers. Nothing below makes its own `Egress`. */
export function outsideWorld({ egress, upstreams, leases, snapshot, now }: OutsideUse): RunnerUse {
  return {
    now,
    api(call, tool, lease) {
      if (!lease) return noApi
      return createApiClient({
        lease,
        egress,
        renew: (refused) => leases.renew(call, tool, refused),
        signal: call.signal,
        headers: { traceparent: childTraceparent(call) },
        now,
      })
    },
    secrets: async () => refuse('vault/secret_missing'),
    upstream: (call, tool, lease, secrets) =>
      upstreamUse({ upstreams, leases, snapshot: snapshot() }, call, tool, lease, secrets),
  }
}

const noApi: ApiClient = {
  request: () => Promise.reject(new TypeError('a tool without a provider has no API to call')),
}
