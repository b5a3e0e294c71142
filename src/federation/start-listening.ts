import { offeredUpstream, settingsOf } from '../catalog/catalog.ts'
import { isObject } from '../core/json.ts'
import { scrub } from '../vault/vault.ts'
import type { LogLevel } from '../core/log-entry.ts'
import type { UpstreamNotice } from '../upstream/upstream.ts'
import { createUpstreams } from '../upstream/upstream.ts'
import { listingCredential } from './listing.ts'
import type { UpstreamRow } from './store.ts'
import type { FederationUse } from './use.ts'

/**
 * Hears of changed lists, and of the log from `log` on, with the credential that reads the lists. Null: the server tells
 * nobody, or does not answer now.
 */
export async function startListening(
  row: UpstreamRow,
  use: FederationUse,
  log: LogLevel | null,
  onNotice: (notice: UpstreamNotice) => void,
): Promise<(() => Promise<void>) | null> {
  const { target } = offeredUpstream({ ...row, pins: [] })
  const capabilities = target.discovered?.capabilities ?? {}
  const settings = settingsOf(row)
  // With one person's grant the server speaks to that person: what it logs there is not for others.
  const logs = log !== null && settings.listAs === undefined && isObject(capabilities['logging'])
  const tells = Object.values(capabilities).some((one) => isObject(one) && one['listChanged'] === true)
  if (!tells && !(logs && target.discovered?.era === 'legacy')) return null
  const credential = await listingCredential(target, settings, use)
  if (!credential.ok) return null
  const upstreams = createUpstreams({ egress: use.egress, now: use.now, project: use.project })
  const secrets = Object.values(credential.value.headers).flatMap((header) => [header, ...header.split(' ')])
  const wanted = { lists: true, ...(logs && { log }) }
  const listening = await upstreams.listen(target, credential.value, wanted, (notice) =>
    onNotice(notice.kind === 'logged' ? { ...notice, entry: scrub(notice.entry, secrets) } : notice),
  )
  if (listening.ok) return () => upstreams.close()
  await upstreams.close()
  return null
}
