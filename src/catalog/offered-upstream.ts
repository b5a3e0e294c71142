import { z } from 'zod'
import type { Discovered, UpstreamTarget } from '../upstream/upstream.ts'
import type { Tool } from '../core/tool.ts'
import type { UpstreamCredentials } from './upstream-settings.ts'
import { needsOf } from './upstream-settings.ts'
import type { UpstreamSource } from './upstream-tools.ts'
import { settingsOf } from './upstream-tools.ts'

/** What a session needs to reach an upstream. Part of the snapshot: it holds names of secrets, never values. */
export type OfferedUpstream = {
  target: UpstreamTarget
  /** What people call it. */
  title: string
  credentials: UpstreamCredentials
  /** What everything of this upstream needs of the user or the administrator. */
  needs: Pick<Tool, 'authorization' | 'secrets'>
}

const discovered = z.object({
  transport: z.enum(['http', 'sse']),
  era: z.enum(['modern', 'legacy']),
  discover: z.record(z.string(), z.json()).optional(),
  capabilities: z.record(z.string(), z.json()),
  serverName: z.string().optional(),
  instructions: z.string().optional(),
  at: z.number(),
})

export function offeredUpstream(source: UpstreamSource): OfferedUpstream {
  const { credentials, timeoutMs, maxBytes, title } = settingsOf(source)
  const known = discovered.safeParse(source.discovered)
  return {
    target: {
      id: source.id,
      url: source.url,
      discovered: known.success ? (known.data as Discovered) : null,
      timeoutMs,
      maxBytes,
    },
    title: title ?? source.id,
    credentials,
    needs: needsOf(credentials),
  }
}
