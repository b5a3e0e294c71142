import { ownToolsHash } from '../catalog/catalog.ts'
import type { GatewayId, ProjectId } from '../core/ids.ts'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { openDb } from '../db/db.ts'
import { invalid, parseDocument } from './document.ts'
import { documentHash } from './hash.ts'
import type { Snapshot } from './snapshot.ts'
import { compileSnapshot } from './snapshot.ts'
import { readUpstreams, readVersion } from './store.ts'

const keptInMemory = 64
/** To be raised when a snapshot gets another shape: one that an older release compiled is not read. */
export const snapshotFormat = 5
const keptInKvSeconds = 30 * 86_400

/** By key, least recently used first. A version never changes, so nothing here is ever stale. */
const memory = new Map<string, Snapshot>()

/**
 * The compiled snapshot of one version: from this isolate, else KV, else compiled from D1 again. The key holds the hash of our
 * own tools, so that a deployment with other tools never runs on a snapshot of the last one.
 *
 * Errors: `gateways/unknown`, `gateways/invalid` (the version was written by hand and is not right).
 */
export async function loadSnapshot(
  env: Env,
  project: ProjectId,
  gateway: GatewayId,
  version: number,
  options: { strict: boolean } = { strict: false },
): Promise<Result<Snapshot>> {
  const key = await keyOf(project, gateway, version)
  const known = memory.get(key) ?? (await readKv(env, key))
  if (known) return ok(remember(key, known))
  const made = await compileFromD1(env, project, gateway, version, options.strict)
  if (made.ok) await keepSnapshot(env, made.value)
  return made
}

/** A failure to write KV costs a compilation elsewhere, no more. */
async function keepSnapshot(env: Env, snapshot: Snapshot): Promise<void> {
  const key = await keyOf(snapshot.project, snapshot.gateway, snapshot.version)
  remember(key, snapshot)
  await env.KV.put(key, JSON.stringify(snapshot), { expirationTtl: keptInKvSeconds }).catch(() => undefined)
}

async function keyOf(project: ProjectId, gateway: GatewayId, version: number): Promise<string> {
  return `snapshot/${snapshotFormat}/${project}/${gateway}/${version}/${await ownToolsHash()}`
}

async function readKv(env: Env, key: string): Promise<Snapshot | null> {
  return env.KV.get<Snapshot>(key, 'json').catch(() => null)
}

function remember(key: string, snapshot: Snapshot): Snapshot {
  memory.delete(key)
  memory.set(key, snapshot)
  const oldest = memory.keys().next()
  if (memory.size > keptInMemory && !oldest.done) memory.delete(oldest.value)
  return snapshot
}

async function compileFromD1(
  env: Env,
  project: ProjectId,
  gateway: GatewayId,
  version: number,
  strict: boolean,
): Promise<Result<Snapshot>> {
  const db = openDb(env.DB)
  const row = await readVersion(db, project, gateway, version)
  if (!row) return refuse('gateways/unknown')
  const document = parseDocument(row.document)
  if (!document.ok) return document
  if (strict && (await documentHash(document.value)) !== row.documentHash) {
    return invalid([
      { path: '', message: 'the version does not match its hash; versions are never edited, apply a new one' },
    ])
  }
  return compileSnapshot(
    document.value,
    { upstreams: await readUpstreams(db, project) },
    { project, gateway, version },
    // What was published resolved then. What no longer does, such as a tool in quarantine, is left out: refusing the version
    // would keep the one before in force, with that tool.
    { strict: false },
  )
}
