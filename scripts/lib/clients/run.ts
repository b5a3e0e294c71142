import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import type { Children } from '../children.ts'
import { newPerson } from '../demo-person.ts'
import { demoPeople } from '../demo-world.ts'
import { serveFetch } from '../../../test/support/serve-fetch.ts'
import { freePortsFor, startLocal } from '../local-deployment.ts'
import { freePort } from '../ports.ts'
import { seedDemo } from '../seed-demo.ts'
import type { ClientCheck, ClientResult, ClientUse } from './check.ts'
import { plan } from './calls.ts'
import { prepareGateway } from './gateway.ts'
import { modelStandIn } from './model-stand-in.ts'
import { npmProgram } from './npm-program.ts'
import { createSandbox } from './sandbox.ts'

export type CheckWorld = { children: Children; browser: Browser; folder: string; cache: string }

/** Starts the world and tries one client after the other. A client that fails does not keep the next from its turn. */
export async function* checkClients(
  checks: readonly ClientCheck[],
  { children, browser, folder, cache }: CheckWorld,
): AsyncGenerator<ClientResult> {
  const ports = await freePortsFor()
  const samplePort = await freePort()
  const tell = (line: string): void => console.error(`  ${line}`)
  const allow = [`localhost:${samplePort}`]
  const local = await startLocal(children, { ports, demo: true, folder: join(folder, 'world'), allow, tell })
  const deployment = { ...local, ports }
  await seedDemo(deployment)
  const prepared = await prepareGateway(deployment)
  const model = await serveFetch(modelStandIn(plan))
  try {
    for (const check of checks) {
      tell(`${check.name} ${check.version}`)
      const person = await newPerson(browser, [demoPeople.alice.name, demoPeople.alice.github])
      const open = (url: string): Promise<string> => person.open(url)
      const use = { ...prepared, open, model, deployment, children, samplePort }
      yield await checkOne(check, use, join(folder, check.name), cache)
      await person.close()
    }
  } finally {
    await model.close()
  }
}

async function checkOne(
  check: ClientCheck,
  use: Omit<ClientUse, 'sandbox' | 'program' | 'see'>,
  folder: string,
  cache: string,
): Promise<ClientResult> {
  const { name, version, notCovered } = check
  const sandbox = createSandbox(folder)
  const seen: string[] = []
  const result = { name, version, seen, log: sandbox.log, ...(notCovered !== undefined && { notCovered }) }
  try {
    const program = await npmProgram(sandbox, `${check.package}@${version}`, check.program, cache)
    await check.run({ ...use, sandbox, program, see: (what) => void seen.push(what) })
    return { ...result, failure: null }
  } catch (error) {
    return { ...result, failure: error instanceof Error ? error.message : String(error) }
  }
}
