import { parseArgs } from 'node:util'
import type { ChaosReport } from './lib/chaos-report.ts'
import { holds } from './lib/chaos-report.ts'
import { runChaos } from './lib/chaos-run.ts'

/**
 * npm run chaos [-- --kills 1000 --minutes 40 --callers 8]: kills the Worker's process again and again under load and
 * counts what the record lost or has twice. Exit code 1 when it is anything at all, or when it cannot be said.
 *
 * Ctrl-C ends the killing and compares what was done so far; a second one ends it without a verdict, and says so.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    minutes: { type: 'string' },
    callers: { type: 'string' },
    json: { type: 'boolean' },
  },
})
const interrupted = new AbortController()
const unsaid = (): void => console.log('NO VERDICT: ended before it began')
process.on('exit', unsaid)

function onSignal(): void {
  if (interrupted.signal.aborted) end(null, 'interrupted twice')
  console.error('  interrupted: no more kills; comparing what was done (again to leave it)')
  interrupted.abort()
}

function end(report: ChaosReport | null, why = ''): never {
  process.off('exit', unsaid)
  const wanted = Number(values.kills ?? 1_000)
  if (report !== null && values.json) console.log(JSON.stringify(report, null, 2))
  else
    for (const [name, count] of Object.entries(report ?? {}))
      console.log(`  ${name.padEnd(20)}${`${count}`.padStart(10)}`)
  if (report !== null && report.kills < wanted) console.log(`ended early: ${report.kills} of ${wanted} kills`)
  if (report === null) console.log(`NO VERDICT: ${why}`)
  else console.log(holds(report) ? 'nothing lost, nothing twice' : 'THE RECORD IS NOT WHOLE')
  process.exit(report !== null && holds(report) ? 0 : 1)
}

const report = await runChaos({
  kills: Number(values.kills ?? 1_000),
  maxMs: Number(values.minutes ?? 40) * 60_000,
  callers: Number(values.callers ?? 8),
  tell: (line) => console.error(`  ${line}`),
  signal: interrupted.signal,
  onStarted() {
    // The local platform ends this process at the first signal, before anything could be said.
    for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name).on(name, onSignal)
  },
}).catch((cause: unknown) => {
  console.error(cause)
  return end(null, cause instanceof Error ? cause.message : String(cause))
})
end(report)
