import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { startFixture } from '../test/support/fixture/fixture.ts'
import { startAuthorizingProxy } from '../test/support/authorizing-proxy.ts'
import { startWorld } from '../test/support/world.ts'

/**
 * The official conformance suite, every scored scenario of a revision, against our test server and against the same server
 * behind a gateway. `npm run conformance [-- --only gateway|direct] [--revision 2026-07-28] [--verbose]`
 */
export const revisions = ['2026-07-28', '2025-11-25'] as const
export type Revision = (typeof revisions)[number]

export type Check = { id: string; status: string; errorMessage?: string }
export type Scenario = { name: string; scored: boolean; passed: number; failed: Check[] }
export type Score = { revision: Revision; through: 'direct' | 'gateway'; scenarios: Scenario[] }

const require = createRequire(import.meta.url)
const suite = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist/index.js')

/** Runs all scenarios of a revision against one URL. */
export async function runSuite(url: string, revision: Revision): Promise<Scenario[]> {
  const out = await mkdtemp(join(tmpdir(), 'behalf-conformance-'))
  try {
    const { output } = await finished(process.execPath, [
      suite,
      'server',
      '--url',
      url,
      '--requirements',
      revision,
      '-o',
      out,
    ])
    const scenarios = await readScenarios(out, revision)
    if (scenarios.length === 0) throw new Error(`The suite ran nothing:\n${output.slice(-2000)}`)
    return scenarios
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

async function readScenarios(folder: string, revision: Revision): Promise<Scenario[]> {
  const requirements = parse(await readFile(join(dirname(suite), `../requirements/${revision}.yaml`), 'utf8')) as {
    server: string[]
  }
  const scored = new Set(requirements.server)
  const scenarios: Scenario[] = []
  for (const entry of (await readdir(folder)).toSorted()) {
    const name = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)?.[1]
    if (name === undefined) continue
    const checks = JSON.parse(await readFile(join(folder, entry, 'checks.json'), 'utf8')) as Check[]
    const failed = checks.filter((check) => check.status === 'FAILURE')
    const passed = checks.filter((check) => check.status === 'SUCCESS').length
    scenarios.push({ name, scored: scored.has(name), passed, failed })
  }
  const missing = [...scored].filter((name) => !scenarios.some((one) => one.name === name))
  return [...scenarios, ...missing.map((name) => ({ name, scored: true, passed: 0, failed: [notRun] }))]
}

const notRun: Check = { id: 'not-run', status: 'FAILURE', errorMessage: 'The suite did not run it.' }

/** The test server on its own, or the Worker with that server as a gateway's only source, reached through a proxy that signs in. */
export async function withTarget<T>(through: Score['through'], use: (url: string) => Promise<T>): Promise<T> {
  const fixture = await startFixture()
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

export function scoreLine({ revision, through, scenarios }: Score): string {
  const scored = scenarios.filter((one) => one.scored)
  const good = scored.filter((one) => one.failed.length === 0)
  const checks = scored.reduce((sum, one) => sum + one.passed, 0)
  const failures = scored.reduce((sum, one) => sum + one.failed.length, 0)
  return `${revision} ${through.padEnd(7)} ${good.length}/${scored.length} scored scenarios, ${checks}/${checks + failures} checks`
}

function finished(command: string, args: string[]): Promise<{ output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
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
  const through = (['direct', 'gateway'] as const).filter((one) => (option('only') ?? one) === one)
  const wanted = revisions.filter((one) => (option('revision') ?? one) === one)
  let bad = 0
  for (const one of through) {
    for (const revision of wanted) {
      const scenarios = await withTarget(one, (url) => runSuite(url, revision))
      console.log(scoreLine({ revision, through: one, scenarios }))
      for (const { name, scored, failed } of scenarios) {
        if (failed.length === 0 || (!scored && !args.includes('--verbose'))) continue
        if (scored) bad++
        console.log(`  ${scored ? 'x' : '-'} ${name}`)
        for (const check of failed) console.log(`      ${check.id}: ${check.errorMessage ?? ''}`)
      }
    }
  }
  process.exitCode = bad > 0 ? 1 : 0
}

if (import.meta.filename === process.argv[1]) await main(process.argv.slice(2))
