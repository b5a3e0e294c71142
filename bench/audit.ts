import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createChildren } from '../scripts/lib/children.ts'
import { freePort } from '../scripts/lib/ports.ts'
import { root } from '../scripts/lib/root.ts'
import { waitForUrl } from '../scripts/lib/wait-for-url.ts'
import type { EventFilters, Place } from '../src/audit/read/event-query.ts'
import { pageStatement } from '../src/audit/read/event-query.ts'
import { consistencyProof, inclusionProof } from '../src/audit/tree.ts'
import type { BigRecord } from './lib/big-record.ts'
import { firstAt, makeRecord } from './lib/big-record.ts'
import { startDeployment } from './lib/deployment.ts'
import { fire, percentile, timeEach } from './lib/load.ts'
import { callShot } from './lib/shots.ts'

/**
 * npm run bench:audit [-- --events 1000000] [--rounds 10] [--out FILE]: what recording adds to a warm call, on and off in the
 * same run, in turn; and how long lists, filters and proofs take in a record of that many events.
 */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '10' },
    out: { type: 'string' },
  },
})
const perRound = 200
const round = (value: number): number => Math.round(value * 1000) / 1000
const say = (text: string): void => console.error(`  ${text}`)

const recording = Number(values.rounds) > 0 ? await recordingCost(Number(values.rounds)) : null
const record = makeRecord(Number(values.events), say)
const figures = { events: record.events, megabytes: Math.round(record.bytes() / 1e6), recording, ...reading(record) }
record.close()
print(figures)
if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(figures, null, 2)}\n`)
process.exit()

async function recordingCost(rounds: number) {
  const children = createChildren(() => {})
  const port = await freePort()
  const service = `http://127.0.0.1:${port}`
  const child = children.start('service', process.execPath, [join(root, 'bench/lib/service.ts'), `${port}`])
  await waitForUrl(`${service}/user`, { child })
  const on = await startDeployment(service)
  const off = await startDeployment(service, { main: 'bench/lib/unrecorded-worker.ts' })
  try {
    const times = { on: [] as number[], off: [] as number[] }
    const both = { on, off } as const
    for (const deployment of [on, off])
      await deployment.setUp({ gateways: [{ name: 'bench', tools: 10 }], connect: ['caller-0'] })
    const call = (which: 'on' | 'off') => () => fire(callShot(both[which], 'caller-0'), '"login":"bench"')
    say('Warming up')
    for (const which of ['on', 'off'] as const) await timeEach(perRound * 2, call(which))
    say('Calls with and without the record, in turn')
    for (let n = 0; n < rounds; n++)
      for (const which of ['on', 'off'] as const) times[which].push(...(await timeEach(perRound, call(which))))
    const [onP50Ms, offP50Ms] = [percentile(times.on, 0.5), percentile(times.off, 0.5)]
    return { onP50Ms: round(onP50Ms), offP50Ms: round(offP50Ms), addedP50Ms: round(onP50Ms - offP50Ms) }
  } finally {
    await Promise.all([on.stop(), off.stop()])
    await children.stop()
  }
}

function reading({ db, tiles, events }: BigRecord) {
  say('Lists and filters')
  const middle: Place = {
    at: firstAt + Math.floor(events / 2) * 7,
    sequence: Math.floor(events / 2),
    ledger: '0/default',
  }
  const pages: Record<string, number> = {}
  const page = (name: string, filters: EventFilters, after: Place | null = null): void => {
    const { sql, values: bound } = pageStatement('default', filters, after, 201)
    const statement = db.prepare(sql)
    pages[name] = p95(40, () => void statement.all(...bound))
  }
  page('newest', {})
  page('in the middle', {}, middle)
  page('person', { user: 'user-17' })
  page('person, in the middle', { user: 'user-17' }, middle)
  page('agent', { agent: 'agent-3' })
  page('gateway', { gateway: 'gateway-7' })
  page('tool', { tool: 'Toolkit_Tool9' })
  page('session', { session: 'session-40' })
  page('denied', { decision: 'deny' })
  page('refused', { type: 'tool.refused' })
  page('failed', { outcome: 'failed' })
  page('unknown (none)', { outcome: 'unknown' })
  page('sign-ins', { type: 'identity.*' })
  page('of a kind there is none of', { type: 'vault.*' })
  page('one call', { call: 'call-77' })
  page('person and tool', { user: 'user-17', tool: 'Toolkit_Tool9' })
  page('an hour', { from: firstAt + 3_600_000, to: firstAt + 7_200_000 })
  page('text, not found', { text: 'no such word' })

  say('Proofs')
  const place = (): number => Math.floor(Math.random() * events)
  return {
    pages,
    inclusionMs: p95(400, () => void inclusionProof(tiles, place(), events)),
    consistencyMs: p95(400, () => void consistencyProof(tiles, place() + 1, events)),
  }
}

/** In ms. The first tries are left out: they are about this process. */
function p95(times: number, work: () => void): number {
  const taken: number[] = []
  for (let n = 0; n < times * 1.25; n++) {
    const from = performance.now()
    work()
    taken.push(performance.now() - from)
  }
  return round(percentile(taken.slice(-times), 0.95))
}

function print({ pages, inclusionMs, consistencyMs, recording: cost, ...size }: typeof figures): void {
  const line = (name: string, ms: number, aim: number): string =>
    `  ${name.padEnd(42)}${`${ms.toFixed(2)} ms`.padStart(12)}   ${ms < aim ? '' : `above ${aim} ms`}`
  const lines = [
    ...(cost ? [line('recording adds to a warm call, median', cost.addedP50Ms, 0.5)] : []),
    `  ${size.events} events, ${size.megabytes} MB; 95th percentile of 40 tries`,
    ...Object.entries(pages).map(([name, ms]) => line(`a page of 200: ${name}`, ms, 50)),
    line('proof of inclusion', inclusionMs, 10),
    line('proof of consistency', consistencyMs, 10),
  ]
  console.log(lines.join('\n'))
}
