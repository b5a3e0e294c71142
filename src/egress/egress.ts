import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Timer } from '../core/timer.ts'
import { pause, SharedTimer } from '../core/timer.ts'
import { Answer } from './answer.ts'
import type { Egress, EgressRequest, EgressResponse } from './api.ts'
import type { Watch } from './body.ts'
import type { GuardConfig } from './guard.ts'
import { isAllowedUrl } from './guard.ts'
import { outgoingHeaders, retryAfterMs } from './headers.ts'
import type { Fetch } from './send.ts'
import { blocked, send } from './send.ts'

export type { Egress, EgressRequest, EgressResponse } from './api.ts'
export { BodyError } from './body.ts'
export { isAllowedUrl } from './guard.ts'
export type { GuardConfig } from './guard.ts'
export { retryAfterMs } from './headers.ts'

const defaultTimeoutMs = 30_000

export type EgressSeams = {
  fetch?: Fetch
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
  now?: () => number
}

/**
 * The way out. `timer`: of the Durable Object whose own it is; without one each call sets its own. `seams` are for tests:
 * the platform's `fetch`, the clock and the wait between attempts.
 */
export function createEgress(config: GuardConfig, seams: EgressSeams = {}, timer?: Timer): Egress {
  const platformFetch: Fetch = seams.fetch ?? ((url, init) => fetch(url, init))
  const wait = seams.wait ?? pause
  const now = seams.now ?? Date.now
  return {
    fetch: (request) =>
      fetchGuarded(request, { config, fetch: platformFetch, wait, now, timer: timer ?? new SharedTimer() }),
  }
}

type Tools = {
  config: GuardConfig
  fetch: Fetch
  wait: NonNullable<EgressSeams['wait']>
  now: () => number
  timer: Timer
}

async function fetchGuarded(request: EgressRequest, tools: Tools): Promise<Result<EgressResponse>> {
  const target = isAllowedUrl(request.url, tools.config)
  if (!target.ok) return target
  const headers = outgoingHeaders(request.headers)
  if (headers === null) return blocked('header', target.value)

  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs
  const deadline = tools.now() + timeoutMs
  const retries = request.body instanceof ReadableStream ? 0 : (request.retries ?? 0)
  const stop = new AbortController()
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal
  const watch = watchdog(timeoutMs, stop, tools.timer)
  const outgoing = { url: target.value, method: request.method ?? 'GET', headers, body: request.body }
  const rules = { ...request, config: tools.config, signal, now: tools.now }

  // Armed once for headers: attempts, redirects and waits together, or a slow service gets the timeout many times over.
  watch.arm()
  for (let attempt = 1; ; attempt++) {
    const sent = await send(outgoing, rules, tools.fetch).catch((cause: unknown) => ({ thrown: cause }))
    if (!('thrown' in sent)) {
      if (!sent.ok) watch.disarm()
      if (!sent.ok) return sent
      const pauseMs = attempt <= retries ? retryPause(sent.value.response, attempt, tools.now()) : null
      if (pauseMs === null || tools.now() + pauseMs >= deadline)
        return ok(new Answer(sent.value, request, watch, attempt))
      await sent.value.response.body?.cancel()
      await tools.wait(pauseMs, signal)
      continue
    }
    const pauseMs = backoffMs(attempt)
    const gone = signal.aborted || attempt > retries || tools.now() + pauseMs >= deadline
    if (gone) watch.disarm()
    if (gone)
      return refuse(watch.expired ? 'egress/timeout' : 'egress/unreachable', evidence(sent.thrown, target.value))
    await tools.wait(pauseMs, signal)
  }
}

function retryPause(response: Response, attempt: number, now: number): number | null {
  const { status } = response
  if (status !== 429 && (status < 500 || status === 501)) return null
  return retryAfterMs(response.headers, now) ?? backoffMs(attempt)
}

/** 200 ms doubling, half of it random so that many callers do not come back together. */
const backoffMs = (attempt: number): number => 100 * 2 ** attempt * (0.5 + Math.random() / 2)

function watchdog(timeoutMs: number, stop: AbortController, timer: Timer): Watch {
  let disarm = (): void => {}
  let expired = false
  return {
    arm() {
      disarm()
      disarm = timer.after(timeoutMs, () => {
        expired = true
        stop.abort()
      })
    },
    disarm: () => disarm(),
    get expired() {
      return expired
    },
  }
}

/** The platform's message is for the record; it may name addresses and never reaches an agent. */
const evidence = (thrown: unknown, url: URL): { evidence: Record<string, unknown> } => ({
  evidence: { host: url.host, reason: thrown instanceof Error ? thrown.message : String(thrown) },
})
