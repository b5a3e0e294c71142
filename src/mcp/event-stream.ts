const encoder = new TextEncoder()
const keepAliveMs = 15_000

export type EventStream = {
  response: Response
  /** One JSON-RPC message as text. Dropped when the client has gone. */
  send: (message: string) => void
  end: () => void
}

/** A server-sent event stream with a comment every 15 s, so that proxies keep it open. `onGone`: the client hung up. */
export function eventStream(onGone: () => void): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  const keepAlive = setInterval(() => controller?.enqueue(encoder.encode(': keep-alive\n\n')), keepAliveMs)
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
    send: (message) => controller?.enqueue(encoder.encode(`event: message\ndata: ${message}\n\n`)),
    end: () => {
      const open = controller
      close()
      open?.close()
    },
  }
}
