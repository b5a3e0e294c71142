import type { Json } from '../core/json.ts'
import { canonicalJson, isObject } from '../core/json.ts'
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
