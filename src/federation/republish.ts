import { and, eq } from 'drizzle-orm'
import { isObject } from '../core/json.ts'
import { logFault } from '../core/log.ts'
import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import { openDb } from '../db/db.ts'
import { upstreams } from '../db/schema.ts'
import type { Head, LeftOut } from '../gateways/gateways.ts'
import { listHeads, parseDocument, publish, readVersion } from '../gateways/gateways.ts'
import { readBehind } from './behind.ts'
import { readUpstreamRow } from './store.ts'
import type { FederationUse } from './use.ts'

/** `leftOut`: what the new version does not offer as its document says, and what settles it. */
export type Republished = { gateway: string; version: number; leftOut: LeftOut[] }

/** `outstanding`: gateways that still offer what was before. The watch tries them again. */
export type Republication = { republished: Republished[]; outstanding: string[] }

/**
 * A new version of every gateway that is behind (`Behind`), so that what was admitted, changed or taken away holds for live
 * sessions too (promise 7). Each is tried by itself: one that cannot be published keeps a changed tool from no other.
 */
export async function republish(upstream: string, note: string, use: FederationUse): Promise<Republication> {
  const stored = (await readUpstreamRow(use, upstream))?.behind
  const behind = readBehind(stored)
  const done: Republication = { republished: [], outstanding: [] }
  if (behind === null) return done
  const left: string[] = []
  for await (const head of headsOf(use)) {
    if (behind.gateways?.includes(head.gateway) === false) continue
    const tried = await republishOne(head, upstream, note, use).catch((fault: unknown) => ({
      ok: false as const,
      fault,
    }))
    if (tried.ok) {
      if (tried.value) done.republished.push(tried.value)
      continue
    }
    const fault = 'fault' in tried ? tried.fault : tried.error.code
    logFault('federation.not_republished', fault, { upstream, gateway: head.slug })
    done.outstanding.push(head.slug)
    left.push(head.gateway)
  }
  const { db, project } = use
  // Whoever changed something meanwhile has all gateways before them again.
  await db
    .update(upstreams)
    .set({ behind: left.length === 0 ? null : { ...behind, gateways: left } })
    .where(and(eq(upstreams.project, project), eq(upstreams.id, upstream), eq(upstreams.behind, stored)))
  return done
}

/** Null: it offers nothing of this upstream, or somebody else published it at this moment, and `publish` compiles after writing. */
async function republishOne(
  { gateway, slug, version }: Head,
  upstream: string,
  note: string,
  { db, env, project, now }: FederationUse,
): Promise<Result<Republished | null>> {
  const row = await readVersion(db, project, gateway, version)
  if (!row || !selects(row.document, upstream)) return ok(null)
  const document = parseDocument(row.document)
  if (!document.ok) return document
  const it = { project, document: document.value, base: version, by: 'federation', note, force: true }
  const published = await publish(env, it, now)
  if (published.ok) {
    const { version: made, leftOut } = published.value
    return ok({ gateway: slug, version: made, leftOut })
  }
  return published.error.code === 'gateways/conflict' ? ok(null) : published
}

/** Asked of the stored document: one that cannot be read any more may still be in force. */
function selects(document: unknown, upstream: string): boolean {
  const tools = isObject(document) ? document['tools'] : null
  if (!Array.isArray(tools)) return false
  return tools.some((one) => isObject(one) && (one['upstream'] === upstream || one['worker'] === upstream))
}

const pageSize = 200

async function* headsOf({ env, project }: FederationUse): AsyncGenerator<Head> {
  // As they are now, not as this session of the database saw them: what is published from here on sees the new pins.
  const db = openDb(env.DB)
  for (let after = ''; ;) {
    const heads = await listHeads(db, project, after, pageSize)
    yield* heads
    const last = heads.at(-1)
    if (heads.length < pageSize || !last) return
    after = last.slug
  }
}
