import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createChildren } from '../scripts/lib/children.ts'
import { freePort } from '../scripts/lib/ports.ts'
import { root } from '../scripts/lib/root.ts'
import { waitForUrl } from '../scripts/lib/wait-for-url.ts'
import { startDeployment } from './lib/deployment.ts'
import { percentile } from './lib/load.ts'
import type { VaultWork } from './lib/vault-worker.ts'

/**
 * npm run bench:vault [-- --users 10000] [--out FILE]: what a lease and a seal cost, and ten thousand people's vaults made and
 * rotated in one run, with the memory of the runtime on the way. The production bundle, storage on disk.
 */
const { values } = parseArgs({ options: { users: { type: 'string', default: '10000' }, out: { type: 'string' } } })
const users = Number(values.users)
const steps = 10

const children = createChildren(() => {})
const servicePort = await freePort()
const service = `http://127.0.0.1:${servicePort}`
const child = children.start('service', process.execPath, [join(root, 'bench/lib/service.ts'), `${servicePort}`])
await waitForUrl(`${service}/user`, { child })

const adminToken = `bh_adm_${randomBytes(32).toString('base64url')}`
const keys = { BEHALF_KEK_1: randomBytes(32).toString('base64'), BEHALF_KEK_2: randomBytes(32).toString('base64') }
const deployment = await startDeployment(service, {
  setUp: 'bench/lib/vault-worker.ts',
  vars: { ...keys, BEHALF_ADMIN_TOKEN_SHA256: createHash('sha256').update(adminToken).digest('hex') },
})
const ask = (work: VaultWork) => deployment.ask(work) as Promise<Record<string, number>>

try {
  await ask({ do: 'set-up', serviceUrl: service })
  await ask({ do: 'create', from: 0, to: 1, atOnce: 1 })

  say('A lease on a warm vault')
  const lease = await costOf((times) => ask({ do: 'lease', user: 0, times }), 50)
  say('Seal and open')
  const seal = await costOf((times) => ask({ do: 'seal', times }), 200)
  const open = await costOf((times) => ask({ do: 'open', times }), 200)

  say(`${users} vaults made`)
  const memory: { vaults: number; mib: number }[] = [{ vaults: 1, mib: await residentMib() }]
  const madeFrom = performance.now()
  for (let step = 1; step <= steps; step++) {
    const at = (n: number): number => Math.max(1, Math.floor((users * n) / steps))
    await ask({ do: 'create', from: at(step - 1), to: at(step), atOnce: 16 })
    memory.push({ vaults: at(step), mib: await residentMib() })
    say(`  ${at(step)} vaults, ${memory.at(-1)?.mib} MiB`)
  }
  const madePerSecond = round((users / (performance.now() - madeFrom)) * 1000)
  while (((await ask({ do: 'count' })).connections ?? 0) < users) await new Promise((done) => setTimeout(done, 200))

  say('Every key rotated, by the same calls as behalf vault rotate')
  await deployment.restart({ BEHALF_KEK_ACTIVE: '2' })
  const rotatedFrom = performance.now()
  const rotated = await rotate()
  const rotatedPerSecond = round((users / (performance.now() - rotatedFrom)) * 1000)
  const again = await rotate()

  say('The old key taken away')
  await deployment.restart({ BEHALF_KEK_ACTIVE: '2', BEHALF_KEK_1: undefined })
  const sample = await ask({ do: 'lease-each', from: 0, to: users, step: Math.max(1, Math.floor(users / 100)) })

  const figures = {
    users,
    leaseP50Ms: lease.p50,
    leaseP95Ms: lease.p95,
    sealP50Us: round(seal.p50 * 1000),
    openP50Us: round(open.p50 * 1000),
    madePerSecond,
    rotatedPerSecond,
    rotated: rotated.counts,
    leftAfterwards: again.counts['rewrapped'] ?? 0,
    lentWithoutOldKey: sample.leases ?? 0,
    memory: [...memory, ...rotated.memory],
    peakMib: Math.max(...memory.map((one) => one.mib), ...rotated.memory.map((one) => one.mib)),
  }
  print(figures)
  if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(figures, null, 2)}\n`)

  async function rotate() {
    const counts: Record<string, number> = {}
    const seen: { vaults: number; mib: number }[] = []
    let done = 0
    for (let after: string | null = ''; after !== null;) {
      const answer = await fetch(`${deployment.url}/admin/api/v1/vault/rotate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ after }),
      })
      if (!answer.ok) throw new Error(`rotate: ${answer.status} ${await answer.text()}`)
      const part = (await answer.json()) as { vaults: Record<string, number>; next: string | null }
      for (const [name, n] of Object.entries(part.vaults)) {
        counts[name] = (counts[name] ?? 0) + n
        done += n
      }
      after = part.next
      if (done >= (users * (seen.length + 1)) / steps) {
        seen.push({ vaults: done, mib: await residentMib() })
        say(`  ${done} rotated, ${seen.at(-1)?.mib} MiB`)
      }
    }
    return { counts, memory: seen }
  }
} finally {
  await deployment.stop()
  await children.stop()
}
process.exit()

/** The time of one, from many in a row less a request that does none. In ms. */
async function costOf(run: (times: number) => Promise<unknown>, times: number) {
  await run(times)
  const time = async (n: number): Promise<number> => {
    const from = performance.now()
    await run(n)
    return performance.now() - from
  }
  const each: number[] = []
  for (let round = 0; round < 40; round++) each.push(((await time(times)) - (await time(0))) / times)
  return { p50: round(percentile(each, 0.5)), p95: round(percentile(each, 0.95)) }
}

type AllFigures = {
  users: number
  leaseP50Ms: number
  leaseP95Ms: number
  sealP50Us: number
  openP50Us: number
  madePerSecond: number
  rotatedPerSecond: number
  rotated: Record<string, number>
  leftAfterwards: number
  lentWithoutOldKey: number
  memory: { vaults: number; mib: number }[]
  peakMib: number
}

function print(figures: AllFigures): void {
  const line = (name: string, value: string): string => `  ${name.padEnd(48)}${value.padStart(14)}`
  const rotated = Object.entries(figures.rotated).map(([name, n]) => `${n} ${name}`)
  console.log(`
${line('lease on a warm vault, p50', `${figures.leaseP50Ms.toFixed(3)} ms`)}
${line('lease on a warm vault, p95', `${figures.leaseP95Ms.toFixed(3)} ms`)}
${line('seal one token, p50', `${figures.sealP50Us.toFixed(0)} us`)}
${line('open one token, p50', `${figures.openP50Us.toFixed(0)} us`)}
${line(`vaults made per second, of ${figures.users}`, `${figures.madePerSecond}`)}
${line('vaults rotated per second', `${figures.rotatedPerSecond}`)}
${line('rotated', rotated.join(', '))}
${line('left for a second rotation', `${figures.leftAfterwards}`)}
${line('of 100 asked without the old key, lend', `${figures.lentWithoutOldKey}`)}
${line('memory of the runtime at most', `${figures.peakMib} MiB`)}

  vaults   MiB
${figures.memory.map(({ vaults, mib }) => `  ${`${vaults}`.padStart(6)}${`${mib}`.padStart(6)}`).join('\n')}`)
}

async function residentMib(): Promise<number> {
  const { pid } = await deployment.process()
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
}

function say(text: string): void {
  console.error(`  ${text}`)
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
