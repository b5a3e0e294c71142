import { offeredUpstream, settingsOf } from '../catalog/catalog.ts'
import { isObject } from '../core/json.ts'
import type { UpstreamNotice } from '../upstream/upstream.ts'
import { createUpstreams } from '../upstream/upstream.ts'
import { listingCredential } from './listing.ts'
import type { UpstreamRow } from './store.ts'
import type { FederationUse } from './use.ts'

/** Hears of changed lists with the credential that reads them. Null: the server tells nobody, or does not answer now. */
export async function startListening(
  row: UpstreamRow,
  use: FederationUse,
  onNotice: (notice: UpstreamNotice) => void,
): Promise<(() => Promise<void>) | null> {
  const { target } = offeredUpstream({ ...row, pins: [] })
  const capabilities = target.discovered?.capabilities ?? {}
  const tells = Object.values(capabilities).some((one) => isObject(one) && one['listChanged'] === true)
  if (!tells) return null
  const credential = await listingCredential(target, settingsOf(row), use)
  if (!credential.ok) return null
  const upstreams = createUpstreams({ egress: use.egress, now: use.now })
  const listening = await upstreams.listen(target, credential.value, { lists: true }, onNotice)
  if (listening.ok) return () => upstreams.close()
  await upstreams.close()
  return null
}
