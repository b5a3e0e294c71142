import { and, eq, sql } from 'drizzle-orm'
import { openDb } from '../db/db.ts'
import { connections } from '../db/schema.ts'
import { sessionOf } from './session-control.ts'
import type { Connection } from './connection.ts'
import { copyKey, copyTokens } from './copies.ts'
import type { OwnerRow } from './keys.ts'
import type { VaultUse } from './use.ts'

/**
 * Tells everybody else what is stored here: sessions give leases back, D1 and KV get their copies. Nothing waits for it
 * and nothing is decided by it; what could not be told stays marked and the alarm tries again. Answers whether all is told.
 */
export async function settle(use: VaultUse): Promise<boolean> {
  const done = await Promise.all([callBack(use), copyOut(use)])
  return done.every(Boolean)
}

/** Promise 7: a disconnect holds for live sessions within 5 s. */
async function callBack(use: VaultUse): Promise<boolean> {
  const wanted = [...use.holders.wanted(use.now())]
  const told = await Promise.all(
    wanted.map(async ([session, ids]) => {
      try {
        await sessionOf(use.env, session).recallLeases(ids)
        use.holders.returned(session, ids)
        return true
      } catch {
        return false
      }
    }),
  )
  return told.every(Boolean)
}

async function copyOut(use: VaultUse): Promise<boolean> {
  const owner = use.keys.owner()
  if (!owner) return true
  try {
    await copyKey(use, owner)
    for (const connection of use.store.dirty()) {
      await copyConnection(use, owner, connection)
      use.store.settled(connection)
    }
    for (const { kind, key } of use.store.leftovers()) {
      if (kind === 'kv') await use.env.KV.delete(key)
      else await deleteIndexRow(use, owner, key)
      use.store.leftoverDone(kind, key)
    }
    return true
  } catch {
    return false
  }
}

async function copyConnection(use: VaultUse, owner: OwnerRow, connection: Connection): Promise<void> {
  const { id, generation } = connection
  await copyTokens(use, owner, connection)
  const row = {
    account: connection.account,
    label: connection.label,
    scopes: connection.scopes,
    status: connection.status,
    reason: connection.reason,
    isDefault: connection.isDefault,
    generation,
    updatedAt: connection.updatedAt,
    lastUsedAt: connection.lastUsedAt,
  }
  await openDb(use.env.DB)
    .insert(connections)
    .values({
      ...row,
      project: owner.project,
      user: owner.user,
      id,
      provider: connection.provider,
      createdAt: connection.connectedAt,
    })
    .onConflictDoUpdate({
      target: [connections.project, connections.id],
      set: row,
      // Writes of two generations may arrive the wrong way round.
      setWhere: sql`${connections.generation} <= ${generation}`,
    })
}

async function deleteIndexRow(use: VaultUse, owner: OwnerRow, id: string): Promise<void> {
  await openDb(use.env.DB)
    .delete(connections)
    .where(and(eq(connections.project, owner.project), eq(connections.id, id), eq(connections.user, owner.user)))
}
