import { join } from 'node:path'
import type { Child, Children } from './children.ts'
import type { DemoPorts } from './demo-world.ts'
import { ensureDevVars, withHosts } from './dev-vars.ts'
import { localState, migrateLocalD1 } from './local-d1.ts'
import { freePort, requireFreePorts } from './ports.ts'
import { root, stateFolder } from './root.ts'
import { Stop } from './stop.ts'
import { waitForUrl } from './wait-for-url.ts'

export type LocalOptions = {
  ports: DemoPorts
  /** Stand-ins for the real services, and a federated MCP server. */
  demo: boolean
  /** A folder of its own for keys and data; the repository's own by default. */
  folder?: string
  /** More hosts of this computer that the Worker may call. */
  allow?: readonly string[]
  /** Said while it works. */
  tell: (line: string) => void
}

export type LocalDeployment = { url: string; adminToken: string; worker: Child }

const portNames = ['worker', 'okta', 'github', 'google', 'slack', 'linear', 'microsoft', 'everything'] as const

const binary = (name: string): string => join(root, 'node_modules/.bin', name)

/**
 * Everything one needs on one computer: keys, database, stand-ins and the Worker in workerd. What is there already is used
 * again. The children end with `children`. Throws Stop with a way out.
 */
export async function startLocal(children: Children, options: LocalOptions): Promise<LocalDeployment> {
  const { ports, demo, tell, folder } = options
  const url = `http://localhost:${ports.worker}`
  await requireFreePorts(portUses(ports, demo))

  const files = folder
    ? { example: join(root, '.dev.vars.example'), vars: join(folder, 'vars'), adminToken: join(folder, 'admin-token') }
    : undefined
  const needed = [...(demo ? standInPorts(ports).map((port) => `localhost:${port}`) : []), ...(options.allow ?? [])]
  const { vars: before } = ensureDevVars({}, files)
  const set = {
    BEHALF_PUBLIC_URL: url,
    BEHALF_DEVELOPMENT: 'true',
    BEHALF_DYNAMIC_REGISTRATION: 'true',
    BEHALF_EGRESS_ALLOW: withHosts(before['BEHALF_EGRESS_ALLOW'], needed),
  }
  const { adminToken } = ensureDevVars(set, files)

  tell('Migrating the local database')
  const state = folder ? join(folder, 'state') : localState
  await migrateLocalD1(state)

  if (demo) {
    tell('Starting stand-ins for Okta, GitHub, Google, Slack, Linear and Microsoft, and an MCP server to federate')
    await startStandIns(children, ports)
  }

  tell('Starting the Worker')
  const vars = files?.vars ?? join(root, '.dev.vars')
  const worker = children.start(
    'worker',
    binary('wrangler'),
    [
      'dev',
      `--port=${ports.worker}`,
      '--ip=127.0.0.1',
      // Wrangler looks for a free one itself, and two that start together find the same.
      `--inspector-port=${await freePort()}`,
      `--persist-to=${state}`,
      `--env-file=${vars}`,
      '--log-level=warn',
    ],
    {
      cwd: root,
      quiet: true,
      env: { ...process.env, CI: 'true', WRANGLER_LOG_PATH: join(folder ?? stateFolder, 'logs') },
    },
  )
  await waitForUrl(`${url}/health`, { child: worker, timeoutMs: 180_000, accept: ({ status }) => status === 200 })
  return { url, adminToken, worker }
}

async function startStandIns(children: Children, ports: DemoPorts): Promise<void> {
  const standIns = children.start(
    'stand-ins',
    process.execPath,
    [join(root, 'scripts/stand-ins.ts'), JSON.stringify(ports)],
    {
      cwd: root,
      quiet: true,
    },
  )
  const everything = children.start('everything', binary('mcp-server-everything'), ['streamableHttp'], {
    cwd: root,
    quiet: true,
    env: { ...process.env, PORT: `${ports.everything}` },
  })
  // Microsoft is the last one that the stand-ins' process starts.
  await waitForUrl(`http://localhost:${ports.microsoft}/`, { child: standIns, timeoutMs: 120_000 })
  await waitForUrl(`http://localhost:${ports.everything}/mcp`, { child: everything, timeoutMs: 120_000 })
}

function standInPorts(ports: DemoPorts): number[] {
  return Object.entries(ports).flatMap(([name, port]) => (name === 'worker' ? [] : [port]))
}

function portUses(ports: DemoPorts, demo: boolean): { port: number; purpose: string; wayOut: string }[] {
  const others = demo ? ' (the stand-ins take the ports above it), or npm start -- --no-demo' : ''
  const wayOut = `end what runs there, perhaps another npm start, or take other ports: npm start -- --port 9000${others}`
  const worker = { port: ports.worker, purpose: 'the Worker', wayOut }
  if (!demo) return [worker]
  const standIns = standInPorts(ports).map((port) => ({ port, purpose: 'a stand-in', wayOut }))
  return [worker, ...standIns]
}

/** The ports of a second world beside the first. */
export function portsFrom(first: number): DemoPorts {
  if (!Number.isInteger(first) || first < 1024 || first > 65_000)
    throw new Stop(`--port ${first} is not a port from 1024 to 65000.`)
  return Object.fromEntries(portNames.map((name, n) => [name, name === 'worker' ? first : first + 10 + n])) as DemoPorts
}

/** Ports that are free now, for a world beside whatever else runs. */
export async function freePortsFor(): Promise<DemoPorts> {
  const ports: Partial<DemoPorts> = {}
  for (const name of portNames) ports[name] = await freePort()
  return ports as DemoPorts
}
