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
  const again = (refused: Lease): Promise<Result<Lease>> => leases.renew(call, tool, refused)
  const offered = tool.source.kind === 'upstream' ? offeredUpstream(snapshot, tool.source.upstream) : undefined
  if (!offered) return refuse('upstream/unavailable', { evidence: { fault: 'not_in_snapshot' } })
  const renew =
    lease &&
    (async (refused: Refusal): Promise<Result<UpstreamCredential>> => {
      exchanged.forget([lease.connection])
      // The server refused what was made, not what it was made of: it must not use up the person's own grant.
      const isMade = offered.credentials.kind === 'exchange'
      const renewed = isMade
        ? await leases.lease(call, tool)
        : await leases.renew(call, tool, lease, furtherScopes(offered, refused))
      return renewed.ok ? credentialFor(use, offered, renewed.value, secrets, again) : renewed
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
  const credential = credentialFor(use, offered, lease, secrets, again)
  return credential instanceof Promise ? credential.then(whole) : whole(credential)
}

function credentialFor(
  use: Use,
  { target, credentials }: Offered,
  lease: Lease | null,
  secrets: ReadonlyMap<string, string>,
  again: Again,
): Ready<UpstreamCredential> {
  if (credentials.kind === 'none') return ok({ key: 'none', headers: {} })
  if (credentials.kind === 'headers') return withHeaders(credentials.headers, secrets)
  if (!lease) return refuse('vault/unavailable', { evidence: { fault: 'no_lease' } })
  if (credentials.kind === 'exchange') return exchangedFor(use, target, credentials, lease, secrets, again)
  // A grant for one server must not reach another because an administrator mixed up two ids.
  if (!lease.allowedOrigins.includes(new URL(target.url).origin)) {
    return refuse('vault/not_allowed', { evidence: { fault: 'origin', upstream: target.id } })
  }
  return ok({ key: lease.connection, headers: { authorization: `Bearer ${lease.secret}` } })
}

/** Another token of the person than this one, which was refused. */
type Again = (refused: Lease) => Promise<Result<Lease>>

/**
 * The user's token goes to the token endpoint that an administrator named; the server gets what that made of it. Where the
 * token itself is refused, the Vault is asked for another, once; in the end the person is asked.
 */
async function exchangedFor(
  use: Use,
  target: Offered['target'],
  credentials: ExchangeCredentials,
  lease: Lease,
  secrets: ReadonlyMap<string, string>,
  again: Again,
): Promise<Result<UpstreamCredential>> {
  const token = await exchangedToken(use, target, credentials, lease, secrets)
  if (token.ok || !isSubjectRefused(token.error)) return made(lease, token)
  const renewed = await again(lease)
  if (!renewed.ok || renewed.value.generation === lease.generation) return renewed.ok ? made(lease, token) : renewed
  return made(renewed.value, await exchangedToken(use, target, credentials, renewed.value, secrets))
}

async function exchangedToken(
  { exchanged, egress, now }: Use,
  target: Offered['target'],
  credentials: ExchangeCredentials,
  lease: Lease,
  secrets: ReadonlyMap<string, string>,
): Promise<Result<string>> {
  const wanted = tokenExchange(credentials, target.url, lease, secrets)
  if (!wanted.ok) return wanted
  return exchanged.get(target.id, lease, () => exchangeToken(wanted.value, egress, now()))
}

const made = ({ connection: key }: Lease, token: Result<string>): Result<UpstreamCredential> =>
  token.ok ? ok({ key, headers: { authorization: `Bearer ${token.value}` } }) : token

/** RFC 8693 §2.2.2: an invalid subject token is `invalid_request`; many say `invalid_grant`. */
function isSubjectRefused({ evidence }: Refusal): boolean {
  const { fault, error, step } = evidence ?? {}
  return (
    fault === 'exchange_refused' && step === 'exchange' && (error === 'invalid_request' || error === 'invalid_grant')
  )
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
