import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { concat } from '../core/bytes.ts'

export type BodyFault = 'egress/too_large' | 'egress/timeout' | 'egress/unreachable'

/** What a capped body's stream errors with. Compare `code`: an error that crossed RPC has lost its class. */
export class BodyError extends Error {
  readonly code: BodyFault

  constructor(code: BodyFault, options?: ErrorOptions) {
    super(code, options)
    this.name = 'BodyError'
    this.code = code
  }
}

export type Watch = { /** Starts the wait anew. */ arm(): void; disarm(): void; readonly expired: boolean }

/**
 * The body, at most `maxBytes` of it as decoded, with a wait between chunks that ends in `egress/timeout`.
 * A declared length beyond the cap is refused before the first byte.
 */
export function cappedBody(response: Response, maxBytes: number, watch: Watch): ReadableStream<Uint8Array> {
  const source = response.body
  if (source === null) {
    watch.disarm()
    return new Response(new Uint8Array()).body as ReadableStream<Uint8Array>
  }
  const reader = source.getReader()
  const tooLarge = isDeclaredLarger(response, maxBytes)
  let size = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const stop = async (code: BodyFault, cause?: unknown): Promise<void> => {
        watch.disarm()
        controller.error(new BodyError(code, { cause }))
        await reader.cancel().catch(() => {})
      }
      if (tooLarge) return stop('egress/too_large')
      watch.arm()
      try {
        const { done, value } = await reader.read()
        watch.disarm()
        if (done) return controller.close()
        size += value.byteLength
        if (size > maxBytes) return await stop('egress/too_large')
        controller.enqueue(value)
      } catch (cause) {
        await stop(watch.expired ? 'egress/timeout' : 'egress/unreachable', cause)
      }
    },
    async cancel(reason) {
      watch.disarm()
      await reader.cancel(reason).catch(() => {})
    },
  })
}

/**
 * The whole body under the same cap and the same wait, without a stream of ours around the platform's: that is how nearly
 * every answer is read. Errors: `egress/too_large`, `egress/timeout`, `egress/unreachable`.
 */
export async function readCapped(response: Response, maxBytes: number, watch: Watch): Promise<Result<Uint8Array>> {
  watch.arm()
  try {
    // Before the body is looked at, which would make a stream of it.
    if (isDeclaredSmall(response, maxBytes)) return ok(new Uint8Array(await response.arrayBuffer()))
    if (response.body === null) return ok(new Uint8Array())
    return await readChunks(response.body, isDeclaredLarger(response, maxBytes) ? -1 : maxBytes, watch)
  } catch {
    return refuse(watch.expired ? 'egress/timeout' : 'egress/unreachable')
  } finally {
    watch.disarm()
  }
}

/** Throws what the stream throws. */
async function readChunks(body: ReadableStream, maxBytes: number, watch: Watch): Promise<Result<Uint8Array>> {
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const parts: Uint8Array[] = []
  let size = 0
  while (size <= maxBytes) {
    const { done, value } = await reader.read()
    if (done) return ok(parts.length === 1 && parts[0] ? parts[0] : concat(...parts))
    size += value.byteLength
    parts.push(value)
    watch.arm()
  }
  await reader.cancel().catch(() => {})
  return refuse('egress/too_large')
}

/** HTTP holds the sender to a declared length (RFC 9112 §6.3), but what it declares is the length before decoding. */
const isDeclaredSmall = ({ headers }: Response, maxBytes: number): boolean => {
  const declared = headers.get('content-length')
  return declared !== null && Number(declared) <= Math.min(maxBytes, 65_536) && headers.get('content-encoding') === null
}

const isDeclaredLarger = (response: Response, maxBytes: number): boolean =>
  Number(response.headers.get('content-length') ?? 0) > maxBytes
