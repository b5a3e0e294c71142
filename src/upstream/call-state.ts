import { z } from 'zod'

/** A server's task, and what it asked that was answered (SEP-2663). */
export const followed = z.object({
  taskId: z.string().min(1).max(4_000),
  pollIntervalMs: z.number().optional(),
  answered: z.array(z.string()).default([]),
})
export type Followed = z.infer<typeof followed>

/** Where a request that asked for input goes on. Sealed by `mcp` before it leaves us, so what comes back is ours. */
const shape = z.discriminatedUnion('kind', [
  /** 2026-07-28: the server's own `requestState`, to be echoed byte for byte. */
  z.object({ kind: z.literal('echo'), state: z.string().optional() }),
  /** 2025-x: the request is still running, in this session's memory. */
  z.object({ kind: z.literal('running'), call: z.string() }),
  /** 2025-x, error -32042: the person has been at the link; ask again from the start. */
  z.object({ kind: z.literal('again') }),
  /** The server works on it by itself, and is asked how far it is. */
  z.object({ kind: z.literal('task'), task: followed }),
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
