import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { launchBrowser } from './lib/browser.ts'
import { createChildren } from './lib/children.ts'
import { clientChecks } from './lib/clients/all.ts'
import { checkClients } from './lib/clients/run.ts'
import { chosen, resultText, summaryText } from './lib/clients/results-text.ts'
import { runMain, Stop } from './lib/stop.ts'

const usage = `npm run clients [-- --only NAME,NAME] [-- --cache DIR]

  --only    these clients alone: ${clientChecks.map(({ name }) => name).join(', ')}
  --cache   keep the packages in this folder, for the next time; about 1.5 GB`

/**
 * npm run clients: real MCP clients, each at one version, from npm, on a computer of its own, against a gateway of a world that is
 * gone afterwards. It needs the package registry and nothing else from outside.
 */
await runMain(async () => {
  const { values } = readArguments()
  if (values.help) return console.log(usage)
  const checks = chosen(clientChecks, values.only)
  if (checks === null) throw new Stop(`There is no client ${values.only}.\n\n${usage}`)
  const children = createChildren()
  const folder = mkdtempSync(join(tmpdir(), 'behalf-clients-'))
  const cache = values.cache === undefined ? join(folder, 'npm') : resolve(values.cache)
  mkdirSync(cache, { recursive: true })
  let failed = false
  // On Ctrl-C too. What failed is kept without the packages: its lines name the output there.
  process.once('exit', () => rmSync(failed ? join(folder, 'npm') : folder, { recursive: true, force: true }))
  const browser = await launchBrowser()
  try {
    const results = []
    for await (const result of checkClients(checks, { children, browser, folder, cache })) {
      console.log(resultText(result))
      results.push(result)
    }
    console.log(summaryText(results))
    failed = results.some(({ failure }) => failure !== null)
    if (failed) process.exitCode = 1
  } finally {
    await browser.close()
    await children.stop()
  }
})

function readArguments() {
  try {
    return parseArgs({
      options: { only: { type: 'string' }, cache: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    throw new Stop(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}
