import type { Client } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'
import type { LogEntry, LogLevel } from '../core/log-entry.ts'
import { isLogLevel, lower } from '../core/log-entry.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Discovered, UpstreamReply, UpstreamRequest } from './api.ts'
import { anything, CallSender } from './call-sender.ts'
import type { CallState } from './call-state.ts'
import { readState } from './call-state.ts'
import { callOf } from './call-streams.ts'
import { failureOf } from './failure.ts'
import { withoutTask } from './legacy-task.ts'
import type { Listener } from './listen.ts'
import { Listeners } from './listen.ts'
import type { Opened, Resumable } from './open.ts'
import { OutsideLog } from './outside-log.ts'
import type { RunningCall } from './running-call.ts'
import { RunningCalls } from './running-calls.ts'
import { mayAsk } from './shape.ts'

const farewellMs = 5_000

export type Sent = Result<UpstreamReply> & { sessionLost?: boolean }

/** One negotiated connection to one upstream, with one credential. Lives in a session's memory. */
export class Connection {
  readonly discovered: Discovered
  readonly declared: JsonObject
  readonly #listeners: Listeners
  readonly #client: Client
  readonly #opened: Opened
  readonly #sender: CallSender
  readonly #running: RunningCalls
  readonly #outside: OutsideLog
  /** What the server was told. Null: nothing, so it logs what it likes. */
  #logLevel: LogLevel | null = null
  #closed = false

