import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parse } from 'yaml'
import { startFixture } from '../test/support/fixture/fixture.ts'
import { jobServer } from '../test/support/fixture/jobs.ts'
import { tools } from '../test/support/fixture/tools.ts'
import { startAuthorizingProxy } from '../test/support/authorizing-proxy.ts'
import { startDriver } from '../test/support/conformance/driver.ts'
import { startPeopledWorld } from '../test/support/people.ts'
import { startWorld } from '../test/support/world.ts'
import type { Check, Revision, Scenario } from './lib/conformance-score.ts'
import { report, revisions, ways } from './lib/conformance-score.ts'
import { root } from './lib/root.ts'

/**
 * The official conformance suite, every scored scenario of a revision: against our test server, against the same server behind
 * a gateway, and the scenarios for clients against the client with which a gateway speaks to other people's servers. Beside them
 * those of the extensions that a gateway has.
 * `npm run conformance [-- --only gateway|direct|client] [--revision 2026-07-28] [--verbose]`
 */
/** SEP-2663, where the suite itself skips the one for status notifications until it has been rewritten there; SEP-1046; SEP-990. */
const extensions = { server: /^tasks-/, client: /^auth\/(client-credentials|enterprise-managed)-/ }

/** The suite starts all its clients at once, and the last of them waits for nearly all the others. */
const waitsMs = 600_000

const require = createRequire(import.meta.url)
const suite = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist/index.js')

/** Runs all scenarios of a revision against one URL. */
export async function runSuite(url: string, revision: Revision): Promise<Scenario[]> {
  const out = await mkdtemp(join(tmpdir(), 'behalf-conformance-'))
  try {
    const { output } = await finished([suite, 'server', '--url', url, '--requirements', revision, '-o', out])
    const scenarios = await readScenarios(out, 'server', revision)
    if (scenarios.length === 0) throw new Error(`The suite ran nothing:\n${output.slice(-2000)}`)
    return scenarios
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/**
 * Runs all scenarios for clients. Each starts a server of the suite's and then `test/support/conformance/client.mjs`, which has
 * the driver take our upstream client to it: through a gateway of the world, its vault and its connect pages.
 */
export async function runClientSuite(driver: string, revision: Revision): Promise<Scenario[]> {
  const out = await mkdtemp(join(tmpdir(), 'behalf-conformance-'))
  try {
    // The suite splits the command at spaces.
    const command = `node test/support/conformance/client.mjs ${driver}`
    const { output } = await finished([
      suite,
      'client',
      '--command',
      command,
      '--requirements',
      revision,
      '--timeout',
      `${waitsMs}`,
      '-o',
      out,
    ])
    const scenarios = await readScenarios(out, 'client', revision)
    if (scenarios.length === 0) throw new Error(`The suite ran nothing:\n${output.slice(-2000)}`)
    return scenarios
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/** A world with people, and the driver that takes its upstream client to the suite's servers. */
export async function withClient<T>(use: (driver: string) => Promise<T>): Promise<T> {
  const world = await startPeopledWorld()
  const driver = await startDriver(world)
  try {
    return await use(driver.url)
  } finally {
    await driver.close()
    await world.stop()
  }
}

async function readScenarios(folder: string, leg: 'server' | 'client', revision: Revision): Promise<Scenario[]> {
  const file = join(dirname(suite), `../requirements/${revision}.yaml`)
  const requirements = parse(await readFile(file, 'utf8')) as Record<typeof leg, string[]>
  const scored = new Set(requirements[leg])
  const scenarios: Scenario[] = []
  const entries = await readdir(folder, { recursive: true })
  for (const entry of entries.filter((one) => one.endsWith('/checks.json')).toSorted()) {
    const name = /^(?:server-)?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z\/checks\.json$/.exec(entry)?.[1]
    if (name === undefined) continue
    const checks = JSON.parse(await readFile(join(folder, entry), 'utf8')) as Check[]
    const failed = checks.filter((check) => check.status === 'FAILURE')
    const passed = checks.filter((check) => check.status === 'SUCCESS').length
    scenarios.push({
      name,
      scored: scored.has(name),
      extension: extensions[leg].test(name),
      passed,
      failed,
    })
  }
  const missing = [...scored].filter((name) => !scenarios.some((one) => one.name === name))
  return [
    ...scenarios,
    ...missing.map((name) => ({ name, scored: true, extension: false, passed: 0, failed: [notRun] })),
  ]
}

const notRun: Check = { id: 'not-run', status: 'FAILURE', errorMessage: 'The suite did not run it.' }

/** The test server on its own, or the Worker with that server as a gateway's only source, reached through a proxy that signs in. */
export async function withTarget<T>(through: 'direct' | 'gateway', use: (url: string) => Promise<T>): Promise<T> {
  const jobs = jobServer()
  const fixture = await startFixture({ ...jobs, tools: { ...tools, ...jobs.tools } })
  const closing: (() => Promise<void>)[] = [() => fixture.close()]
  try {
    if (through === 'direct') return await use(fixture.mcp)
    const world = await startWorld()
    closing.push(() => world.stop())
    await world.addUpstream('fixture', fixture.mcp)
    await world.addGateway('fixture', { tools: [{ upstream: 'fixture' }] })
    const proxy = await startAuthorizingProxy(world.mcp('fixture'), world.as('ada'))
    closing.push(() => proxy.close())
    return await use(`${proxy.url}/mcp`)
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}

/** With this Node, also for what the suite starts. */
function finished(args: string[]): Promise<{ output: string }> {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', reject)
    child.once('close', () => resolve({ output }))
  })
}

async function main(args: string[]): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = args.indexOf(`--${name}`)
    return at < 0 ? undefined : args[at + 1]
  }
  const through = ways.filter((one) => (option('only') ?? one) === one)
  const wanted = revisions.filter((one) => (option('revision') ?? one) === one)
  let bad = 0
  for (const one of through) {
    for (const revision of wanted) {
      const scenarios =
        one === 'client'
          ? await withClient((driver) => runClientSuite(driver, revision))
          : await withTarget(one, (url) => runSuite(url, revision))
      const { lines, bad: more } = report({ revision, through: one, scenarios }, args.includes('--verbose'))
      for (const line of lines) console.log(line)
      bad += more
    }
  }
  process.exitCode = bad > 0 ? 1 : 0
}

if (import.meta.filename === process.argv[1]) await main(process.argv.slice(2))
