import { createEgress } from '../../src/egress/egress.ts'
import type { Upstreams, UpstreamsUse } from '../../src/upstream/upstream.ts'
import { Breakers, createUpstreams } from '../../src/upstream/upstream.ts'

/** The connections of a session that shares no circuit with another test's, to servers on this machine. */
export function upstreamsOfASession(more: Partial<UpstreamsUse> = {}): Upstreams {
  const egress = createEgress({ development: true, egressAllow: [] })
  return createUpstreams({ egress, breakers: new Breakers(), ...more })
}