  /** `onLog`: also of what nobody listens for. */
  constructor(upstream: string, opened: Opened, onLog?: (entry: LogEntry) => void) {
    this.#listeners = new Listeners(upstream)
    this.#outside = new OutsideLog(opened.wire.now, (entry) => {
      this.#listeners.logged(entry)
      onLog?.(entry)
    })
    this.#opened = opened
    this.#sender = new CallSender(opened)
    this.#running = new RunningCalls(opened.timer)
    this.#client = opened.client
    this.discovered = opened.discovered
    this.declared = opened.declared
    this.#client.onclose = () => {
      this.#closed = true
      this.#listeners.end()
    }
    // The SDK opens the stream anew some times; after that nobody does.
    this.#client.onerror = ({ message }) => {
      if (message.startsWith('Maximum reconnection attempts')) this.#listeners.end()
    }
    this.#client.fallbackRequestHandler = (request) => this.#asked(request as unknown as JsonObject)
    this.#client.fallbackNotificationHandler = async (notice) => this.#told(notice as unknown as JsonObject)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Something is open at the upstream although no call runs. */
  get holdsStream(): boolean {
    return this.discovered.era === 'legacy' && this.#opened.wire.listens
  }

  get busy(): boolean {
    return this.#running.some || this.#listeners.some
  }

  /** What a later connection needs to go on with this one's session. */
  get resumable(): Resumable | null {
    const { transport } = this.#opened
    if (!(transport instanceof StreamableHTTPClientTransport)) return null
    const { sessionId, protocolVersion } = transport
    return sessionId === undefined ? null : { sessionId, protocolVersion: protocolVersion ?? '2025-03-26' }
  }

  credential(headers: Readonly<Record<string, string>>): void {
    this.#opened.wire.headers = headers
  }

  has(call: string): boolean {
    return this.#running.has(call)
  }

  async request(request: UpstreamRequest, timeoutMs: number): Promise<Sent> {
    const state = request.resume ? readState(request.resume.state) : null
    if (request.resume && !state) return refuse('upstream/invalid_params', { evidence: { fault: 'state' } })
    if (request.logLevel !== undefined) await this.#wantLog(request.logLevel)
    const call = state?.kind === 'running' ? this.#running.get(state.call) : this.#start(request, state)
    if (!call) return refuse('upstream/unavailable', { evidence: { fault: 'call_gone' } })
    call.report = report(request)
    if (state?.kind === 'running' && request.resume) call.answer(request.resume.responses)
    const reply = await call.next(timeoutMs, request.signal)
    if (call.settled) this.#running.end(call)
    if (!reply.ok && request.signal?.aborted) return refuse('runtime/cancelled')
    return call.sessionLost ? { ...reply, sessionLost: true } : reply
  }

  async list(method: string, cursor: string | undefined): Promise<Result<JsonObject>> {
    try {
      const params = cursor === undefined ? {} : { cursor }
      const result = await this.#client.request({ method, params }, anything, { timeout: 30_000 })
      return isObject(result) ? ok(result as JsonObject) : refuse('upstream/failed', { evidence: { fault: 'shape' } })
    } catch (error) {
      return { ok: false, error: failureOf(error).refusal }
    }
  }

  /** Asks to be told of changes. The returned function ends that. */
  async listen(listener: Listener): Promise<Result<() => Promise<void>>> {
    const fresh = this.#listeners.add(listener)
    try {
      if (this.discovered.era === 'modern') return ok(await this.#listenModern(listener))
      await this.#wantLog(this.#listeners.logLevel)
      for (const uri of fresh) await this.#client.subscribeResource({ uri })
      return ok(async () => {
        for (const uri of this.#listeners.remove(listener)) {
          await this.#client.unsubscribeResource({ uri }).catch(() => {})
        }
      })
    } catch (error) {
      this.#listeners.remove(listener)
      return { ok: false, error: failureOf(error).refusal }
    }
  }

  async #listenModern(listener: Listener): Promise<() => Promise<void>> {
    const { lists, resources = [] } = listener.subscribed
    const subscription = await this.#client.listen({
      ...(lists === true && { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }),
      ...(resources.length > 0 && { resourceSubscriptions: [...resources] }),
    })
    void subscription.closed.then((why) => {
      this.#listeners.remove(listener)
      if (why !== 'local') listener.onNotice({ kind: 'ended', upstream: this.#listeners.upstream })
    })
    return () => subscription.close()
  }

  /** Ends the connection; `forGood` ends the upstream's session too, also where the connection was ended before. */
  async close(forGood: boolean): Promise<void> {
    this.#closed = true
    this.#listeners.end()
    this.#running.abort()
    if (forGood) await this.#endSession()
    await this.#client.close().catch(() => {})
  }

  /** MCP 2025-11-25 basic/transports §Session Management. A server need not know it (405), and is not waited for. */
  async #endSession(): Promise<void> {
    const session = this.resumable
    if (!session) return
    const { sessionId, protocolVersion } = session
    const headers = { 'mcp-session-id': sessionId, 'mcp-protocol-version': protocolVersion }
    const ended = this.#opened.send({ method: 'DELETE', headers, timeoutMs: farewellMs })
    await ended.then(({ body }) => body.cancel()).catch(() => {})
  }

  #start(request: UpstreamRequest, state: CallState | null): RunningCall {
    const call = this.#running.begin()
    void this.#sender.send(call, request, state).then((reply) => call.settle(reply))
    return call
  }

  /** The server asks our client something (2025-x). */
  async #asked(request: JsonObject): Promise<JsonObject> {
    const call = this.#running.whose(request)
    const { method, params } = request
    const ask: JsonObject = { method: method ?? null, ...(isObject(params) && { params: withoutTask(params) }) }
    // Without a session the answer could not find its way back to the call: better no answer now than a timeout later.
    const answerable = this.resumable !== null || this.discovered.transport === 'sse'
    if (!answerable) call?.settle(refuse('upstream/failed', { evidence: { fault: 'asked_without_session' } }))
    if (!call || !answerable || !mayAsk(ask, this.declared)) throw new Error('This client cannot be asked that now.')
    return call.ask(ask)
  }

  #told(notice: JsonObject): void {
    this.#listeners.tell(notice)
    const { method, params } = notice
    if (method !== 'notifications/message' || !isObject(params)) return
    const call = this.#running.whose(notice)
    if (call) call.report.onLog?.(params as JsonObject)
    // Of a call that is over: nobody else's.
    else if (typeof callOf(notice) !== 'string') this.#outside.take(params as JsonObject)
  }

  /** Never less than somebody wanted before: others may share the connection. 2026-07-28 has a level with each request instead. */
  async #wantLog(level: string | null): Promise<void> {
    const { era, transport, capabilities } = this.discovered
    const keeps = era === 'legacy' && (transport === 'sse' || this.resumable !== null)
    if (!keeps || !isLogLevel(level) || !isObject(capabilities['logging'])) return
    const wanted = lower(this.#logLevel, level)
    if (wanted === null || wanted === this.#logLevel) return
    this.#logLevel = wanted
    await this.#client.setLoggingLevel(wanted, { timeout: 10_000 }).catch(() => {})
  }
}

const report = ({ onProgress, onLog }: UpstreamRequest): RunningCall['report'] => ({
  ...(onProgress && { onProgress }),
  ...(onLog && { onLog }),
})
