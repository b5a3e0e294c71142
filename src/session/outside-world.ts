import type { ApiClient } from '../core/api-client.ts'
import type { Clock } from '../core/clock.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { toolWorkerOf } from '../core/tool-worker.ts'
import type { Egress } from '../egress/egress.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { RunnerUse, Upstreams } from '../runtime/runtime.ts'
import { createApiClient } from '../vault/vault.ts'
import type { HeldLeases } from './credentials.ts'
import type { ExchangedTokens } from './exchanged-tokens.ts'
import { ToolHost } from './tool-host.ts'
import { childTrace } from './trace.ts'
import { offeredUpstream, upstreamUse } from './upstream-use.ts'

export type OutsideUse = {
  /** Where service bindings to tool Workers are. */
  env: object
  egress: Egress
  upstreams: Upstreams
  leases: HeldLeases
  exchanged: ExchangedTokens
  snapshot: () => Snapshot
  /** The values of these secrets of the project, all or a refusal. */
  secrets: (names: readonly string[]) => Promise<Result<ReadonlyMap<string, string>>>
  now: Clock
}

/** The ways out of a session: a provider's API with a lease on it, and upstream servers. Nothing below makes its own `Egress`. */
export function outsideWorld({
  env,
  egress,
  upstreams,
  leases,
  exchanged,
  snapshot,
  secrets,
  now,
}: OutsideUse): RunnerUse {
  const api: RunnerUse['api'] = (call, tool, lease, saw) => {
    if (!lease) return noApi
    let attempts = 0
    return createApiClient({
      lease,
      egress,
      renew: (refused) => leases.renew(call, tool, refused),
      signal: call.signal,
      headers: { traceparent: childTrace(call).traceparent },
      answered: (status, tries) => saw({ 'http.response.status_code': status, 'behalf.attempts': (attempts += tries) }),
      now,
    })
  }
  return {
    now,
    api,
    secrets: (_, tool) => secrets(tool.secrets),
    upstream: (call, tool, lease, values) =>
      upstreamUse({ upstreams, leases, exchanged, snapshot: snapshot(), egress, now }, call, tool, lease, values),
    worker(call, tool, lease, values, saw) {
      const offered = tool.source.kind === 'worker' ? offeredUpstream(snapshot(), tool.source.binding) : undefined
      const worker = offered && toolWorkerOf(env, offered.target.url)
      if (!worker)
        return refuse('upstream/unavailable', { evidence: { fault: offered ? 'no_binding' : 'not_in_snapshot' } })
      const { timeoutMs = 60_000, maxBytes = 5_000_000 } = offered.target
      return ok({
        worker,
        api: (signal) => api({ ...call, signal }, tool, lease, saw),
        secrets: values,
        expose: (host) => new ToolHost(host),
        now: now(),
        timeoutMs,
        maxBytes,
      })
    },
  }
}

const noApi: ApiClient = {
  request: () => Promise.reject(new TypeError('a tool without a provider has no API to call')),
}
