import { answering, bodyOf, json, must, Trouble } from './receiver.ts'
import type { Receiver } from './receiver.ts'

const columns: Record<string, 'datetime' | 'string' | 'long' | 'dynamic'> = {
  TimeGenerated: 'datetime',
  EventId: 'string',
  EventType: 'string',
  Severity: 'string',
  Project: 'string',
  Gateway: 'string',
  UserId: 'string',
  Agent: 'string',
  SessionId: 'string',
  CallId: 'string',
  Tool: 'string',
  Decision: 'string',
  Outcome: 'string',
  Ledger: 'string',
  Sequence: 'long',
  Details: 'dynamic',
}

/** Logs Ingestion API in Azure Monitor, with the token endpoint of Microsoft Entra in front: 204, at most 1 MB, tokens expire. */
export function sentinelReceiver(client: {
  tenant: string
  clientId: string
  secret: string
  ruleId: string
  stream: string
}) {
  const trouble = new Trouble()
  const rows: Record<string, unknown>[] = []
  const tokens = new Set<string>()
  let issued = 0

  const receiver: Receiver = {
    ids: () => rows.map((row) => String(row['EventId'])),
    handle: (request) =>
      answering(async () => {
        const url = new URL(request.url)
        if (url.pathname === `/${client.tenant}/oauth2/v2.0/token`)
          return token(new URLSearchParams((await bodyOf(request)).toString()))
        must(url.pathname === `/dataCollectionRules/${client.ruleId}/streams/${client.stream}`, 404, {})
        must(url.searchParams.get('api-version') === '2023-01-01', 400, { error: { code: 'InvalidApiVersion' } })
        must(tokens.has((request.headers.get('authorization') ?? '').replace('Bearer ', '')), 401, {})
        const down = trouble.take()
        if (down) return down
        const body = await bodyOf(request)
        must(body.length <= 1_000_000, 413, { error: { code: 'ContentLengthLimitExceeded' } })
        const given = JSON.parse(body.toString()) as Record<string, unknown>[]
        must(Array.isArray(given), 400, { error: { code: 'InvalidPayload' } })
        for (const row of given) check(row)
        rows.push(...given)
        return new Response(null, { status: 204 })
      }),
  }

  function token(form: URLSearchParams): Response {
    must(form.get('grant_type') === 'client_credentials', 400, { error: 'unsupported_grant_type' })
    must(form.get('client_id') === client.clientId && form.get('client_secret') === client.secret, 401, {
      error: 'invalid_client',
    })
    must(form.get('scope') === 'https://monitor.azure.com/.default', 400, { error: 'invalid_scope' })
    const value = `token-${++issued}`
    tokens.add(value)
    return json(200, { token_type: 'Bearer', expires_in: 3599, access_token: value })
  }

  function check(row: Record<string, unknown>): void {
    const invalid = { error: { code: 'InvalidPayload' } }
    for (const [name, value] of Object.entries(row)) {
      const type = columns[name]
      must(type !== undefined, 400, invalid)
      if (value === null) continue
      if (type === 'datetime') must(typeof value === 'string' && !Number.isNaN(Date.parse(value)), 400, invalid)
      if (type === 'string') must(typeof value === 'string', 400, invalid)
      if (type === 'long') must(Number.isSafeInteger(value), 400, invalid)
      if (type === 'dynamic') must(typeof value === 'object', 400, invalid)
    }
    must(typeof row['TimeGenerated'] === 'string', 400, invalid)
  }
  return { ...receiver, trouble, rows, expireTokens: () => tokens.clear(), tokensIssued: () => issued }
}
