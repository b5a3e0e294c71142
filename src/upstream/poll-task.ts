import { z } from 'zod'
import type { Refused, Result } from '../core/result.ts'
import { refuse } from '../core/result.ts'
import { after } from '../core/timer.ts'
import type { UpstreamRequest } from './api.ts'
import type { RunningCall } from './running-call.ts'

const detailed = z.looseObject({
  status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
  statusMessage: z.string().optional(),
  pollIntervalMs: z.number().optional(),
  inputRequests: z.record(z.string(), z.json()).optional(),
  result: z.json().optional(),
  error: z.looseObject({ code: z.number(), message: z.string().optional() }).optional(),
})

/** What a server says of a task of 2026-07-28. One of 2025-11-25 says less, in the same words. */
export type SaidOfTask = z.output<typeof detailed>

const shortestMs = 250
const longestMs = 30_000
/** Asking does no harm: a server that cannot be reached for a moment works on. */
const maxLostPolls = 3

export type PollUse = {
  /** How far the task is. */
  ask: () => Promise<unknown>
  wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** The server was not reached, so nothing is known. */
  isLost: (fault: unknown) => boolean
}

/**
 * Asks how far a task is until `read` makes something of what is said; its message is the call's progress. Errors:
 * `runtime/cancelled`, `upstream/failed` for what is no task. Throws what `ask` throws, when it is not merely lost.
 */
export async function pollTask<T extends Result<unknown>>(
  call: RunningCall,
  pollIntervalMs: number | undefined,
  use: PollUse,
  read: (said: SaidOfTask, pollIntervalMs: number | undefined) => T | null,
): Promise<T | Refused> {
  const { signal } = call.abort
  let interval = pollIntervalMs
  for (let polls = 1, lost = 0; ; polls++) {
    await use.wait(Math.min(Math.max(interval ?? 1_000, shortestMs), longestMs), signal)
    if (signal.aborted) return refuse('runtime/cancelled')
    let said: unknown
    try {
      said = await use.ask()
      lost = 0
    } catch (fault) {
      if (++lost > maxLostPolls || !use.isLost(fault)) throw fault
      continue
    }
    const parsed = detailed.safeParse(said)
    if (!parsed.success) return refuse('upstream/failed', { evidence: { fault: 'task' } })
    const { statusMessage } = parsed.data
    interval = parsed.data.pollIntervalMs ?? interval
    call.touch()
    if (statusMessage !== undefined) call.report.onProgress?.({ progress: polls, message: statusMessage })
    const news = read(parsed.data, interval)
    if (news) return news
  }
}

/** How long somebody may wait who has no handle of ours, and how long one of ours lives. */
export const patienceMs = ({ onTask }: Pick<UpstreamRequest, 'onTask'>): number => (onTask ? 60 : 10) * 60_000

/** Cancelling the call cancels the task, and so does the end of patience. */
export async function whileTaskRuns<T>(
  call: RunningCall,
  patienceMs: number,
  cancel: () => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  const { signal } = call.abort
  const stop = (): void => void cancel().catch(() => {})
  signal.addEventListener('abort', stop, { once: true })
  const tooLong = after(patienceMs, () => call.expire())
  try {
    return await work()
  } finally {
    tooLong()
    signal.removeEventListener('abort', stop)
  }
}
