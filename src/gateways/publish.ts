import { readConfig } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import { uuidv7 } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { openDb } from '../db/db.ts'
import type { GatewayDocument } from './document.ts'
import { invalid, parseDocument } from './document.ts'
import { isAllowedUrl } from '../egress/egress.ts'
import { documentHash } from './hash.ts'
import type { Reach } from './hub-api.ts'
import { hubOf } from './hub-api.ts'
import { forgetRoute } from './route.ts'
import type { LeftOut } from './snapshot.ts'
import { compileSnapshot } from './snapshot.ts'
import type { VersionRow } from './store.ts'
import { readHead, readHeadBySlug, readUpstreams, readVersion } from './store.ts'
import { versionStatements } from './version-statements.ts'

export type Publication = {
  project: ProjectId
  document: GatewayDocument
  /** The version the author looked at; null: they expect no such gateway yet. */
  base: number | null
  by: string
  note: string | null
  /**
   * A new version although the document did not change: what it refers to did (an upstream's tools). What no longer resolves
   * is left out.
   */
  force?: boolean
}

export type Published = {
  gateway: GatewayId
  version: number
  /** False: the live version says the same already, and nothing was written. */
  changed: boolean
  reach: Reach
  /** See `Snapshot`. */
  leftOut: LeftOut[]
}

/**
 * Writes a new immutable version and returns when the live sessions have taken it (or 4.5 s have passed; `reach` says which).
 * Of two at once from the same base one wins.
 *
 * Errors: `gateways/conflict`, `gateways/invalid`.
 */
export async function publish(env: Env, it: Publication, now: Clock = systemClock): Promise<Result<Published>> {
  const { project, document, base } = it
  const reachable = decisionPointReachable(env, document)
  if (!reachable.ok) return reachable
  const db = openDb(env.DB)
  const head = await readHeadBySlug(db, project, document.name)
  if ((head?.version ?? null) !== base) return conflict(head?.version ?? null)
  const gateway = head?.gateway ?? (uuidv7(now()) as GatewayId)

  const hash = await documentHash(document)
  if (head && !it.force) {
    const live = await readVersion(db, project, gateway, head.version)
    if (live && (await hashToday(live)) === hash)
      return ok({
        gateway,
        version: head.version,
        changed: false,
        reach: await settle(env, project, gateway),
        leftOut: [],
      })
  }

  const version = (base ?? 0) + 1
  const snapshot = await compileSnapshot(
    document,
    { upstreams: await readUpstreams(db, project) },
    { project, gateway, version },
    { strict: it.force !== true },
  )
  if (!snapshot.ok) return snapshot

  const statements = versionStatements({
    project,
    gateway,
    document,
    documentHash: hash,
    base,
    now: now(),
    by: it.by,
    note: it.note,
  })
  const [written] = await env.DB.batch(statements.map(({ sql, values }) => env.DB.prepare(sql).bind(...values)))
  if (written?.meta.changes !== 1) {
    const winner = await readHeadBySlug(db, project, document.name)
    return winner
      ? conflict(winner.version)
      : refuse('gateways/conflict', { message: `The name ${document.name} is taken. Choose another.` })
  }
  // What was compiled above only says that it can be. The version's snapshot is made after the write, by the Hub: of two who
  // change pins and publish at once, the one sees the other's version, or the other's snapshot has the new pins.
  const { leftOut } = snapshot.value
  return ok({ gateway, version, changed: true, reach: await settle(env, project, gateway), leftOut })
}

/** The guard judges the address again at every call; here it says so before anything is written (attack case 1). */
function decisionPointReachable(env: Env, { decisionPoint }: GatewayDocument): Result<null> {
  const config = readConfig(env)
  if (decisionPoint === null || !config.ok) return config.ok ? ok(null) : config
  const allowed = isAllowedUrl(decisionPoint.url, config.value)
  if (allowed.ok) return ok(null)
  const message =
    'may not be called: it has to be https, and no address in a private network. An operator can allow it with BEHALF_EGRESS_ALLOW.'
  return invalid([{ path: 'decisionPoint.url', message }])
}

/**
 * The switch an administrator throws in an emergency. It is not part of any version: neither an apply nor a rollback turns a
 * gateway on again that somebody turned off.
 *
 * Errors: `gateways/unknown`.
 */
export async function setEnabled(
  env: Env,
  { project, gateway, enabled }: { project: ProjectId; gateway: GatewayId; enabled: boolean },
  now: Clock = systemClock,
): Promise<Result<Reach>> {
  const head = await readHead(openDb(env.DB), project, gateway)
  if (!head) return refuse('gateways/unknown')
  await env.DB.prepare('UPDATE gateways SET enabled = ?, updated_at = ? WHERE project = ? AND id = ?')
    .bind(enabled ? 1 : 0, now(), project, gateway)
    .run()
  forgetRoute(head.slug)
  return ok(await settle(env, project, gateway))
}

/** With the defaults of today: a version from before a setting existed says the same as one that has its default. */
async function hashToday({ document, documentHash: stored }: VersionRow): Promise<string> {
  const parsed = parseDocument(document)
  return parsed.ok ? documentHash(parsed.value) : stored
}

async function settle(env: Env, project: ProjectId, gateway: GatewayId): Promise<Reach> {
  return hubOf(env, project, gateway).publish()
}

function conflict(current: number | null): Result<never> {
  const what = current === null ? 'There is no such gateway yet' : `The gateway is at version ${current} now`
  return refuse('gateways/conflict', { message: `${what}. Plan again.`, evidence: { current } })
}
