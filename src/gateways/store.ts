import { and, asc, desc, eq, gt, lt } from 'drizzle-orm'
import type { Pin, UpstreamSource } from '../catalog/catalog.ts'
import type { Behaviour } from '../core/tool.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import type { Db } from '../db/db.ts'
import { gatewayVersions, gateways, toolPins, upstreams } from '../db/schema.ts'

export type Head = { gateway: GatewayId; slug: string; version: number; enabled: boolean; updatedAt: number }

export type VersionRow = {
  version: number
  document: unknown
  documentHash: string
  createdAt: number
  createdBy: string
  note: string | null
}

const headColumns = {
  gateway: gateways.id,
  slug: gateways.slug,
  version: gateways.version,
  enabled: gateways.enabled,
  updatedAt: gateways.updatedAt,
}

export async function readHead(db: Db, project: ProjectId, gateway: GatewayId): Promise<Head | null> {
  const where = and(eq(gateways.project, project), eq(gateways.id, gateway))
  const [row] = await db.select(headColumns).from(gateways).where(where).limit(1)
  return (row as Head | undefined) ?? null
}

/** By the name in the URL, within one project. */
export async function readHeadBySlug(db: Db, project: ProjectId, slug: string): Promise<Head | null> {
  const where = and(eq(gateways.project, project), eq(gateways.slug, slug))
  const [row] = await db.select(headColumns).from(gateways).where(where).limit(1)
  return (row as Head | undefined) ?? null
}

/** In order of slug, after `after`. */
export async function listHeads(db: Db, project: ProjectId, after: string, limit: number): Promise<Head[]> {
  const where = and(eq(gateways.project, project), gt(gateways.slug, after))
  return (await db.select(headColumns).from(gateways).where(where).orderBy(asc(gateways.slug)).limit(limit)) as Head[]
}

export async function readVersion(
  db: Db,
  project: ProjectId,
  gateway: GatewayId,
  version: number,
): Promise<VersionRow | null> {
  const [row] = await db
    .select()
    .from(gatewayVersions)
    .where(
      and(
        eq(gatewayVersions.project, project),
        eq(gatewayVersions.gateway, gateway),
        eq(gatewayVersions.version, version),
      ),
    )
    .limit(1)
  return row ?? null
}

/** Newest first, below `before`. */
export async function listVersions(
  db: Db,
  project: ProjectId,
  gateway: GatewayId,
  before: number,
  limit: number,
): Promise<Omit<VersionRow, 'document'>[]> {
  const { version, documentHash, createdAt, createdBy, note } = gatewayVersions
  return db
    .select({ version, documentHash, createdAt, createdBy, note })
    .from(gatewayVersions)
    .where(and(eq(gatewayVersions.project, project), eq(gatewayVersions.gateway, gateway), lt(version, before)))
    .orderBy(desc(version))
    .limit(limit)
}

/** The live version by the name in the URL, whatever project it belongs to: the URL is all that is known yet. */
export async function readLiveBySlug(
  db: Db,
  slug: string,
): Promise<{ project: ProjectId; head: Head; document: unknown } | null> {
  const [row] = await db
    .select({ project: gateways.project, ...headColumns, document: gatewayVersions.document })
    .from(gateways)
    .innerJoin(
      gatewayVersions,
      and(
        eq(gatewayVersions.project, gateways.project),
        eq(gatewayVersions.gateway, gateways.id),
        eq(gatewayVersions.version, gateways.version),
      ),
    )
    .where(eq(gateways.slug, slug))
    .limit(1)
  if (!row) return null
  const { project, document, ...head } = row
  return { project: project as ProjectId, head: head as Head, document }
}

/** The project's upstreams and what was admitted of them: what `catalog` resolves a document against. */
export async function readUpstreams(db: Db, project: ProjectId): Promise<UpstreamSource[]> {
  const [sources, pins] = await db.batch([
    db.select().from(upstreams).where(eq(upstreams.project, project)),
    db.select().from(toolPins).where(eq(toolPins.project, project)),
  ])
  const byUpstream = Map.groupBy(pins, (pin) => pin.upstream)
  return sources.map(({ id, url, enabled, settings, discovered }) => ({
    id,
    url,
    enabled,
    settings,
    discovered,
    pins: (byUpstream.get(id) ?? []).map((pin): Pin => ({ ...pin, behaviour: pin.behaviour as Behaviour | null })),
  }))
}
