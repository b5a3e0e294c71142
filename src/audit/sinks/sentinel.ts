import type { Json, JsonObject } from '../../core/json.ts'
import { flatten, severityOf } from './flatten.ts'
import { toOcsf } from './ocsf.ts'
import { jsonObject, post } from './post.ts'
import type { SinkRecord } from './record.ts'
import type { SentinelSettings } from './settings.ts'
import { isoTime } from './shape.ts'
import type { Delivery, Sink, SinkTools } from './sink.ts'
import { accepted } from './sink.ts'

/**
 * Microsoft Sentinel by the Logs Ingestion API (learn.microsoft.com: "Logs Ingestion API in Azure Monitor"): a JSON array,
 * at most 1 MB, with a token of Microsoft Entra for `https://monitor.azure.com`. 204 means taken.
 */
export const sentinel: Sink<SentinelSettings> = {
  limits: { records: 500, bytes: 600_000 },
  async deliver(batch, settings, tools) {
    const token = await accessToken(settings, tools)
    if (typeof token !== 'string') return token
    const { url, ruleId, stream, format } = settings
    const answer = await post(
      {
        url: `${url.replace(/\/+$/, '')}/dataCollectionRules/${ruleId}/streams/${stream}?api-version=2023-01-01`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(batch.records.map((record) => row(record, format))),
        gzip: true,
      },
      tools,
    )
    if (answer.ok) return accepted({ status: answer.status, text: answer.text.slice(0, 2_000) })
    if (answer.delivery.answer?.status === 401) tools.memory.delete('token')
    return answer.delivery
  },
}

/** The columns of the stream's declaration (docs/audit.md). One dynamic column holds what has none of its own. */
function row(record: SinkRecord, format: 'native' | 'ocsf'): JsonObject {
  const { event, sequence, ledger } = record
  return {
    TimeGenerated: isoTime(event.at),
    EventId: event.id,
    EventType: event.type,
    Severity: severityOf(record),
    Project: event.project,
    Gateway: event.gateway ?? null,
    UserId: event.user ?? null,
    Agent: event.agent ?? null,
    SessionId: event.session ?? null,
    CallId: event.call ?? null,
    Tool: event.tool ?? null,
    Decision: event.decision ?? null,
    Outcome: event.outcome ?? null,
    Ledger: ledger,
    Sequence: sequence,
    Details: (format === 'ocsf' ? toOcsf(record) : flatten(record)) as Json,
  }
}

type Token = { value: string; expiresAt: number }

/** Client credentials grant of the Microsoft identity platform. */
async function accessToken(settings: SentinelSettings, tools: SinkTools): Promise<string | Delivery> {
  const known = tools.memory.get('token') as Token | undefined
  if (known && known.expiresAt > tools.now() + 60_000) return known.value
  const { authority, tenant, clientId } = settings
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: tools.secret,
    scope: 'https://monitor.azure.com/.default',
  })
  const answer = await post(
    {
      url: `${authority.replace(/\/+$/, '')}/${tenant}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
    },
    tools,
  )
  if (!answer.ok) {
    const reason = 'reason' in answer.delivery ? answer.delivery.reason : ''
    return { ...answer.delivery, kind: 'later', reason: `token: ${reason}` }
  }
  const { access_token: value, expires_in: seconds } = jsonObject(answer.text) ?? {}
  if (typeof value !== 'string') return { kind: 'later', reason: 'token: none in the answer' }
  tools.memory.set('token', { value, expiresAt: tools.now() + Number(seconds ?? 0) * 1000 } satisfies Token)
  return value
}
