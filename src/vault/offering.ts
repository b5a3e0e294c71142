import { elicitationId } from '../core/elicitation-id.ts'
import { randomToken } from '../core/ids.ts'
import type { Refused, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { LeaseRequest } from './api.ts'
import type { WantedAccount } from './owner-api.ts'
import type { Connection } from './connection.ts'
import { effectiveScopes } from './connection.ts'
import { connectLinkMs, makeLink } from './link.ts'
import type { Provider } from './provider.ts'
import type { Owner } from './envelope.ts'
import type { Why } from './tickets.ts'
import { digestOf, calledFrom } from './tickets.ts'
import type { VaultUse } from './use.ts'

/**
 * The call cannot go on without the person. Makes a ticket for exactly this call and answers with our own link: the
 * provider's address is never handed to a client (elicitation phishing).
 */
export async function offerConnect(
  use: VaultUse,
  provider: Provider,
  request: LeaseRequest,
  connection: Connection | null,
  reason: string,
): Promise<Refused> {
  const { why, session, allowedScopes, accounts } = request
  const asked = scopesToAsk(provider, request, connection)
  const beyond = asked.required.filter((scope) => !withinCaps(provider, allowedScopes, scope))
  if (beyond.length > 0) {
    return refuse('vault/not_allowed', { evidence: { fault: 'scope_cap', provider: provider.id, scopes: beyond } })
  }
  const scopes = asked.all.filter(
    (scope) => asked.required.includes(scope) || withinCaps(provider, allowedScopes, scope),
  )
  const url = await newTicket(use, request, {
    why: { ...why, session, ...(accounts ? { accounts } : {}) },
    provider,
    scopes,
    connection,
  })
  use.record({
    type: 'connect.offered',
    ...calledFrom({ ...why, session }),
    attributes: { provider: provider.id, scopes, reason, ...(connection ? { connection: connection.id } : {}) },
  })
  use.settle()
  return refuse('vault/authorization_needed', {
    help: { url, text: helpText(provider, connection, reason) },
    evidence: { provider: provider.id, scopes, reason },
  })
}

/** From the person's own page, or because an agent asks for the link itself: no tool waits for it. */
export async function ownConnectLink(
  use: VaultUse,
  provider: Provider,
  owner: Owner,
  { scopes: wanted, asked, allowedScopes }: WantedAccount,
): Promise<Result<string>> {
  const { model, always } = provider.spec.scopes
  const within = wanted.filter((scope) => withinCaps(provider, allowedScopes, scope) || allowedScopes === undefined)
  const scopes = model === 'app' ? [] : [...new Set([...always, ...within])]
  const beyond = scopes.filter((scope) => !withinCaps(provider, undefined, scope))
  if (beyond.length > 0) return refuse('vault/not_allowed', { evidence: { fault: 'scope_cap', scopes: beyond } })
  const callId = `own-${randomToken()}`
  const own = { callId, gateway: '', agentId: '', agentName: '', tool: '', session: '', own: true } as const
  const why = asked ?? own
  if (asked) {
    use.record({
      type: 'connect.offered',
      ...calledFrom(asked),
      attributes: { provider: provider.id, scopes, reason: 'asked_for_a_link' },
    })
    use.settle()
  }
  return ok(await newTicket(use, owner, { why, provider, scopes, connection: null }))
}

type Wanted = { why: Why; provider: Provider; scopes: readonly string[]; connection: Connection | null }

async function newTicket(use: VaultUse, owner: Owner, { why, provider, scopes, connection }: Wanted): Promise<string> {
  const now = use.now()
  const { link, nonce } = await makeLink(use.config.stateKey, 'connect', owner, now)
  const url = `${use.config.publicUrl}/connect/${link}`
  use.tickets.add({
    digest: await digestOf(nonce),
    status: 'open',
    why: { ...why, elicitation: await elicitationId(url) },
    provider: provider.id,
    scopes,
    connection: connection?.id ?? null,
    verifier: null,
    createdAt: now,
    expiresAt: now + connectLinkMs,
  })
  return url
}

/** No more than the tool needs, what was granted before (a consent may replace the last one), and what the spec always needs. */
function scopesToAsk(
  { spec }: Provider,
  request: LeaseRequest,
  connection: Connection | null,
): { required: string[]; all: string[] } {
  if (spec.scopes.model === 'app') return { required: [], all: [] }
  const wanted = [...spec.scopes.always, ...(connection?.scopes ?? []), ...request.scopes, ...(request.askScopes ?? [])]
  const broad = [...new Set(wanted)]
  const covered = (scope: string): boolean =>
    broad.some((other) => other !== scope && effectiveScopes([other], spec.scopes.implies).includes(scope))
  return {
    required: [...request.scopes],
    all: broad.filter((scope) => request.scopes.includes(scope) || !covered(scope)),
  }
}

export function withinCaps(provider: Provider, gatewayCap: readonly string[] | undefined, scope: string): boolean {
  const { scopeCap } = provider.settings
  if (provider.spec.scopes.always.includes(scope)) return true
  return (!scopeCap || scopeCap.includes(scope)) && (!gatewayCap || gatewayCap.includes(scope))
}

function helpText(provider: Provider, connection: Connection | null, reason: string): string {
  if (!connection) return `Open the link to connect ${provider.name}, then call the tool again.`
  if (reason === 'scopes_missing') return `Open the link to allow more at ${provider.name}, then call the tool again.`
  return `Open the link to connect ${provider.name} again, then call the tool again.`
}
