import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { Config } from '../config/config.ts'
import { rewrapSecret } from '../core/seal.ts'
import type { Db } from '../db/db.ts'
import { connections } from '../db/schema.ts'
import type { Rewrapped } from './owner-api.ts'
import type { IndexedConnection, Restored } from './restoring.ts'
import type { Revocation } from './revoking.ts'
import type { By } from './taking-back.ts'
import { vaultOf } from './vault-of.ts'

/**
 * What is done to many vaults. One call does a bounded part and says where to go on, so that ten thousand vaults need neither
 * a long request nor much memory.
 */
export type Sweep<Counts> = { counts: Counts; next: string | null }

type SweepUse = { env: Env; db: Db; config: Config; project: string }

const atOnce = 20

/** Users who have connections, in order, after this one. The index is written by the vaults themselves. */
async function usersAfter(
  { db, project }: SweepUse,
  after: string,
  limit: number,
  provider?: string,
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ user: connections.user })
    .from(connections)
    .where(
      and(
        eq(connections.project, project),
        gt(connections.user, after),
        provider === undefined ? undefined : eq(connections.provider, provider),
      ),
    )
    .orderBy(asc(connections.user))
    .limit(limit)
  return rows.map((row) => row.user)
}

async function sweep<Result>(
  users: readonly string[],
  limit: number,
  each: (user: string) => Promise<Result>,
): Promise<{ results: Result[]; next: string | null }> {
  const results: Result[] = []
  for (let from = 0; from < users.length; from += atOnce) {
    results.push(...(await Promise.all(users.slice(from, from + atOnce).map(each))))
  }
  return { results, next: users.length === limit ? (users.at(-1) ?? null) : null }
}

const count = <Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> => {
  const counts: Partial<Record<Name, number>> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Puts users' keys under the active key-encryption key while calls go on. */
export async function rotateVaults(
  use: SweepUse,
  after: string,
  limit: number,
): Promise<Sweep<Partial<Record<Rewrapped, number>>>> {
  const users = await usersAfter(use, after, limit)
  const done = await sweep(users, limit, (user) =>
    vaultOf(use.env, user)
      .rewrap()
      .catch(() => 'failed' as const),
  )
  return { counts: count(done.results), next: done.next }
}

/** Every column of D1 that holds secrets sealed with `sealSecret`. */
const sealedColumns = [
  ['providers', 'sealed_secret'],
  ['identity_providers', 'sealed_secret'],
  ['sinks', 'sealed_secret'],
  ['secrets', 'sealed'],
  ['approvals', 'sealed_arguments'],
] as const

/** The project's own secrets. A value that changed meanwhile is left for the next call. */
export async function rotateSecrets(
  use: SweepUse,
  limit: number,
): Promise<{ rewrapped: number; failed: number; left: number }> {
  const totals = { rewrapped: 0, failed: 0, left: 0 }
  for (const [table, column] of sealedColumns) {
    const old = `project = ?1 AND ${column} LIKE 's1.%' AND ${column} NOT LIKE ?2`
    const bound = [use.project, `s1.${use.config.activeKek}.%`]
    const found = await use.env.DB.prepare(
      `SELECT rowid AS row, ${column} AS sealed FROM ${table} WHERE ${old} LIMIT ?3`,
    )
      .bind(...bound, limit)
      .all<{ row: number; sealed: string }>()
    for (const { row, sealed } of found.results) {
      const rewrapped = await rewrapSecret(use.config, sealed)
      if (rewrapped.ok) {
        await use.env.DB.prepare(`UPDATE ${table} SET ${column} = ?1 WHERE rowid = ?2 AND ${column} = ?3`)
          .bind(rewrapped.value, row, sealed)
          .run()
        totals.rewrapped++
      } else totals.failed++
    }
    const left = await use.env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${old}`)
      .bind(...bound)
      .first<number>('n')
    totals.left += left ?? 0
  }
  return totals
}

/** Takes back everything at one provider. */
export async function takeBackProvider(
  use: SweepUse,
  provider: string,
  by: By,
  after: string,
  limit: number,
): Promise<Sweep<Partial<Record<Revocation, number>>>> {
  const users = await usersAfter(use, after, limit, provider)
  const done = await sweep(users, limit, (user) => vaultOf(use.env, user).disconnectAll(by, provider))
  return { counts: count(done.results.flat().map((one) => one.revocation)), next: done.next }
}

/** Rebuilds lost vaults from the index and the copies. Vaults that are there are left alone. */
export async function restoreVaults(
  use: SweepUse,
  which: { user?: string; after: string; limit: number; recoveryKey: string | null },
): Promise<Sweep<Restored & { vaults: number; notLost: number }>> {
  const wanted = which.user === undefined ? await usersAfter(use, which.after, which.limit) : [which.user]
  const rows = wanted.length === 0 ? [] : await indexOf(use, wanted)
  const byUser = Map.groupBy(rows, (row) => row.user)
  // A vault belongs to whoever opens it first, so none is opened for a user that this project does not know.
  const users = [...byUser.keys()]
  const done = await sweep(users, which.limit, (user) =>
    vaultOf(use.env, user).restore(
      { project: use.project, user },
      (byUser.get(user) ?? []).map(indexed),
      which.recoveryKey,
    ),
  )
  const restored = done.results.filter((one) => one !== null)
  const total = (name: keyof Restored): number => restored.reduce((sum, one) => sum + one[name], 0)
  return {
    counts: {
      vaults: restored.length,
      notLost: done.results.length - restored.length,
      connections: total('connections'),
      needSignIn: total('needSignIn'),
      withRefreshToken: total('withRefreshToken'),
    },
    next: which.user === undefined && wanted.length === which.limit ? (wanted.at(-1) ?? null) : null,
  }
}

type Row = typeof connections.$inferSelect

const indexOf = ({ db, project }: SweepUse, users: string[]): Promise<Row[]> =>
  db
    .select()
    .from(connections)
    .where(and(eq(connections.project, project), inArray(connections.user, users)))

function indexed(row: Row): IndexedConnection {
  const { id, provider, account, label, isDefault, generation, createdAt, lastUsedAt } = row
  const scopes = Array.isArray(row.scopes) ? row.scopes.map(String) : []
  return { id, provider, account, label, scopes, isDefault, generation, connectedAt: createdAt, lastUsedAt }
}
