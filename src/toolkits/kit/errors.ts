import { ProviderError } from '../../core/api-client.ts'
import type { Result } from '../../core/result.ts'
import { ok, refuse } from '../../core/result.ts'
import type { ToolOutput } from '../../core/tool.ts'

export { ProviderError } from '../../core/api-client.ts'

/**
 * What a tool tells the model when it cannot do what was asked: what went wrong, what to do, with which valid values.
 * The text is ours; a provider's own message is never quoted (it may carry instructions).
 */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly kind: ToolErrorKind
  readonly retryAfterMs: number | undefined
  /** Candidates, valid values: small data the model can choose from. */
  readonly choices: readonly string[]

  constructor(
    kind: ToolErrorKind,
    message: string,
    more: { retryAfterMs?: number; choices?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.kind = kind
    this.retryAfterMs = more.retryAfterMs
    this.choices = more.choices ?? []
  }
}

export type ToolErrorKind =
  | 'bad_input'
  | 'not_found'
  | 'ambiguous'
  | 'not_permitted'
  | 'conflict'
  | 'rate_limited'
  | 'unavailable'
  | 'failed'

/** What a tool threw, as the model is told. A bug is not explained to the model; its cause is evidence for the record. */
export function toolFailure(cause: unknown): Result<{ kind: 'output'; output: ToolOutput }> {
  if (cause instanceof ProviderError && cause.refusal) return { ok: false, error: cause.refusal }
  const error = asToolError(cause)
  if (!error) {
    return refuse('toolkits/failed', {
      evidence: { cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause) },
    })
  }
  const text = [error.message, ...(error.choices.length > 0 ? [`Choices: ${error.choices.join(', ')}.`] : [])].join(' ')
  const retryable = error.kind === 'rate_limited' || error.kind === 'unavailable'
  return ok({
    kind: 'output',
    output: {
      content: [{ type: 'text', text }],
      isError: true,
      meta: {
        'behalf.dev/error': {
          kind: error.kind,
          retryable,
          ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
          ...(error.choices.length > 0 ? { choices: [...error.choices] } : {}),
        },
      },
    },
  })
}

/** Null: not what a tool says when it cannot do something, but a bug. */
export function asToolError(cause: unknown): ToolError | null {
  if (cause instanceof ToolError) return cause
  return cause instanceof ProviderError ? explainProviderError(cause) : null
}

function explainProviderError(error: ProviderError): ToolError {
  const { status, retryAfterMs } = error
  const more = { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  if (status === 401)
    return new ToolError(
      'not_permitted',
      'The service no longer accepts the connected account. Connect it again.',
      more,
    )
  if (status === 403)
    return new ToolError('not_permitted', 'The connected account may not do this at the service.', more)
  if (status === 404)
    return new ToolError('not_found', 'The service has no such thing, or the connected account may not see it.', more)
  if (status === 409)
    return new ToolError(
      'conflict',
      'The service says that this conflicts with what is there. Read it again first.',
      more,
    )
  if (status === 422 || status === 400)
    return new ToolError('bad_input', 'The service did not accept the values.', more)
  if (status === 429) return new ToolError('rate_limited', 'The service asks to wait before the next call.', more)
  if (status >= 500) return new ToolError('unavailable', 'The service has a problem. Try again later.', more)
  return new ToolError('failed', `The service refused the request (${status}).`, more)
}
