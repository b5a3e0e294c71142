import { parseArgs } from 'node:util'
import { holds } from './lib/chaos-report.ts'
import { runChaos } from './lib/chaos-run.ts'

/**
 * npm run chaos [-- --kills 1000 --minutes 40 --callers 8]: kills the Worker's process again and again under load and
 * counts what the record lost or has twice. Exit code 1 when it is anything at all.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    minutes: { type: 'string' },
    callers: { type: 'string' },
    json: { type: 'boolean' },
  },
})
const report = await runChaos({
  kills: Number(values.kills ?? 1_000),
  maxMs: Number(values.minutes ?? 40) * 60_000,
  callers: Number(values.callers ?? 8),
  tell: (line) => console.error(`  ${line}`),
})
if (values.json) console.log(JSON.stringify(report, null, 2))
else for (const [name, count] of Object.entries(report)) console.log(`  ${name.padEnd(20)}${`${count}`.padStart(10)}`)
console.log(holds(report) ? 'nothing lost, nothing twice' : 'THE RECORD IS NOT WHOLE')
process.exit(holds(report) ? 0 : 1)
