import type { Clock } from '../core/clock.ts'
import type { Refusal, Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { Tool } from '../core/tool.ts'
import type { Egress } from '../egress/egress.ts'
import type { Snapshot } from '../gateways/gateways.ts'
import type { ExchangeCredentials, ToolCall, UpstreamCredential, Upstreams, UpstreamUse } from '../runtime/runtime.ts'
import { exchangeToken, tokenExchange } from '../runtime/runtime.ts'
import type { Lease } from '../vault/vault.ts'
import type { HeldLeases } from './credentials.ts'
import type { ExchangedTokens } from './exchanged-tokens.ts'
import { filledHeaders } from './filled-headers.ts'
import { childTrace } from './trace.ts'

type Offered = Snapshot['upstreams'][number]
type Use = {
  upstreams: Upstreams
  leases: HeldLeases
  exchanged: ExchangedTokens
  snapshot: Snapshot
  egress: Egress
  now: Clock
}
type Ready<T> = Result<T> | Promise<Result<T>>

const indexed = new WeakMap<Snapshot, ReadonlyMap<string, Offered>>()

export function offeredUpstream(snapshot: Snapshot, id: string): Offered | undefined {
  let index = indexed.get(snapshot)
  if (!index) indexed.set(snapshot, (index = new Map(snapshot.upstreams.map((one) => [one.target.id, one]))))
  return index.get(id)
}

/** The server a tool belongs to and the credential for it: a lease of the Vault or secrets an administrator set, nothing else. */
export function upstreamUse(
  use: Use,
  call: ToolCall,
  tool: Tool,
  lease: Lease | null,
  secrets: ReadonlyMap<string, string>,
): Ready<UpstreamUse> {
  const { upstreams, leases, exchanged, snapshot } = use
  const offered = tool.source.kind === 'upstream' ? offeredUpstream(snapshot, tool.source.upstream) : undefined
  if (!offered) return refuse('upstream/unavailable', { evidence: { fault: 'not_in_snapshot' } })
  const renew =
    lease &&
    (async (refused: Refusal): Promise<Result<UpstreamCredential>> => {
      exchanged.forget([lease.connection])
      const renewed = await leases.renew(call, tool, lease, furtherScopes(offered, refused))
      return renewed.ok ? credentialFor(use, offered, renewed.value, secrets) : renewed
    })
  const whole = (credential: Result<UpstreamCredential>): Result<UpstreamUse> =>
    credential.ok
      ? ok({
          upstreams,
          target: offered.target,
          credential: credential.value,
          trace: childTrace(call),
          ...(renew ? { renew } : {}),
        })
      : credential
  const credential = credentialFor(use, offered, lease, secrets)
  return credential instanceof Promise ? credential.then(whole) : whole(credential)
}

function credentialFor(
  use: Use,
  { target, credentials }: Offered,
  lease: Lease | null,
  secrets: ReadonlyMap<string, string>,
): Ready<UpstreamCredential> {
  if (credentials.kind === 'none') return ok({ key: 'none', headers: {} })
  if (credentials.kind === 'headers') return withHeaders(credentials.headers, secrets)
  if (!lease) return refuse('vault/unavailable', { evidence: { fault: 'no_lease' } })
  if (credentials.kind === 'exchange') return exchangedFor(use, target, credentials, lease, secrets)
  // A grant for one server must not reach another because an administrator mixed up two ids.
  if (!lease.allowedOrigins.includes(new URL(target.url).origin)) {
    return refuse('vault/not_allowed', { evidence: { fault: 'origin', upstream: target.id } })
  }
  return ok({ key: lease.connection, headers: { authorization: `Bearer ${lease.secret}` } })
}

/** The user's token goes to the token endpoint that an administrator named; the server gets what that made of it. */
async function exchangedFor(
  { exchanged, egress, now }: Use,
  target: Offered['target'],
  credentials: ExchangeCredentials,
  lease: Lease,
  secrets: ReadonlyMap<string, string>,
): Promise<Result<UpstreamCredential>> {
  const wanted = tokenExchange(credentials, target.url, lease.secret, secrets)
  if (!wanted.ok) return wanted
  const token = await exchanged.get(target.id, lease, () => exchangeToken(wanted.value, egress, now()))
  return token.ok ? ok({ key: lease.connection, headers: { authorization: `Bearer ${token.value}` } }) : token
}

/**
 * MCP 2026-07-28 basic/authorization §Scope Challenge Handling. Which scopes these are is the server's word, so only a server
 * that signs people in at its own authorization server may say it.
 */
function furtherScopes({ credentials }: Offered, { evidence }: Refusal): string[] {
  if (credentials.kind !== 'user' || !credentials.stepUp || evidence?.['status'] !== 403) return []
  const { scope } = (evidence['challenge'] ?? {}) as { scope?: string }
  const scopes = (scope ?? '').split(' ').filter((one) => /^[\x21\x23-\x5b\x5d-\x7e]{1,300}$/.test(one))
  return scopes.slice(0, mostScopes)
}

const mostScopes = 50

function withHeaders(
  templates: Readonly<Record<string, string>>,
  secrets: ReadonlyMap<string, string>,
): Result<UpstreamCredential> {
  const headers = filledHeaders(templates, secrets)
  return headers.ok ? ok({ key: 'headers', headers: headers.value }) : headers
}
