import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createChildren } from './lib/children.ts'
import { clientLines } from './lib/client-lines.ts'
import { demoPeople, demoPorts } from './lib/demo-world.ts'
import { portsFrom, startLocal } from './lib/local-deployment.ts'
import { demoGateways, seedDemo } from './lib/seed-demo.ts'
import { runMain, Stop } from './lib/stop.ts'

const usage = `npm start [-- --no-demo] [-- --port N] [-- --folder DIR]

  --no-demo   without stand-ins and demo data
  --port N    the Worker at port N; the stand-ins take the ports above it
  --folder    keys and data in this folder, not in the repository's`

/** npm start: the Worker on this computer, with stand-ins for everything outside, until Ctrl-C. */
await runMain(async () => {
  const { values } = readArguments()
  if (values.help) return console.log(usage)
  const children = createChildren()
  const ports = values.port === undefined ? demoPorts : portsFrom(Number(values.port))
  const demo = !values['no-demo']
  const tell = (line: string) => console.log(`  ${line}`)
  try {
    const deployment = await startLocal(children, {
      ports,
      demo,
      tell,
      ...(values.folder && { folder: resolve(values.folder) }),
    })
    if (demo) {
      tell('Putting in the demo')
      await seedDemo({ ...deployment, ports })
    }
    console.log(demo ? demoText(deployment.url) : plainText(deployment.url))
    const { code, signal } = await deployment.worker.ended
    throw new Stop(`The Worker ended (${signal ?? code}).\n${deployment.worker.lastLines()}`)
  } finally {
    await children.stop()
  }
})

function readArguments() {
  try {
    return parseArgs({
      options: {
        'no-demo': { type: 'boolean' },
        port: { type: 'string' },
        folder: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Stop(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

function plainText(url: string): string {
  return `
Behalf is at ${url}. It has no gateway yet.
Make one:  npm run behalf -- apply my-gateway.yaml   (examples/gateways has some)
Ctrl-C ends it.`
}

function demoText(url: string): string {
  const people = Object.values(demoPeople).map(
    ({ name, email, groups }) => `  ${name}  ${email}  (${groups.join(', ')})`,
  )
  const gateways = demoGateways.map((name) => `  ${url}/${name}/mcp`)
  return `
Gateways
${gateways.join('\n')}

People who can sign in (the stand-in asks for no password)
${people.join('\n')}

Connect a client to the first one
${clientLines('engineering', `${url}/engineering/mcp`)}

Administration   npm run behalf -- gateways
The whole story  npm run demo (in another terminal)
Ctrl-C ends everything.`
}
