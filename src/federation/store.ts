import { and, asc, eq } from 'drizzle-orm'
import type { StoredPin } from '../catalog/catalog.ts'
import type { Behaviour } from '../core/tool.ts'
import { toolPins, upstreams } from '../db/schema.ts'
import { allBehind } from './behind.ts'
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

/**
 * Pins as they are from now on. With `offered`, something that gateways offer is among them: they are behind from the very same
 * write on, until `republish` was there. A pin keeps its behaviour unless one is given.
 */
export async function writePins(
  use: FederationUse,
  upstream: string,
  pins: readonly (StoredPin & { behaviour?: Behaviour | null })[],
  { offered }: { offered: boolean },
): Promise<void> {
  const { db, project, now } = use
  const where = and(eq(upstreams.project, project), eq(upstreams.id, upstream))
  for (let at = 0; at < pins.length; at += perBatch) {
    const marked = offered
      ? [
          db
            .update(upstreams)
            .set({ behind: allBehind(now()) })
            .where(where),
        ]
      : []
    const written = pins.slice(at, at + perBatch).map((pin) => writePin(use, upstream, pin))
    await db.batch([...marked, ...written] as never)
  }
}

/** D1 takes a bounded number of statements at once. */
const perBatch = 50

function writePin(
  { db, project, now }: FederationUse,
  upstream: string,
  pin: StoredPin & { behaviour?: Behaviour | null },
) {
  const { kind, name, hash, definition, status, proposed, findings, decidedBy, behaviour } = pin
  const values = { hash, definition, status, proposed, findings, decidedBy, updatedAt: now() }
  const set = behaviour === undefined ? values : { ...values, behaviour }
  return db
    .insert(toolPins)
    .values({ project, upstream, kind, name, ...values, behaviour: behaviour ?? null })
    .onConflictDoUpdate({ target: [toolPins.project, toolPins.upstream, toolPins.kind, toolPins.name], set })
}
