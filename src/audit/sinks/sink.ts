import type { Clock } from '../../core/clock.ts'
import type { Egress } from '../../egress/egress.ts'
import type { SinkRecord } from './record.ts'

export type Batch = {
  /** The same records have the same id, also when they are sent again after a crash. */
  id: string
  records: readonly SinkRecord[]
}

/** What became of a batch. */
export type Delivery = (
  | {
      kind: 'accepted'
      /** Records the receiver refused for good. `index: null`: it said how many, not which. */
      refused: readonly { index: number | null; count: number; reason: string }[]
    }
  /** Nothing is known to have arrived, or the receiver asked to wait: the same batch again, later. */
  | { kind: 'later'; reason: string; afterMs?: number }
  /** The receiver will never take this request as it is: it is sent in smaller parts to find the record it dislikes. */
  | { kind: 'refused'; reason: string }
) & {
  /** For the `test` command: what came back. Upstream text: for administrators, never for agents. */
  answer?: { status: number; text: string }
}

/** Thrown for what an administrator can mend; they see its message. */
export class SinkFault extends Error {}

export type SinkTools = {
  egress: Egress
  /** Opened; empty for a sink that needs none. */
  secret: string
  now: Clock
  wait(ms: number): Promise<void>
  archive: R2Bucket | undefined
  /** What a sink may remember while the object lives: access tokens, channels. Never stored. */
  memory: Map<string, unknown>
}

export type Sink<Settings> = {
  /** Most records and bytes (JSON, uncompressed) in one request, from the receiver's documentation. */
  limits: { records: number; bytes: number }
  /** A batch that is not full waits until the last one is this old. Default 0. */
  everyMs?: number
  deliver(batch: Batch, settings: Settings, tools: SinkTools): Promise<Delivery>
}

export const accepted = (answer?: Delivery['answer']): Delivery => ({
  kind: 'accepted',
  refused: [],
  ...(answer ? { answer } : {}),
})
