import type { Json } from '../core/json.ts'
import { canonicalJson, isObject } from '../core/json.ts'
import type { Refusal } from '../core/result.ts'
import type { Discovered } from './api.ts'

/** Whether what is sent to the one is understood by the other. */
export function speaksAlike(one: Discovered, other: Discovered): boolean {
  return one.era === other.era && one.transport === other.transport
}

/**
 * Whether a gateway that knows the one may go on as it is with the other: it is spoken to alike, and what it can do is what
 * clients were told. Its name, its instructions and when it was asked change nothing for them.
 */
export function offersAlike(one: unknown, other: Discovered): boolean {
  return isObject(one) && canonicalJson(offered(one)) === canonicalJson(offered(other))
}

function offered({ transport, era, capabilities, discover }: { [name in keyof Discovered]?: unknown }): Json {
  const versions = isObject(discover) ? discover['supportedVersions'] : undefined
  return { transport, era, capabilities, versions } as Json
}

/** What servers of before 2026-07-28 answer a request that they take for one without a session, or for no request of theirs. */
const notUnderstood: readonly unknown[] = [-32000, -32002, -32600, -32601]

/**
 * Whether a refusal may mean that the server no longer speaks as it did. Only its own refusals before it did anything: what
 * broke on the way or within it (HTTP 5xx) may have been carried out.
 */
export function mayNotBeUnderstood({ code, evidence }: Refusal): boolean {
  if (code !== 'upstream/failed' && code !== 'upstream/invalid_params') return false
  const status = Number(evidence?.['status'] ?? 0)
  return (status >= 400 && status < 500) || notUnderstood.includes(evidence?.['rpcCode'])
}
