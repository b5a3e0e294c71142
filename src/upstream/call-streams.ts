import type { JSONRPCMessage, TransportSendOptions } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { endedEarly, WireFault } from './wire.ts'

type Streamable = StreamableHTTPClientTransport
type Options = NonNullable<Parameters<Streamable['send']>[1]> & Pick<TransportSendOptions, 'relatedRequestId'>

const sentFor = Symbol('the call whose answer it came with')

/**
 * Whose a request or notification of the server is. Null: it came with the answer to something that is no call of ours, a list
 * say. Undefined: it came on a stream that says nothing about that.
 */
export function callOf(message: object): string | null | undefined {
  return (message as { [sentFor]?: string | null })[sentFor]
}

/**
 * Streamable HTTP where it is known which call a message belongs to: what comes with the answer to a request bears that
 * request's `relatedRequestId`, also when the stream was lost and taken up again. When it is lost for good, the request has
 * failed: the SDK tells nobody, and the call would wait for the end of its time.
 */
export class CallStreams extends StreamableHTTPClientTransport {
  override send(message: JSONRPCMessage | JSONRPCMessage[], options: Options = {}): Promise<void> {
    // The handshake's answer brings the session, which has to be kept here.
    const answered = 'method' in message && 'id' in message && message.method !== 'initialize'
    if (!answered) return super.send(message, options)
    const call = options.relatedRequestId ?? null
    let isOver = false
    const onmessage = (incoming: JSONRPCMessage): void => {
      if (!('method' in incoming) && incoming.id === message.id) isOver = true
      if ('method' in incoming) Object.assign(incoming, { [sentFor]: call })
      this.onmessage?.(incoming)
    }
    // The SDK looks for its handlers anew at each message: the same transport, but with handlers for this one stream.
    const stream = Object.create(this, { onmessage: { value: onmessage }, onerror: { value: undefined } }) as this
    const onRequestStreamEnd = (): void => {
      if (!isOver) this.onmessage?.({ jsonrpc: '2.0', id: message.id, error: lostAnswer() })
    }
    return super.send.call(stream, message, { onRequestStreamEnd, ...options })
  }
}

/** `failureOf` finds the fault; what a server says cannot be one. */
function lostAnswer() {
  const cause = new WireFault(endedEarly)
  return { code: -32000, message: cause.message, data: { cause } }
}
