import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { UpstreamNotice } from './api.ts'
import type { Connection } from './connection.ts'

/** Hears about changes in either era. Errors: `upstream/failed` when the server has none to tell. */
export async function listen(
  connection: Connection,
  subscribe: { resources?: string[] },
  onNotice: (notice: UpstreamNotice) => void,
): Promise<Result<() => Promise<void>>> {
  const started = await connection.subscribe(subscribe.resources ?? [])
  if (!started.ok) return started
  if (connection.onNotice) return refuse('upstream/failed', { evidence: { fault: 'already_listening' } })
  connection.onNotice = onNotice
  return ok(async () => {
    connection.onNotice = null
    await started.value()
  })
}
