const encoder = new TextEncoder()

export type EventStream = {
  response: Response
  /** One JSON-RPC message as text. Dropped when the client has gone. */
  send: (message: string) => void
  /** Events that are written already. */
  pipe: (events: ReadableStream<Uint8Array>) => Promise<void>
  end: () => void
}

/**
 * A server-sent event stream with a comment every `keepAliveMs`, so that proxies keep it open. `onGone`: the client hung up.
 * The runtime notices that only when something is written, also with the flag `enable_request_signal`: with the next comment.
 */
export function eventStream(onGone: () => void, keepAliveMs: number): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  const write = (bytes: Uint8Array) => controller?.enqueue(bytes)
  const keepAlive = setInterval(() => write(encoder.encode(': keep-alive\n\n')), keepAliveMs)
  const close = () => {
    clearInterval(keepAlive)
    controller = null
  }
  const body = new ReadableStream<Uint8Array>({
    start(one) {
      controller = one
    },
    cancel() {
      close()
      onGone()
    },
  })
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  }
  return {
    response: new Response(body, { headers }),
    send: (message) => write(encoder.encode(`event: message\ndata: ${message}\n\n`)),
    async pipe(events) {
      for await (const bytes of events) write(bytes)
    },
    end: () => {
      const open = controller
      close()
      open?.close()
    },
  }
}
