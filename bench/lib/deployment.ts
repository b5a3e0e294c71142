import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { applyMigrations } from '../../scripts/lib/apply-migrations.ts'
import { bundleWorker } from '../../scripts/lib/bundle-worker.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import type { SetUp } from './set-up-worker.ts'
import { sendAsBefore, sendDirectly } from './direct-outbound.ts'
import { keepConfiguration } from './workerd-process.ts'

/** `workerd` with the production bundle, storage on disk, and a socket that goes straight to the Worker. */
export type Deployment = {
  url: string
  appKey: string
  issuer: string
  project: string
  process(): Promise<{ pid: number }>
  setUp(more: Partial<SetUp>): Promise<void>
  /** Asks the Worker beside the measured one. */
  ask(body: unknown): Promise<unknown>
  /** The same storage with other vars; `undefined` takes one away. */
  restart(changed: Record<string, string | undefined>): Promise<void>
  /** Kills the process with SIGKILL and starts it again on the same storage. After the first time `setUp` is no more. */
  crash(): Promise<void>
  stop(): Promise<void>
}

const flags = ['global_fetch_strictly_public']
const compatibilityDate = '2026-11-01'
const objects = { SESSION: 'Session', VAULT: 'Vault', HUB: 'Hub', LEDGER: 'Ledger', GRANT: 'Grant', WATCH: 'Watch' }

/** `main`: instead of the production entry. `setUp`: the Worker beside the measured one. `vars`: beside those every deployment has. */
export type DeploymentOptions = { main?: string; setUp?: string; vars?: Record<string, string> }

export async function startDeployment(
  serviceUrl: string,
  { main: entry = 'src/index.ts', setUp = 'bench/lib/set-up-worker.ts', vars: more = {} }: DeploymentOptions = {},
): Promise<Deployment> {
  const [main, setUpScript] = await Promise.all([
    bundleWorker(entry, { minify: true }),
    bundleWorker(setUp, { minify: true }),
  ])
  const folder = await mkdtemp(join(tmpdir(), 'behalf-bench-'))
  const workerd = keepConfiguration(folder)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const appKey = `bh_app_${randomBytes(32).toString('base64url')}`
  const issuer = 'https://idp.bench'
  const project = 'default'
  const vars = {
    BEHALF_PUBLIC_URL: url,
    BEHALF_KEK_ACTIVE: '1',
    BEHALF_KEK_1: randomBytes(32).toString('base64'),
    BEHALF_STATE_KEY: randomBytes(32).toString('base64'),
    BEHALF_LEDGER_KEY: randomBytes(32).toString('base64'),
    BEHALF_DEVELOPMENT: 'true',
    BEHALF_EGRESS_ALLOW: new URL(serviceUrl).host,
    ...more,
  }
  const storage = { d1Databases: ['DB'], kvNamespaces: ['KV'], r2Buckets: ['ARCHIVE'] }
  const durableObjects = (scriptName?: string) =>
    Object.fromEntries(
      Object.entries(objects).map(([binding, className]) => [
        binding,
        { className, useSQLite: true, ...(scriptName ? { scriptName } : {}) },
      ]),
    )
  const options = (bindings: Record<string, string>) => ({
    ...convertV4MiniflareOptions({
      workers: [
        {
          name: 'behalf',
          modules: true,
          script: main,
          compatibilityDate,
          compatibilityFlags: flags,
          bindings,
          durableObjects: durableObjects(),
          unsafeDirectSockets: [{ host: '127.0.0.1', port }],
          ...storage,
        },
        {
          name: 'set-up',
          modules: true,
          script: setUpScript,
          compatibilityDate,
          compatibilityFlags: flags,
          bindings,
          durableObjects: durableObjects('behalf'),
          ...storage,
        },
      ],
    }),
    resourcePersistencePath: folder,
    isolatedResourcePersistencePath: folder,
  })
  sendDirectly()
  const miniflare = new Miniflare(options(vars))
  await miniflare.ready
  // The next one that starts keeps a configuration of its own, or none.
  delete process.env['MINIFLARE_WORKERD_PATH']
  const d1 = await miniflare.getD1Database('DB', 'behalf')
  await applyMigrations(d1)
  const ask = async (body: unknown): Promise<unknown> => {
    const worker = await miniflare.getWorker('set-up')
    const response = await worker.fetch('http://set-up/', { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`set-up: ${await response.text()}`)
    return response.json()
  }
  return {
    url,
    appKey,
    issuer,
    project,
    async process() {
      return { pid: workerd.pid ?? (await workerdOf(process.pid)).pid }
    },
    async setUp(more) {
      const keyHash = createHash('sha256').update(appKey).digest('hex')
      await ask({ project, keyHash, issuer, serviceUrl, gateways: [], connect: [], ...more })
    },
    ask,
    async restart(changed) {
      const next: Record<string, string | undefined> = { ...vars, ...changed }
      const there = Object.entries(next).filter((pair): pair is [string, string] => pair[1] !== undefined)
      await miniflare.setOptions(options(Object.fromEntries(there)))
    },
    async crash() {
      // The first time miniflare gives its process up: it would start another one beside ours.
      if (workerd.pid === undefined) await miniflare.dispose()
      await workerd.kill()
      await workerd.start()
    },
    async stop() {
      if (workerd.pid === undefined) await miniflare.dispose()
      await workerd.kill()
      sendAsBefore()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The workerd that miniflare started: the child of this process with that name. */
async function workerdOf(parent: number): Promise<{ pid: number }> {
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    if (stat.includes('(workerd)') && stat.split(') ')[1]?.split(' ')[1] === String(parent))
      return { pid: Number(entry) }
  }
  throw new Error('workerd is not running')
}
