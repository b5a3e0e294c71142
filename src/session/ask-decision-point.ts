import type { Clock } from '../core/clock.ts'
import { Remembered } from '../core/remembered.ts'
import type { Result } from '../core/result.ts'
import type { Egress } from '../egress/egress.ts'
import { evaluationRequest, invalid, readEvaluation, unavailable } from '../policy/policy.ts'
import type { AskDecisionPoint } from '../runtime/runtime.ts'
import { filledHeaders, secretsIn } from './filled-headers.ts'

export type DecisionPointUse = {
  egress: Egress
  secrets: (names: readonly string[]) => Promise<Result<ReadonlyMap<string, string>>>
  now: Clock
}

/** An answer is a few lines. */
const maxBytes = 64 * 1024
const secretsForMs = 30_000

/**
 * Asks a company's decision point about one call. Never throws and never follows a redirect, which would carry the person's data
 * and our credential to somebody else. Nothing of the answer is kept.
 */
export function decisionPointAsker({ egress, secrets, now }: DecisionPointUse): AskDecisionPoint {
  const known = new Remembered<{ values: ReadonlyMap<string, string>; until: number }>(10)

  async function headersOf(templates: Readonly<Record<string, string>>): Promise<Result<Record<string, string>>> {
    const names = secretsIn(templates)
    if (names.length === 0) return filledHeaders(templates, new Map())
    const key = names.join(' ')
    const held = known.get(key)
    if (held && held.until > now()) return filledHeaders(templates, held.values)
    const read = await secrets(names)
    if (!read.ok) return read
    known.set(key, { values: read.value, until: now() + secretsForMs })
    return filledHeaders(templates, read.value)
  }

  return async (at, question, call) => {
    const source = new URL(at.url).host
    const headers = await headersOf(at.headers).catch(() => null)
    if (!headers?.ok) return { ...unavailable('no credential'), source }
    const method = call.about?.method ?? 'tools/call'
    const answer = await egress
      .fetch({
        url: at.url,
        method: 'POST',
        headers: {
          ...headers.value,
          'content-type': 'application/json',
          accept: 'application/json',
          'x-request-id': call.id,
        },
        body: JSON.stringify(evaluationRequest({ question, method, now: now(), withArguments: at.arguments })),
        timeoutMs: at.timeoutMs,
        maxBytes,
        signal: call.signal,
      })
      .catch((fault: unknown) => ({ thrown: fault }))
    if ('thrown' in answer) return { ...unavailable('failed'), source }
    if (!answer.ok) return { ...unavailable(answer.error.code), source }
    const { status } = answer.value
    const body = await answer.value.text()
    if (!body.ok) {
      const { code } = body.error
      return { ...(code === 'egress/timeout' ? unavailable(code) : invalid(code)), source }
    }
    return { ...readEvaluation(status, body.value), source }
  }
}
