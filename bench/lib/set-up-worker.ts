import type { Db } from '../../src/db/db.ts'
import { openDb } from '../../src/db/db.ts'
import { agents, keys, projects, providers, toolPins, upstreams as servers } from '../../src/db/schema.ts'
import { parseDocument, publish } from '../../src/gateways/gateways.ts'
import type { ProjectId } from '../../src/core/ids.ts'
import { userId } from '../../src/core/ids.ts'
import { readConfig } from '../../src/config/config.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { clientSecretContext } from '../../src/vault/vault.ts'
import { connectAccount } from './connect-account.ts'

/**
 * Puts a deployment into the state in which it is measured: a project, gateways, an app key, connected accounts. A Worker
 * beside the measured one, with the same storage; the measured bundle is the production bundle, untouched.
 */
export type SetUp = {
  project: string
  keyHash: string
  issuer: string
  serviceUrl: string
  gateways: { name: string; tools: number; upstreams?: string[] }[]
  /** MCP servers with so many tools each, all admitted. */
  upstreams?: { id: string; url: string; tools: number }[]
  /** Subjects whose account is connected, through the same steps as a browser takes. */
  connect: string[]
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const wanted = await request.json<SetUp>()
    const project = wanted.project as ProjectId
    const read = readConfig(env)
    if (!read.ok) return Response.json(read, { status: 500 })
    const config = read.value
    const db = openDb(env.DB)
    const now = Date.now()
    if (wanted.gateways.length > 0 && wanted.upstreams === undefined) {
      await db.batch([
        db.insert(projects).values({ id: project, name: 'Bench', createdAt: now }).onConflictDoNothing(),
        db.insert(agents).values({
          project,
          id: 'bench',
          kind: 'app_key',
          clientId: 'bench',
          name: 'Bench',
          trust: 'trusted',
          createdAt: now,
        }),
        db.insert(keys).values({
          project,
          id: 'bench',
          kind: 'app',
          hash: wanted.keyHash,
          prefix: 'bh_app_bench',
          name: 'Bench',
          role: 'call',
          agent: 'bench',
          actsFor: wanted.issuer,
          createdAt: now,
          createdBy: 'bench',
        }),
        db.insert(providers).values({
          project,
          id: 'github',
          spec: 'github',
          clientId: 'bench',
          sealedSecret: await sealSecret(config, clientSecretContext(project, 'github'), 'bench-secret'),
          settings: {
            origins: { 'https://github.com': wanted.serviceUrl, 'https://api.github.com': wanted.serviceUrl },
          },
          updatedAt: now,
        }),
      ])
    }
    for (const upstream of wanted.upstreams ?? []) await addUpstream(db, project, upstream, now)
    for (const { name, tools, upstreams } of wanted.gateways) {
      const document = parseDocument({
        kind: 'Gateway',
        name,
        for: { everyone: true },
        pageSize: 1_000,
        signIn: { modes: ['app_key'] },
        tools: upstreams?.map((upstream) => ({ upstream })) ?? selection(tools),
        finding: { mode: name.startsWith('search') ? 'search' : 'list' },
        rules: {
          user: [
            { id: 'people', effect: 'permit' },
            { id: 'no-deletes', effect: 'forbid', tools: { destructive: true } },
          ],
          agent: [{ id: 'agents', effect: 'permit' }],
        },
      })
      if (!document.ok) return Response.json(document, { status: 500 })
      const published = await publish(env, { project, document: document.value, base: null, by: 'bench', note: null })
      if (!published.ok) return Response.json(published, { status: 500 })
    }
    for (const subject of wanted.connect)
      await connectAccount(env, config, project, await userId(project, wanted.issuer, subject))
    return Response.json({ ok: true })
  },
}

const names = ['WhoAmI', 'SearchMyRepositories', 'ListIssues', 'CreateIssue', 'GetPullRequest', 'CreatePullRequest']

/** That many tools: the GitHub toolkit, again and again under other names. */
function selection(tools: number): unknown[] {
  const whole = Math.floor(tools / names.length)
  const rest = tools % names.length
  return [
    ...Array.from({ length: whole }, (_, n) => ({ toolkit: 'GitHub', prefix: n === 0 ? 'GitHub' : `T${n}` })),
    ...(rest > 0 ? [{ toolkit: 'GitHub', prefix: 'Rest', include: names.slice(0, rest) }] : []),
  ]
}

type Wanted = NonNullable<SetUp['upstreams']>[number]

/** As an administrator would have added it: found out, and every definition admitted. */
async function addUpstream(db: Db, project: ProjectId, { id, url, tools }: Wanted, now: number): Promise<void> {
  const capabilities = { tools: {} }
  const serverInfo = { name: 'bench', version: '1' }
  const discover = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities, serverInfo }
  const discovered = { transport: 'http', era: 'modern', discover, capabilities, at: now }
  await db.insert(servers).values({ project, id, url, discovered, updatedAt: now })
  const behaviour = { operation: 'read', destructive: false, idempotent: true, openWorld: false }
  const inputSchema = { type: 'object', properties: { text: { type: 'string', description: 'What to look for.' } } }
  const rows = Array.from({ length: tools }, (_, n) => ({
    project,
    upstream: id,
    kind: 'tool',
    name: `tool_${n}`,
    hash: `${id}-${n}`,
    definition: { name: `tool_${n}`, description: `Looks up the thing of number ${n} and says it.`, inputSchema },
    behaviour,
    status: 'admitted' as const,
    decidedBy: 'bench',
    updatedAt: now,
  }))
  for (let at = 0; at < rows.length; at += 8) await db.insert(toolPins).values(rows.slice(at, at + 8))
}
