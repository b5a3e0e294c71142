import { and, count, eq } from 'drizzle-orm'
import type { Config } from '../../src/config/config.ts'
import { readConfig } from '../../src/config/config.ts'
import { sealSecret } from '../../src/core/seal.ts'
import { openDb } from '../../src/db/db.ts'
import { connections, projects, providers } from '../../src/db/schema.ts'
import type { Place, UserKey } from '../../src/vault/envelope.ts'
import { newUserKey, openRecord, sealRecord } from '../../src/vault/envelope.ts'
import { clientSecretContext, vaultOf } from '../../src/vault/vault.ts'
import { connectAccount, leaseFor } from './connect-account.ts'

/** What the vault's bench asks of the Worker beside the measured one. All of it through the Vault objects' own methods. */
export type VaultWork =
  | { do: 'set-up'; serviceUrl: string }
  | { do: 'create'; from: number; to: number; atOnce: number }
  | { do: 'lease'; user: number; times: number }
  | { do: 'lease-each'; from: number; to: number; step: number }
  | { do: 'seal' | 'open'; times: number }
  | { do: 'count' }

const project = 'default'
const userOf = (n: number): string => `bench-user-${n}`

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const work = await request.json<VaultWork>()
    const config = readConfig(env)
    if (!config.ok) return Response.json(config, { status: 500 })
    return Response.json(await carryOut(work, env, config.value))
  },
}

async function carryOut(work: VaultWork, env: Env, config: Config): Promise<unknown> {
  switch (work.do) {
    case 'set-up':
      return setUp(work.serviceUrl, env, config)
    case 'create': {
      let next = work.from
      const one = async (): Promise<void> => {
        while (next < work.to) await connectAccount(env, config, project, userOf(next++))
      }
      await Promise.all(Array.from({ length: work.atOnce }, one))
      return { created: work.to - work.from }
    }
    case 'lease': {
      for (let n = 0; n < work.times; n++) await lease(env, work.user)
      return { leases: work.times }
    }
    case 'lease-each': {
      let leases = 0
      for (let n = work.from; n < work.to; n += work.step, leases++) await lease(env, n)
      return { leases }
    }
    case 'seal':
    case 'open':
      return crypt(work.do, work.times, config)
    case 'count': {
      const [row] = await openDb(env.DB)
        .select({ n: count() })
        .from(connections)
        .where(and(eq(connections.project, project), eq(connections.provider, 'github')))
      return { connections: row?.n ?? 0 }
    }
  }
}

async function lease(env: Env, user: number): Promise<void> {
  const lent = await vaultOf(env, userOf(user)).lease(leaseFor(project, userOf(user)))
  if (!lent.ok) throw new Error(JSON.stringify(lent))
}

const place: Place = { project, user: 'u', provider: 'github', connection: 'c', field: 'access', generation: 1 }
const token = 'x'.repeat(200)
let sealed: { key: UserKey; blob: string } | null = null

async function crypt(what: 'seal' | 'open', times: number, config: Config): Promise<unknown> {
  if (!sealed) {
    const { key } = await newUserKey(config, place)
    sealed = { key, blob: await sealRecord(key, place, token) }
  }
  const { key, blob } = sealed
  for (let n = 0; n < times; n++) {
    if (what === 'seal') await sealRecord(key, place, token)
    else if (!(await openRecord(key, place, blob)).ok) throw new Error('does not open')
  }
  return { times }
}

async function setUp(serviceUrl: string, env: Env, config: Config): Promise<unknown> {
  const db = openDb(env.DB)
  await db.batch([
    db.insert(projects).values({ id: project, name: 'Bench', createdAt: 0 }).onConflictDoNothing(),
    db.insert(providers).values({
      project,
      id: 'github',
      spec: 'github',
      clientId: 'bench',
      sealedSecret: await sealSecret(config, clientSecretContext(project, 'github'), 'bench-secret'),
      settings: { origins: { 'https://github.com': serviceUrl, 'https://api.github.com': serviceUrl } },
      updatedAt: 0,
    }),
  ])
  return {}
}
