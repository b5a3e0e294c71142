const encoder = new TextEncoder()
/** Also how soon it is noticed that the client has gone: the runtime says so only when something is written. */
const keepAliveMs = 5_000

export type EventStream = {
  response: Response
  /** One JSON-RPC message as text. Dropped when the client has gone. */
  send: (message: string) => void
  /** Events that are written already. */
  pipe: (events: ReadableStream<Uint8Array>) => Promise<void>
  end: () => void
}

/** A server-sent event stream with a comment now and then, so that proxies keep it open. `onGone`: the client hung up. */
export function eventStream(onGone: () => void): EventStream {
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
