import { and, eq, sql } from 'drizzle-orm'
import { openDb } from '../db/db.ts'
import { connections } from '../db/schema.ts'
import type { SessionControl } from './session-control.ts'
import type { Connection } from './connection.ts'
import type { Owner } from './envelope.ts'
import type { VaultUse } from './use.ts'

/** `v1/{project}/{user}/{connection}/{generation}`: what is under a key never changes, so a late read cannot be wrong. */
export const tokenKey = (owner: Owner, connection: string, generation: number): string =>
  `v1/${encodeURIComponent(owner.project)}/${owner.user}/${connection}/${generation}`

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
        const stub = use.env.SESSION.get(use.env.SESSION.idFromName(session)) as unknown as SessionControl
        await stub.recallLeases(ids)
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

async function copyConnection(use: VaultUse, owner: Owner, connection: Connection): Promise<void> {
  const { id, generation, access, accessExpiresAt } = connection
  const now = use.now()
  // KV takes no time to live under a minute; such a token is not worth a copy.
  const ttl = accessExpiresAt === null ? undefined : Math.floor((accessExpiresAt - now) / 1000)
  if (access !== null && (ttl === undefined || ttl >= 60)) {
    await use.env.KV.put(tokenKey(owner, id, generation), access, ttl === undefined ? {} : { expirationTtl: ttl })
  }
  if (generation > 1) await use.env.KV.delete(tokenKey(owner, id, generation - 1))
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

async function deleteIndexRow(use: VaultUse, owner: Owner, id: string): Promise<void> {
  await openDb(use.env.DB)
    .delete(connections)
    .where(and(eq(connections.project, owner.project), eq(connections.id, id), eq(connections.user, owner.user)))
}
