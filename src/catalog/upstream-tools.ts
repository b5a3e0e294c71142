import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { Behaviour } from '../core/tool.ts'
import type { SourceTool } from './offer.ts'

/** A definition of an upstream as an administrator admitted it. */
export type Pin = {
  kind: string
  name: string
  hash: string
  definition: unknown
  behaviour: Behaviour | null
  status: 'admitted' | 'quarantined' | 'removed'
}

export type UpstreamSource = { id: string; enabled: boolean; settings: unknown; pins: readonly Pin[] }

/** What nobody classified is treated as the worst it could be (attack case 57: an upstream's own claim never decides). */
const unclassified: Behaviour = { operation: 'update', destructive: true, idempotent: false, openWorld: true }

const definition = z.looseObject({
  title: z.string().optional(),
  description: z.string().default(''),
  inputSchema: z.record(z.string(), z.json()).default({ type: 'object' }),
  outputSchema: z.record(z.string(), z.json()).optional(),
})

/** Only what was admitted. A pin that cannot be read is left out, like one in quarantine. */
export function upstreamTools(upstream: UpstreamSource): SourceTool[] {
  if (!upstream.enabled) return []
  return upstream.pins.flatMap((pin) => {
    const parsed = definition.safeParse(pin.definition)
    if (pin.kind !== 'tool' || pin.status !== 'admitted' || !parsed.success) return []
    const { title, description, inputSchema, outputSchema } = parsed.data
    return {
      localName: pin.name,
      tool: {
        name: pin.name,
        title: title ?? pin.name,
        description,
        inputSchema: inputSchema as JsonObject,
        ...(outputSchema ? { outputSchema: outputSchema as JsonObject } : {}),
        behaviour: pin.behaviour ?? unclassified,
        source: { kind: 'upstream', upstream: upstream.id, remoteName: pin.name },
        secrets: [],
        sensitive: [],
        definitionHash: pin.hash,
      },
    }
  })
}
