import { env } from 'cloudflare:workers'
import type { Ledger } from '../../src/audit/audit.ts'
import { ledgerName } from '../../src/audit/audit.ts'

export type RecordedEvent = {
  type: string
  call: string | null
  outcome: string | null
  gatewayId?: string
  gatewayVersion?: number
  attributes: Record<string, unknown>
}

/** The record of a project as it stands in D1, oldest first. */
export async function recorded(project: string, type: string): Promise<RecordedEvent[]> {
  const ledger = env.LEDGER.getByName(ledgerName(project)) as DurableObjectStub<Ledger>
  for (let head = await ledger.settle(); head.indexedUpTo < head.size;) head = await ledger.settle()
  const { results } = await env.DB.prepare(
    'SELECT type, "call", outcome, leaf FROM events WHERE project = ? AND type = ? ORDER BY sequence',
  )
    .bind(project, type)
    .all<Pick<RecordedEvent, 'type' | 'call' | 'outcome'> & { leaf: string }>()
  return results.map(({ leaf, ...row }) => {
    const { event } = JSON.parse(leaf) as { event: Pick<RecordedEvent, 'attributes' | 'gatewayId' | 'gatewayVersion'> }
    const { attributes, gatewayId, gatewayVersion } = event
    return { ...row, attributes, ...(gatewayId && { gatewayId }), ...(gatewayVersion && { gatewayVersion }) }
  })
}
