import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/d1'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import type { Behaviour } from '../../src/core/tool.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Db } from '../../src/db/db.ts'
import * as schema from '../../src/db/schema.ts'
import { reviewPins } from '../../src/catalog/catalog.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { parseDocument } from '../../src/gateways/document.ts'
import { documentHash } from '../../src/gateways/hash.ts'
import { createUpstreams } from '../../src/upstream/upstream.ts'
import { main } from '../../cli/main.ts'
import { applyMigrations } from '../../scripts/lib/apply-migrations.ts'
import { freePort } from '../../scripts/lib/ports.ts'
import { bundleWorker } from '../../scripts/lib/bundle-worker.ts'
import { secretAtRest } from './at-rest.ts'

const objects = { SESSION: 'Session', VAULT: 'Vault', HUB: 'Hub', LEDGER: 'Ledger', GRANT: 'Grant', WATCH: 'Watch' }
const project = 'default'

/** Everything is permitted: what is tested is somebody else's business than the rules'. */
export const permitAll = { user: [{ id: 'people', effect: 'permit' }], agent: [{ id: 'agents', effect: 'permit' }] }

export type World = {
  url: string
  db: Db
  /** What must not be stored in the clear although it does not look like a secret: `stop` looks for it. */
  secrets: Set<string>
  /** The administration API as the first administrator. */
  admin(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
  /** `behalf …` as the first administrator. */
  cli(...words: string[]): Promise<{ code: number; out: string }>
  /** Headers of a call by the app key for a person. */
  as(subject: string): Record<string, string>
  mcp(gateway: string): string
  /** Adds an MCP server and admits all it lists. */
  addUpstream(id: string, url: string, options?: AddedUpstream): Promise<void>
  addGateway(name: string, document: object): Promise<void>
  /** Throws when a secret of the tests stands in anything that was stored (promise 2). */
  stop(): Promise<void>
}

export type AddedUpstream = {
  settings?: object
  behaviour?: Behaviour
  /** Where its lists are read, when it shows them to nobody that it does not know. */
  listAt?: string
}

export type WorldOptions = {
  /** Whose people the app key speaks for: an issuer at which they can really sign in, where they have to. */
  issuer?: string
  /** Tool Workers beside it, by binding. */
  toolWorkers?: Record<string, { entry: string; entrypoint: string }>
}

/** The production bundle in `workerd`, on a port of its own, with an empty database, and tool Workers beside it. */
export async function startWorld(
  vars: Record<string, string> = {},
  { issuer = 'https://idp.test', toolWorkers = {} }: WorldOptions = {},
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'behalf-world-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const adminToken = randomBytes(32).toString('base64url')
  const secrets = new Set<string>()
  const key = (): string => randomBytes(32).toString('base64')
  const beside = await Promise.all(
    Object.entries(toolWorkers).map(async ([binding, { entry }]) => ({
      name: binding.toLowerCase(),
      modules: true as const,
      script: await bundleWorker(entry),
      compatibilityDate: '2026-11-01',
    })),
  )
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      d1Persist: join(folder, 'd1'),
      kvPersist: join(folder, 'kv'),
      r2Persist: join(folder, 'r2'),
      durableObjectsPersist: join(folder, 'do'),
      // Where the reporter hears it that looks for secrets in logs.
      handleStructuredLogs: ({ level, message }) => (level === 'error' ? console.error : console.log)(message),
      workers: [
        {
          name: 'behalf',
          modules: true,
          script: await bundle(),
          compatibilityDate: '2026-11-01',
          compatibilityFlags: ['global_fetch_strictly_public'],
          bindings: {
            BEHALF_PUBLIC_URL: url,
            BEHALF_KEK_ACTIVE: '1',
            BEHALF_KEK_1: key(),
            BEHALF_STATE_KEY: key(),
            BEHALF_LEDGER_KEY: key(),
            BEHALF_DEVELOPMENT: 'true',
            BEHALF_ADMIN_TOKEN_SHA256: createHash('sha256').update(adminToken).digest('hex'),
            ...vars,
          },
          durableObjects: Object.fromEntries(
            Object.entries(objects).map(([binding, className]) => [binding, { className, useSQLite: true }]),
          ),
          unsafeDirectSockets: [{ host: '127.0.0.1', port }],
          d1Databases: ['DB'],
          kvNamespaces: ['KV'],
          r2Buckets: ['ARCHIVE'],
          serviceBindings: Object.fromEntries(
            Object.entries(toolWorkers).map(([binding, { entrypoint }]) => [
              binding,
              { name: binding.toLowerCase(), entrypoint },
            ]),
          ),
        },
        ...beside,
      ],
    }),
  )
  await miniflare.ready
  const d1 = await miniflare.getD1Database('DB')
  await applyMigrations(d1)
  const db = drizzle(d1 as never, { schema }) as unknown as Db
  const appKey = `bh_app_${randomBytes(32).toString('base64url')}`
  await seedProject(db, appKey, issuer)
  return {
    url,
    db,
    secrets,
    admin: (method, path, body) => callAdmin(url, adminToken, method, path, body),
    cli: (...words) => runCli({ BEHALF_URL: url, BEHALF_ADMIN_TOKEN: adminToken }, words),
    as: (subject) => ({ authorization: `Bearer ${appKey}`, 'behalf-user': `${issuer}|${subject}` }),
    mcp: (gateway) => `${url}/${gateway}/mcp`,
    addUpstream: (id, upstream, options) => addUpstream(db, id, upstream, options),
    addGateway: (name, document) => addGateway(db, name, document),
    async stop() {
      await miniflare.dispose()
      const secret = await secretAtRest(folder, secrets)
      await rm(folder, { recursive: true, force: true })
      if (secret !== null) throw new Error(`A secret is stored in the clear (promise 2): ${secret}`)
    },
  }
}

