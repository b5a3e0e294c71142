import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launchBrowser } from './lib/browser.ts'
import { createChildren } from './lib/children.ts'
import { freePortsFor, startLocal } from './lib/local-deployment.ts'
import { seedDemo } from './lib/seed-demo.ts'
import { runMain } from './lib/stop.ts'
import { tellStory } from './lib/demo-story.ts'

/**
 * npm run demo: the whole story in the terminal, in a world of its own that is gone afterwards.
 * `--manual` prints the links for you to open, instead of sending a headless browser.
 */
await runMain(async () => {
  const { values } = parseArgs({ options: { manual: { type: 'boolean' } } })
  const children = createChildren()
  const folder = await mkdtemp(join(tmpdir(), 'behalf-demo-'))
  const browser = values.manual ? null : await launchBrowser()
  try {
    console.log('Getting ready')
    const ports = await freePortsFor()
    const deployment = await startLocal(children, {
      ports,
      demo: true,
      folder,
      tell: (line) => console.log(`  ${line}`),
    })
    await seedDemo({ ...deployment, ports })
    await tellStory({ ...deployment, ports }, browser)
  } finally {
    await browser?.close()
    await children.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
