import { z } from 'zod'
import { uuidv7 } from '../core/ids.ts'

const shape = z.object({
  /** Which change of the upstream it is: a later one is not done when an earlier one is. */
  change: z.string(),
  /** Null: none was tried yet. */
  gateways: z.array(z.string()).nullable(),
})

/**
 * Gateways that do not have yet what was decided about an upstream. Written with the change itself, so that whoever comes next
 * finishes what was interrupted or refused.
 */
export type Behind = z.output<typeof shape>

export const allBehind = (now: number): Behind => ({ change: uuidv7(now), gateways: null })

/** What cannot be read is not done. */
export function readBehind(stored: unknown): Behind | null {
  if (stored === null || stored === undefined) return null
  const parsed = shape.safeParse(stored)
  return parsed.success ? parsed.data : { change: '', gateways: null }
}
