import { z } from 'zod'

/** Where a request that asked for input goes on. Sealed by `mcp` before it leaves us, so what comes back is ours. */
const shape = z.discriminatedUnion('kind', [
  /** 2026-07-28: the server's own `requestState`, to be echoed byte for byte. */
  z.object({ kind: z.literal('echo'), state: z.string().optional() }),
  /** 2025-x: the request is still running, in this session's memory. */
  z.object({ kind: z.literal('running'), call: z.string() }),
  /** 2025-x, error -32042: the person has been at the link; ask again from the start. */
  z.object({ kind: z.literal('again') }),
])

export type CallState = z.infer<typeof shape>

export const writeState = (state: CallState): string => JSON.stringify(state)

/** Null when it is not ours. */
export function readState(text: string): CallState | null {
  try {
    const parsed = shape.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
