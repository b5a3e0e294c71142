import type { Code } from './errors.ts'

/**
 * A refusal: an expected "no", carried as a value so that it survives Durable Object RPC
 * (`instanceof` does not) and so that no one has to parse a message.
 *
 * `public` is the only text that may reach an agent; `evidence` is for the record and administrators.
 */
export type Refusal = {
  code: Code
  /** Overrides the table's public text. Must be ours: upstream or provider text never goes here. */
  message?: string
  /** What would help: a link on our own origin, and what to do in one sentence. */
  help?: {
    url?: string
    text?: string
    /** What the person may choose from, by the names they know. */
    choices?: string[]
  }
  retryAfterMs?: number
  /** What MCP defines for the error's `data`, e.g. the URI that was not found. Never an upstream's text. */
  data?: Record<string, unknown>
  /** Fields for the record. Never shown to an agent. */
  evidence?: Record<string, unknown>
}

export type Ok<T> = { ok: true; value: T }
export type Refused<E = Refusal> = { ok: false; error: E }
export type Result<T, E = Refusal> = Ok<T> | Refused<E>

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

export function refuse(code: Code, more: Omit<Refusal, 'code'> = {}): Refused {
  return { ok: false, error: { code, ...more } }
}

/** What may leave for an agent: evidence stays in the record (promise 10). */
export function withoutEvidence(error: Refusal): Refusal {
  const outside = { ...error }
  delete outside.evidence
  return outside
}
