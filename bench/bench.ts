import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { freePort } from '../scripts/lib/ports.ts'
import { createChildren } from '../scripts/lib/children.ts'
import { waitForUrl } from '../scripts/lib/wait-for-url.ts'
import { root } from '../scripts/lib/root.ts'
import { join } from 'node:path'
import { startDeployment } from './lib/deployment.ts'
import { startFloor } from './lib/floor.ts'
import type { Deployment } from './lib/deployment.ts'
import { fire, percentile, perSecond, timeEach } from './lib/load.ts'
import type { Figures } from './lib/print.ts'
import { print } from './lib/print.ts'
import { callShot, directShot, floorShot, listShot } from './lib/shots.ts'
import { measureFederation } from './federation.ts'
import { measureSearch } from './search.ts'
import { measurePolicy } from './policy.ts'

/**
 * npm run bench [-- --out FILE] [-- --quick]: what Behalf costs, from one run on this machine. The production bundle in
 * workerd with storage on disk, everything on: token check, decision, the person's own credential, durable record.
 * They take turns with the service called directly, and with the least that a Worker, an object and two writes could be, so
 * that a machine whose speed drifts is fair to all.
 */
const { values } = parseArgs({ options: { out: { type: 'string' }, quick: { type: 'boolean' } } })
const rounds = values.quick ? 3 : 10
const perRound = values.quick ? 100 : 300
/** Until the platform's compiler has seen enough of both; a first thousand calls run at half the speed. */
const warmUps = values.quick ? 1_000 : 10_000
const burstMs = values.quick ? 1_000 : 3_000
const liveSessions = values.quick ? 100 : 1_000
const callers = 32

const children = createChildren(() => {})
const servicePort = await freePort()
const service = `http://127.0.0.1:${servicePort}`
const serviceProcess = children.start('service', process.execPath, [
  join(root, 'bench/lib/service.ts'),
  `${servicePort}`,
])
await waitForUrl(`${service}/user`, { child: serviceProcess })

const deployment = await startDeployment(service)
const bare = await startFloor(service)
try {
  say('Setting up')
  const subjects = Array.from({ length: callers }, (_, n) => `caller-${n}`)
  const lists = [10, 100, 1_000].map((tools) => ({ name: `list-${tools}`, tools }))
  await deployment.setUp({ gateways: [{ name: 'bench', tools: 10 }, ...lists], connect: subjects })

  const coldStartMs = await coldStart()
  const direct = (): Promise<void> => fire(directShot(service), '"bench"')
  const floor = (caller: number): Promise<void> => fire(floorShot(bare.url, `caller-${caller}`), '"login":"bench"')
  const governed = (caller: number): Promise<void> => fire(callShot(deployment, `caller-${caller}`), '"login":"bench"')

  say('Warming up')
  for (let caller = 0; caller < callers; caller++) {
    await floor(caller)
    await governed(caller)
  }
  await timeEach(perRound, direct)
  await timeEach(warmUps, () => floor(0))
  await timeEach(warmUps, () => governed(0))

  say('Calls: direct, bare and governed in turn')
  const times = { direct: [] as number[], floor: [] as number[], governed: [] as number[] }
  const rates = { direct: [] as number[], floor: [] as number[], governed: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    times.direct.push(...(await timeEach(perRound, direct)))
    times.floor.push(...(await timeEach(perRound, () => floor(0))))
    times.governed.push(...(await timeEach(perRound, () => governed(0))))
  }
  for (let round = 0; round < 3; round++) {
    rates.direct.push(await perSecond(callers, burstMs, direct))
    rates.floor.push(await perSecond(callers, burstMs, floor))
    rates.governed.push(await perSecond(callers, burstMs, governed))
  }

  say('Lists')
  const list = {
    tools10Ms: await listTime('list-10', 10),
    tools100Ms: await listTime('list-100', 100),
    tools1000Ms: await listTime('list-1000', 1_000),
  }

  say('Federation')
  const federation = await measureFederation(deployment, service, () => floor(0), { warmUps, rounds, perRound })

  say(`Memory of ${liveSessions} live sessions`)
  const sessionBytes = await memoryPerSession()

  say('Decisions')
  const policy = measurePolicy()
  const decisions = policy.decide['1000']

  say('Search')
  const search = measureSearch()

  const figures = {
    direct: figuresOf(times.direct, rates.direct),
    floor: figuresOf(times.floor, rates.floor),
    governed: figuresOf(times.governed, rates.governed),
    addedP50Ms: round(percentile(times.governed, 0.5) - percentile(times.direct, 0.5)),
    list,
    search,
    federation,
    sessionBytes,
    decisionsPerSecond: Math.round(decisions?.perSecond ?? Number.NaN),
    decisionMicroseconds1000Rules: round(decisions?.medianUs ?? Number.NaN),
    coldStartMs,
  }
  print(figures)
  if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(figures, null, 2)}\n`)

  async function coldStart(): Promise<number> {
    const [ms = Number.NaN] = await timeEach(1, () => fire(callShot(deployment, 'caller-0'), '"login":"bench"'))
    return round(ms)
  }

  async function listTime(gateway: string, tools: number): Promise<number> {
    const shot = listShot(deployment, gateway)
    await timeEach(20, () => fire(shot, '"tools"'))
    const answer = await fetch(shot.url, { method: 'POST', headers: shot.headers, body: shot.body })
    const reply = (await answer.json()) as { result: { tools: unknown[] } }
    if (reply.result.tools.length !== tools) throw new Error(`${gateway} lists ${reply.result.tools.length} tools`)
    return round(percentile(await timeEach(values.quick ? 20 : 100, () => fire(shot, '"tools"')), 0.5))
  }

  async function memoryPerSession(): Promise<number> {
    const before = await residentBytes(deployment)
    for (let n = 0; n < liveSessions; n++) await fire(listShot(deployment, 'list-10', `idle-${n}`), '"tools"')
    return Math.round(((await residentBytes(deployment)) - before) / liveSessions)
  }
} finally {
  await deployment.stop()
  await bare.stop()
  await children.stop()
}
process.exit()

function say(text: string): void {
  console.error(`  ${text}`)
}

async function residentBytes(of: Deployment): Promise<number> {
  const { pid } = await of.process()
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

function figuresOf(times: readonly number[], rates: readonly number[]): Figures {
  return {
    p50Ms: round(percentile(times, 0.5)),
    p95Ms: round(percentile(times, 0.95)),
    p99Ms: round(percentile(times, 0.99)),
    perSecond32: Math.round(percentile(rates, 0.5)),
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
