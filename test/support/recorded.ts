import { env, runDurableObjectAlarm } from 'cloudflare:test'
import { ledgerName } from '../../src/audit/audit.ts'

export type RecordedEvent = {
  type: string
  call: string | null
  outcome: string | null
  attributes: Record<string, unknown>
}

/** The record of a project as it stands in D1, oldest first. */
export async function recorded(project: string, type: string): Promise<RecordedEvent[]> {
  await runDurableObjectAlarm(env.LEDGER.getByName(ledgerName(project)))
  const { results } = await env.DB.prepare(
    'SELECT type, "call", outcome, leaf FROM events WHERE project = ? AND type = ? ORDER BY sequence',
  )
    .bind(project, type)
    .all<Omit<RecordedEvent, 'attributes'> & { leaf: string }>()
  return results.map(({ leaf, ...row }) => {
    const { event } = JSON.parse(leaf) as { event: Pick<RecordedEvent, 'attributes'> }
    return { ...row, attributes: event.attributes }
  })
}
