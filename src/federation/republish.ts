import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import { listHeads, parseDocument, publish, readVersion } from '../gateways/gateways.ts'
import type { FederationUse } from './use.ts'

export type Republished = { gateway: string; version: number }

const pageSize = 200

/**
 * A new version of every gateway that offers something of this upstream, so that what was admitted, changed or taken away
 * holds for live sessions too (promise 7). A gateway that somebody else publishes at this moment compiles the new pins anyway.
 */
export async function republish(upstream: string, note: string, use: FederationUse): Promise<Result<Republished[]>> {
  const { db, env, project, now } = use
  const done: Republished[] = []
  for (let after = ''; ;) {
    const heads = await listHeads(db, project, after, pageSize)
    for (const { gateway, slug, version } of heads) {
      const row = await readVersion(db, project, gateway, version)
      const document = row && parseDocument(row.document)
      if (!document?.ok || !document.value.tools.some((one) => one.upstream === upstream || one.worker === upstream))
        continue
      const it = { project, document: document.value, base: version, by: 'federation', note, force: true }
      const published = await publish(env, it, now)
      if (published.ok) done.push({ gateway: slug, version: published.value.version })
      else if (published.error.code !== 'gateways/conflict') return published
    }
    const last = heads.at(-1)
    if (heads.length < pageSize || !last) return ok(done)
    after = last.slug
  }
}
