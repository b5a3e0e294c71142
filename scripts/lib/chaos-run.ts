import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from '../../bench/lib/deployment.ts'
import { startDeployment } from '../../bench/lib/deployment.ts'
import { fire } from '../../bench/lib/load.ts'
import { shotOf } from '../../bench/lib/shots.ts'
import { verifyExport } from '../../src/audit/verify-export.ts'
import { startReceivers } from './chaos-receivers.ts'
import { startChaosService } from './chaos-service.ts'
import type { ChaosReport, Ended } from './chaos-report.ts'
import { compare } from './chaos-report.ts'

export type ChaosOptions = {
  kills: number
  /** Stops killing after that, however many there were. */
  maxMs: number
  callers: number
  /** The record counts as complete when it has not grown for so long: more than the first pauses of an outbox. */
  quietMs?: number
  tell: (line: string) => void
  /** Ends the killing; what was done is compared all the same. */
  signal?: AbortSignal
  /** The Worker runs; calls and kills begin. */
  onStarted?: () => void
}

const recoveryMs = 120_000
/** A call that hangs, or an answer that never ends, must not keep the verdict back. */
const patienceMs = 30_000
const exportMs = 300_000

/**
 * Kills the Worker's process again and again while calls run through it, and looks afterwards whether the record is whole:
 * every call that reached the service has its intent, and every event is in D1 and in every sink exactly once.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const [service, receivers] = await Promise.all([startChaosService(), startReceivers()])
  const adminToken = randomBytes(24).toString('base64url')
  const deployment = await startDeployment(service.url, {
    vars: {
      BEHALF_EGRESS_ALLOW: [new URL(service.url).host, ...receivers.hosts].join(','),
      BEHALF_ADMIN_TOKEN_SHA256: createHash('sha256').update(adminToken).digest('hex'),
    },
  })
  const api = adminApi(deployment, adminToken)
  try {
    const people = Array.from({ length: options.callers }, (_, n) => `caller-${n}`)
    await deployment.setUp({ gateways: [{ name: 'bench', tools: 10 }], connect: people })
    for (const [id, sink] of Object.entries(receivers.sinks)) await api.put(`/sinks/${id}`, sink)
    options.onStarted?.()

    const ended: Ended[] = []
    const stop = new AbortController()
    const load = people.map((person) => call(deployment, person, ended, stop.signal))
    const kills = await killing(deployment, options, () => service.titles.size)
    // A signal from the terminal ends the Worker as well.
    if (options.signal?.aborted) await deployment.crash()
    stop.abort()
    await Promise.race([Promise.all(load), sleep(patienceMs, undefined, { ref: false })])
    options.tell(`${kills} kills, ${ended.length} calls; waiting for what was left behind`)
    const stoppedAt = Date.now()
    for (;;) {
      await recovered(api, options.quietMs ?? 4_000, stoppedAt + recoveryMs)
      const events = (await api.lines('/events/export?type=tool.*')).map((line) => JSON.parse(line) as never)
      const found = compare({ ended, titles: service.titles, events, sinks: receivers.ids() })
      // An alarm that is late looks as quiet as one that has done its work: what is still open is waited for.
      if (found.open > 0 && Date.now() < stoppedAt + recoveryMs) continue
      const verdict = await verifyExport(await api.lines('/ledger/export?payloads=none'))
      return { kills, recoveredMs: Date.now() - stoppedAt, ...found, ledger: verdict.faults.length }
    }
  } finally {
    await deployment.stop()
    await Promise.all([service.stop(), receivers.stop()])
  }
}

async function call(to: Deployment, person: string, ended: Ended[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const title = `chaos ${randomUUID()}`
    const params = { name: 'GitHub_CreateIssue', arguments: { repository: 'acme/site', title } }
    const shot = shotOf(to, 'bench', person, 'tools/call', params, 'GitHub_CreateIssue')
    const answered = await fire(shot, title).then(
      () => true,
      () => false,
    )
    ended.push({ title, answered })
    if (!answered) await sleep(20)
  }
}

async function killing(
  deployment: Deployment,
  { kills, maxMs, tell, signal }: ChaosOptions,
  reached: () => number,
): Promise<number> {
  const startedAt = Date.now()
  for (let kill = 1; kill <= kills; kill++) {
    if (signal?.aborted) return kill - 1
    if (Date.now() - startedAt > maxMs) return kill - 1
    // Now and then right after the start, mostly in the middle of work.
    const target = reached() + (kill % 5 === 0 ? 0 : Math.ceil(Math.random() * 25))
    const isOver = (): boolean => reached() >= target || signal?.aborted === true
    for (const until = Date.now() + 5_000; !isOver() && Date.now() < until;) await sleep(5)
    await sleep(Math.random() * 60)
    await deployment.crash().catch(async (cause: unknown) => {
      await sleep(500)
      if (!signal?.aborted) throw cause
    })
    if (kill % 50 === 0) tell(`${kill} kills, ${reached()} calls reached the service`)
  }
  await sleep(500)
  return kills
}

type Status = { items: { status: { waiting: number } | null }[] }

/** Until nothing waits any more: in no outbox (the record stands still), not for D1, not for a sink. */
async function recovered(api: ReturnType<typeof adminApi>, quietMs: number, until: number): Promise<void> {
  let still = 0
  let before = -1
  while (Date.now() < until && still * 500 < quietMs) {
    await sleep(500)
    const { size, indexedUpTo } = await api.get<{ size: number; indexedUpTo: number }>('/ledger')
    const { items } = await api.get<Status>('/sinks')
    const quiet = size === before && indexedUpTo === size && items.every(({ status }) => status?.waiting === 0)
    still = quiet ? still + 1 : 0
    before = size
  }
}

function adminApi({ url }: Deployment, token: string) {
  const send = async (path: string, init: RequestInit = {}, timeoutMs = patienceMs): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(`${url}/admin/api/v1${path}`, { ...init, headers, signal })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    get: async <T>(path: string): Promise<T> => (await send(path)).json() as Promise<T>,
    put: (path: string, body: object) => send(path, { method: 'PUT', body: JSON.stringify(body) }),
    lines: async (path: string): Promise<string[]> =>
      (await (await send(path, {}, exportMs)).text()).split('\n').filter((line) => line !== ''),
  }
}
