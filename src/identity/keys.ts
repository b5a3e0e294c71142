import { and, eq, isNull } from 'drizzle-orm'
import { hex, sha256 } from '../core/bytes.ts'
import type { AgentId, ProjectId } from '../core/ids.ts'
import { randomToken, uuidv7 } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { keys } from '../db/schema.ts'
import { adminKeyPrefix, appKeyPrefix } from './credential.ts'

export type Role = 'owner' | 'admin' | 'editor' | 'auditor'

/** A key without its secret, for lists. */
export type Key = {
  id: string
  kind: 'app' | 'admin'
  /** How it begins, so that a person can tell keys apart. */
  prefix: string
  name: string
  role: string
  agent: AgentId | null
  /** Issuer of the people the key may name in `Behalf-User`. Null: it is a service account, or an admin token. */
  actsFor: string | null
  createdAt: number
  createdBy: string
  expiresAt: number | null
  revokedAt: number | null
}

const prefixLength = 12

export type NewKey = Pick<Key, 'kind' | 'name' | 'role' | 'agent' | 'actsFor' | 'expiresAt' | 'createdBy'>

/** A fresh key. `token` is shown once and not kept; the query is for `db.batch`. */
export async function makeKey(db: Db, project: ProjectId, key: NewKey, now: number) {
  const token = `${key.kind === 'app' ? appKeyPrefix : adminKeyPrefix}${randomToken()}`
  const row = {
    ...key,
    project,
    id: uuidv7(now),
    prefix: token.slice(0, prefixLength),
    createdAt: now,
    revokedAt: null,
  }
  const query = db.insert(keys).values({ ...row, hash: await keyHash(token) })
  return { token, key: withoutHash(row), query }
}

/** The key is 256 random bits, so a plain hash is enough, and looking it up by hash takes no secret-dependent time. */
export async function keyHash(token: string): Promise<string> {
  return hex(await sha256(token))
}

/** Null: no such key, revoked or expired. */
export async function findKey(
  db: Db,
  kind: Key['kind'],
  token: string,
  now: number,
): Promise<(Key & { project: ProjectId }) | null> {
  const rows = await db
    .select()
    .from(keys)
    .where(and(eq(keys.hash, await keyHash(token)), eq(keys.kind, kind), isNull(keys.revokedAt)))
  const row = rows[0]
  if (row === undefined || (row.expiresAt !== null && now >= row.expiresAt)) return null
  return { ...withoutHash(row), project: row.project as ProjectId }
}

export async function listKeys(db: Db, project: ProjectId): Promise<Key[]> {
  const rows = await db.select().from(keys).where(eq(keys.project, project)).orderBy(keys.createdAt)
  return rows.map(withoutHash)
}

/** Null: there is none in this project, or it is revoked already. */
export async function markRevoked(db: Db, project: ProjectId, id: string, now: number): Promise<Key | null> {
  const rows = await db
    .update(keys)
    .set({ revokedAt: now })
    .where(and(eq(keys.project, project), eq(keys.id, id), isNull(keys.revokedAt)))
    .returning()
  return rows[0] ? withoutHash(rows[0]) : null
}

function withoutHash(row: Omit<typeof keys.$inferSelect, 'hash'>): Key {
  const { id, kind, prefix, name, role, actsFor, createdAt, createdBy, expiresAt, revokedAt } = row
  const agent = row.agent as AgentId | null
  return { id, kind, prefix, name, role, agent, actsFor, createdAt, createdBy, expiresAt, revokedAt }
}
