import { utf8 } from '../core/bytes.ts'

/** A body that is made while it is sent: the next part when the reader has room for it, and no more once it has gone. */
export function streamed(parts: AsyncGenerator<string>, headers: Record<string, string>): Response {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await parts.next()
        if (done === true) controller.close()
        else controller.enqueue(utf8(value))
      } catch (cause) {
        // The reader sees a broken transfer, not a file that looks whole.
        controller.error(cause)
      }
    },
    async cancel() {
      await parts.return(undefined)
    },
  })
  return new Response(body, {
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
  })
}

export const attachment = (name: string): string => `attachment; filename="${name}"`
