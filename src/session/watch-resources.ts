import type { Caller } from '../core/caller.ts'
import type { Clock } from '../core/clock.ts'
import type { CallId } from '../core/ids.ts'
import { uuidv7 } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Egress } from '../egress/egress.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { Runtime, ToolCall, UpstreamNotice, Upstreams } from '../runtime/runtime.ts'
import { readableResource } from '../runtime/runtime.ts'
import type { HeldLeases } from './credentials.ts'
import type { ExchangedTokens } from './exchanged-tokens.ts'
import { upstreamUse } from './upstream-use.ts'

/** The server that tells when this resource changes, if the caller could read it now. */
export function serverOf(uri: string, caller: Caller, runtime: Runtime, snapshot: Snapshot): string | null {
  const source = readableResource(uri, caller, runtime)?.source
  if (source?.kind !== 'upstream') return null
  const offered = snapshot.upstreams.find(({ target }) => target.id === source.upstream)
  const resources = offered?.target.discovered?.capabilities['resources']
  return isObject(resources) && resources['subscribe'] === true ? source.upstream : null
}

export type ListenUse = {
  upstreams: Upstreams
  leases: HeldLeases
  exchanged: ExchangedTokens
  egress: Egress
  snapshot: Snapshot
  runtime: Runtime
  secrets: (names: readonly string[]) => Promise<Result<ReadonlyMap<string, string>>>
  now: Clock
}

/** Hears of resources of one server with the credential a read would have. */
export async function listenToResources(
  uris: string[],
  caller: Caller,
  onNotice: (notice: UpstreamNotice) => void,
  use: ListenUse,
): Promise<Result<() => Promise<void>>> {
  const tool = readableResource(uris[0] ?? '', caller, use.runtime)
  if (!tool) return refuse('runtime/unknown_tool')
  const call = callFor(caller, tool, { uri: uris[0] ?? '' }, use.now())
  const lease = await use.leases.lease(call, tool)
  if (!lease.ok) return lease
  const secrets = tool.secrets.length > 0 ? await use.secrets(tool.secrets) : ok(new Map<string, string>())
  if (!secrets.ok) return secrets
  const server = await upstreamUse(use, call, tool, lease.value, secrets.value)
  if (!server.ok) return server
  const { target, credential } = server.value
  return use.upstreams.listen(target, credential, { resources: uris }, onNotice)
}

/** No call of the client's: what the Vault records of the lease names it all the same. */
function callFor(caller: Caller, { name }: Tool, args: JsonObject, now: number): ToolCall {
  const features = { era: 'legacy', protocolVersion: '2025-11-25', elicitationUrl: false, capabilities: {} } as const
  const id = uuidv7(now) as CallId
  return { id, caller, features, name, arguments: args, signal: new AbortController().signal }
}
