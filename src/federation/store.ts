import { and, asc, eq } from 'drizzle-orm'
import type { StoredPin } from '../catalog/catalog.ts'
import type { Behaviour } from '../core/tool.ts'
import { toolPins, upstreams } from '../db/schema.ts'
import type { FederationUse } from './use.ts'

export type UpstreamRow = typeof upstreams.$inferSelect
export type PinRow = StoredPin & { behaviour: Behaviour | null; updatedAt: number }

type Use = Pick<FederationUse, 'db' | 'project'>

export async function readUpstreamRow({ db, project }: Use, id: string): Promise<UpstreamRow | null> {
  const where = and(eq(upstreams.project, project), eq(upstreams.id, id))
  const [row] = await db.select().from(upstreams).where(where).limit(1)
  return row ?? null
}

export async function listUpstreamRows({ db, project }: Use): Promise<UpstreamRow[]> {
  return db.select().from(upstreams).where(eq(upstreams.project, project)).orderBy(asc(upstreams.id))
}

export async function readPins({ db, project }: Use, upstream: string): Promise<PinRow[]> {
  const rows = await db
    .select()
    .from(toolPins)
    .where(and(eq(toolPins.project, project), eq(toolPins.upstream, upstream)))
    .orderBy(asc(toolPins.kind), asc(toolPins.name))
  return rows as unknown as PinRow[]
}

/** One statement for each, for `db.batch`. A pin keeps its behaviour unless one is given. */
export function writePin(
  { db, project }: Use,
  upstream: string,
  pin: StoredPin & { behaviour?: Behaviour | null },
  now: number,
) {
  const { kind, name, hash, definition, status, proposed, findings, decidedBy, behaviour } = pin
  const values = { hash, definition, status, proposed, findings, decidedBy, updatedAt: now }
  const set = behaviour === undefined ? values : { ...values, behaviour }
  return db
    .insert(toolPins)
    .values({ project, upstream, kind, name, ...values, behaviour: behaviour ?? null })
    .onConflictDoUpdate({ target: [toolPins.project, toolPins.upstream, toolPins.kind, toolPins.name], set })
}

const perBatch = 50

/** D1 takes a bounded number of statements at once. */
export async function runAll({ db }: Use, statements: readonly unknown[]): Promise<void> {
  for (let at = 0; at < statements.length; at += perBatch) {
    await db.batch(statements.slice(at, at + perBatch) as never)
  }
}