let bundled: Promise<string> | undefined

function bundle(): Promise<string> {
  bundled ??= bundleWorker('src/index.ts')
  return bundled
}

async function seedProject(db: Db, appKey: string, issuer: string): Promise<void> {
  const createdAt = Date.now()
  await db.insert(schema.projects).values({ id: project, name: 'Test', createdAt }).onConflictDoNothing()
  await db.insert(schema.agents).values({
    project,
    id: 'agent',
    kind: 'app_key',
    clientId: 'agent',
    name: 'Agent',
    trust: 'trusted',
    createdAt,
  })
  await db.insert(schema.keys).values({
    project,
    id: 'key',
    kind: 'app',
    hash: createHash('sha256').update(appKey).digest('hex'),
    prefix: appKey.slice(0, 12),
    name: 'Key',
    role: 'call',
    agent: 'agent',
    actsFor: issuer,
    createdAt,
    createdBy: 'test',
  })
}

const readOnly: Behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: false }

async function addUpstream(
  db: Db,
  id: string,
  url: string,
  { settings = {}, behaviour = readOnly, listAt = url }: AddedUpstream = {},
): Promise<void> {
  const upstreams = createUpstreams({ egress: createEgress({ development: true, egressAllow: [] }) })
  const target = { id, url: listAt, discovered: null }
  const none = { key: 'none', headers: {} }
  const discovered = await upstreams.discover(target, none)
  if (!discovered.ok) throw new Error(`${id}: ${discovered.error.code} ${JSON.stringify(discovered.error.evidence)}`)
  const list = async (what: Parameters<typeof upstreams.list>[1]): Promise<JsonObject[]> => {
    const items = await upstreams.list(target, what, none)
    if (!items.ok) throw new Error(`${id}: ${what} ${items.error.code} ${JSON.stringify(items.error.evidence)}`)
    return items.value
  }
  const listed = {
    tool: await list('tools'),
    prompt: await list('prompts'),
    resource: await list('resources'),
    template: await list('resourceTemplates'),
  }
  await upstreams.close()
  const updatedAt = Date.now()
  await db.insert(schema.upstreams).values({ project, id, url, settings, discovered: discovered.value, updatedAt })
  const pins = await reviewPins([], listed, { additions: false, tools: true })
  for (const { change: _, differences: _differences, ...pin } of pins) {
    const row = { ...pin, project, upstream: id, behaviour, status: 'admitted' as const, decidedBy: 'test', updatedAt }
    await db.insert(schema.toolPins).values(row)
  }
}

async function addGateway(db: Db, name: string, given: object): Promise<void> {
  const full = {
    kind: 'Gateway',
    name,
    for: { everyone: true },
    signIn: { modes: ['app_key'] },
    rules: permitAll,
    ...given,
  }
  const document = parseDocument(full)
  if (!document.ok) throw new Error(document.error.message)
  const now = Date.now()
  await db.insert(schema.gatewayVersions).values({
    project,
    gateway: name,
    version: 1,
    document: document.value,
    documentHash: await documentHash(document.value),
    createdAt: now,
    createdBy: 'test',
  })
  await db.insert(schema.gateways).values({ project, id: name, slug: name, version: 1, enabled: true, updatedAt: now })
}

async function runCli(env: Record<string, string>, words: string[]): Promise<{ code: number; out: string }> {
  let out = ''
  const write = (text: string): void => void (out += text)
  const code = await main(words, {
    env,
    stdout: write,
    stderr: write,
    stdin: () => '',
    interactive: false,
    ask: async () => '',
  })
  return { code, out }
}

async function callAdmin(url: string, token: string, method: string, path: string, body?: object) {
  const response = await fetch(`${url}/admin/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
