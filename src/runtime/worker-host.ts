import { z } from 'zod'
import type { ApiCall, ApiClient } from '../core/api-client.ts'
import { ProviderError } from '../core/api-client.ts'
import type { Refusal } from '../core/result.ts'
import type { HostAnswer, ToolHostApi } from '../core/tool-worker.ts'
import type { ToolCall } from './ports.ts'

export type HostUse = {
  api(signal: AbortSignal): ApiClient
  secrets: ReadonlyMap<string, string>
}

/** More than any tool needs; a loop ends here. */
const maxRequests = 200

const scalar = z.union([z.string().max(10_000), z.number(), z.boolean()])
const header = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/)
  .refine(
    (name) =>
      !/^(?:host|cookie|authorization|content-length|transfer-encoding|connection|upgrade|te|trailer|expect|cf-.*|proxy-.*)$/i.test(
        name,
      ),
  )
const text = z.string().max(5_000_000)
/** What a tool Worker asks for comes from another deployment: it is data like any other. */
const apiCall = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: z.string().max(10_000),
  query: z.record(z.string(), z.union([scalar, z.array(scalar).max(200)]).optional()).optional(),
  headers: z.record(header, z.string().max(5_000)).optional(),
  body: z
    .union([
      z.strictObject({ raw: z.union([text, z.instanceof(Uint8Array)]), contentType: z.string().max(200) }),
      z.strictObject({ form: z.record(z.string(), z.string()) }),
      z.array(z.json()),
      z.record(z.string(), z.json()),
    ])
    .optional(),
  idempotent: z.boolean().optional(),
  read: z.enum(['json', 'text', 'bytes']).optional(),
})

/** What a tool Worker may do, as long as its call runs. Whoever keeps it longer holds something that answers nothing. */
export class CallHost {
  readonly api: ToolHostApi
  /** Why a request of the tool was refused, where that was our reason. */
  refusal: Refusal | null = null
  readonly #abort = new AbortController()
  readonly #stopped = Promise.withResolvers<boolean>()
  #open = true
  #requests = 0

  /** `touch`: a sign of life. */
  constructor(call: Pick<ToolCall, 'signal' | 'onProgress'>, use: HostUse, touch: () => void) {
    const client = use.api(AbortSignal.any([call.signal, this.#abort.signal]))
    this.api = {
      request: (asked) => this.#request(client, asked),
      secret: async (name) => (this.#open ? (use.secrets.get(name) ?? null) : null),
      progress: async (progress, total, message) => {
        if (!this.#open || !Number.isFinite(progress)) return
        touch()
        call.onProgress?.({
          progress,
          ...(typeof total === 'number' && Number.isFinite(total) ? { total } : {}),
          ...(typeof message === 'string' ? { message: message.slice(0, 1_000) } : {}),
        })
      },
      stopped: () => this.#stopped.promise,
    }
  }

  close(stopped: boolean): void {
    this.#open = false
    this.#abort.abort()
    this.#stopped.resolve(stopped)
  }

  async #request(client: ApiClient, asked: unknown): Promise<HostAnswer> {
    if (!this.#open || ++this.#requests > maxRequests) return over
    const checked = apiCall.safeParse(asked)
    if (!checked.success) return notAllowed
    try {
      const answer = await client.request(checked.data as ApiCall)
      return this.#isOpen() ? { ok: true, answer } : over
    } catch (cause) {
      // A path that leads away from the provider, or a tool without one.
      if (!(cause instanceof ProviderError)) return notAllowed
      const { status, code, retryAfterMs, refusal } = cause
      if (refusal) this.refusal = refusal
      const ours = refusal !== undefined
      return { ok: false, status, code, ours, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    }
  }

  /** Asked after something was awaited. */
  #isOpen(): boolean {
    return this.#open
  }
}

const over: HostAnswer = { ok: false, status: 0, code: 'call_over', ours: false }
const notAllowed: HostAnswer = { ok: false, status: 0, code: 'not_allowed', ours: false }
