import type { JsonObject } from '../core/json.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'
import { pause, SharedTimer } from '../core/timer.ts'
import type { Egress } from '../egress/egress.ts'
import type { ListKind, UpstreamCredential, UpstreamRequest, Upstreams, UpstreamTarget } from './api.ts'
import { Breakers } from './breakers.ts'
import { readState } from './call-state.ts'
import type { Connection, Sent } from './connection.ts'
import type { ConnectionsUse } from './connections.ts'
import { Connections } from './connections.ts'
import { allPages } from './pages.ts'
import { wantsTasksTaken } from './failure.ts'
import { pauseBeforeRepeat } from './repeat.ts'
import { declaredCapabilities, ownCapabilities, withTasks } from './shape.ts'
import { mayNotBeUnderstood } from './speech.ts'

export type {
  Discovered,
  ListKind,
  Subscribed,
  UpstreamCredential,
  UpstreamMethod,
  UpstreamNotice,
  UpstreamReply,
  UpstreamRequest,
  Upstreams,
  UpstreamTarget,
} from './api.ts'
export type { FoundAuthorization } from './authorization.ts'
export { discoverAuthorization } from './authorization.ts'
export { Breakers } from './breakers.ts'
export type { Challenge } from './challenge.ts'
export type { RegisteredClient } from './register-client.ts'
export { registerClient } from './register-client.ts'
export { offersAlike } from './speech.ts'
export { exchangeToken } from './token-exchange.ts'
export type { ExchangedToken, TokenExchange } from './token-exchange.ts'

const defaultTimeoutMs = 60_000

export type UpstreamsUse = {
  egress: Egress
  now?: () => number
  version?: string
  timer?: Timer
  breakers?: Breakers
  /** Whose servers these are. What one project does must not open the circuit of another's. */
  project?: string
  /** What a server logs on a connection of this session while no call of it runs. */
  onLog?: ConnectionsUse['onLog']
}

/** Shared by the sessions of one isolate: the first to find a server dead saves the others the wait. */
const isolateBreakers = new Breakers()

/** The connections of one session. See `Upstreams` for what each call refuses. */
export function createUpstreams(use: UpstreamsUse): Upstreams {
  return new SessionUpstreams({
    egress: use.egress,
    now: use.now ?? Date.now,
    version: use.version ?? '0.1.0',
    timer: use.timer ?? new SharedTimer(),
    breakers: use.breakers ?? isolateBreakers,
    project: use.project ?? '',
    ...(use.onLog && { onLog: use.onLog }),
  })
}

class SessionUpstreams implements Upstreams {
  readonly #use: ConnectionsUse & { breakers: Breakers; project: string }
  readonly #connections: Connections

  constructor(use: ConnectionsUse & { breakers: Breakers; project: string }) {
    this.#use = use
    this.#connections = new Connections(use)
  }

  async request(target: UpstreamTarget, given: UpstreamRequest): Promise<Sent> {
    const request = { ...given, capabilities: declaredCapabilities(given.capabilities) }
    if (request.signal?.aborted) return refuse('runtime/cancelled')
    return this.#guarded(target, () => this.#tryTwice(target, request))
  }

  async list(target: UpstreamTarget, what: ListKind, credential: UpstreamCredential): Promise<Result<JsonObject[]>> {
    return this.#guarded(target, async () => {
      const connection = await this.#connections.get(target, credential, ownCapabilities)
      if (!connection.ok) return connection
      const pages = await allPages(connection.value, what)
      if (pages.ok || !(await this.#isStale(pages.error, connection.value, target, credential))) return pages
      const other = await this.#connections.get(target, credential, ownCapabilities)
      return other.ok ? allPages(other.value, what) : other
    })
  }

  async discover(target: UpstreamTarget, credential: UpstreamCredential) {
    this.#connections.forgetDiscovery(target.url)
    await this.#connections.close({ upstream: target.id })
    // Never held back by an open circuit: looking is how it is found out that a server is there again.
    const connection = await this.#connections.get({ ...target, discovered: null }, credential, ownCapabilities)
    const { breakers, now } = this.#use
    breakers.learn(this.#keyOf(target), connection, now())
    return connection.ok ? ok(connection.value.discovered) : connection
  }

  async listen(...[target, credential, subscribe, onNotice]: Parameters<Upstreams['listen']>) {
    const connection = await this.#connections.get(target, credential, ownCapabilities, true)
    return connection.ok ? connection.value.listen({ subscribed: subscribe, onNotice }) : connection
  }

  async close(which: { upstream?: string; credential?: string } = {}): Promise<void> {
    await this.#connections.close(which)
  }

  async #guarded<T extends Result<unknown>>(
    target: UpstreamTarget,
    work: () => Promise<T>,
  ): Promise<T | Extract<T, { ok: false }>> {
    const { breakers, now } = this.#use
    const key = this.#keyOf(target)
    const admitted = breakers.admit(key, now())
    if (!admitted.ok) return admitted as Extract<T, { ok: false }>
    const result = await work()
    breakers.learn(key, result, now())
    return result
  }

  #keyOf({ url }: UpstreamTarget): string {
    return `${this.#use.project}\n${url}`
  }

  /** Once more: where the upstream did nothing yet, or where doing it twice does no harm. */
  async #tryTwice(target: UpstreamTarget, request: UpstreamRequest): Promise<Sent> {
    const { timeoutMs = defaultTimeoutMs } = target
    const began = this.#use.now()
    const connection = await this.#connectionFor(target, request)
    const first: Sent = connection.ok ? await this.#send(connection.value, request, timeoutMs) : connection
    if (first.ok || request.signal?.aborted || request.resume) return first
    // It refused before it did anything.
    if (request.waits && wantsTasksTaken(first.error)) {
      return this.#once(target, { ...request, capabilities: withTasks(request.capabilities) })
    }
    if (first.sessionLost) return this.#once(target, request)
    if (connection.ok && (await this.#isStale(first.error, connection.value, target, request.credential))) {
      return this.#once(target, request)
    }
    if (!request.repeatable) return first
    const leftMs = timeoutMs - (this.#use.now() - began)
    const pauseMs = pauseBeforeRepeat(first.error, leftMs)
    if (pauseMs === null) return first
    await pause(pauseMs, request.signal)
    if (request.signal?.aborted) return refuse('runtime/cancelled')
    return this.#once({ ...target, timeoutMs: leftMs - pauseMs }, request)
  }

  async #once(target: UpstreamTarget, request: UpstreamRequest): Promise<Sent> {
    const connection = await this.#connectionFor(target, request)
    if (!connection.ok) return connection
    return this.#send(connection.value, request, target.timeoutMs ?? defaultTimeoutMs)
  }

  async #send(connection: Connection, request: UpstreamRequest, timeoutMs: number): Promise<Sent> {
    const reply = await connection.request(request, timeoutMs)
    if (reply.sessionLost) this.#connections.forget(connection)
    return reply
  }

  /** The server speaks otherwise now, so what it refused it did not do. */
  async #isStale(refused: Refusal, connection: Connection, target: UpstreamTarget, credential: UpstreamCredential) {
    return mayNotBeUnderstood(refused) && (await this.#connections.speaksOtherwise(connection, target, credential))
  }

  #connectionFor(target: UpstreamTarget, request: UpstreamRequest): Promise<Result<Connection>> {
    const state = request.resume ? readState(request.resume.state) : null
    const holding = state?.kind === 'running' ? this.#connections.holding(state.call) : undefined
    if (holding) return Promise.resolve(ok(holding))
    return this.#connections.get(target, request.credential, request.capabilities)
  }
}
