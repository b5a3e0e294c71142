import {
  AuthorizationResponseError,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  validateAuthResponse,
} from 'oauth4webapi'
import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import { identityProviderOf } from '../core/sign-in-provider.ts'
import { accept } from './accepting.ts'
import type { ConnectAnswer, ConnectEnd, ConnectStart, Mismatch, PendingConnect, Visitor } from './connect-api.ts'
import { burn, ended, invalid, mismatchOf, record } from './connect-ends.ts'
import { missingScopes } from './leasing.ts'
import { makeLink } from './link.ts'
import type { Provider } from './provider.ts'
import { providerUrl } from './provider.ts'
import { fill, fillAll } from './template.ts'
import type { Ticket } from './tickets.ts'
import { digestOf } from './tickets.ts'
import { askTokenEndpoint } from './token-endpoint.ts'
import type { VaultUse } from './use.ts'

export async function viewConnect(use: VaultUse, nonce: string, visitor: Visitor): Promise<Result<PendingConnect[]>> {
  const ticket = await ticketFor(use, nonce, visitor)
  if (!ticket.ok) return ticket
  const pending: PendingConnect[] = []
  for (const one of use.tickets.ofCall(ticket.value.why.callId)) {
    const provider = await use.provider(one.provider)
    if (provider.ok) pending.push(pendingView(use, one, provider.value))
  }
  return ok(pending)
}

function pendingView(use: VaultUse, ticket: Ticket, provider: Provider): PendingConnect {
  const connection = ticket.connection === null ? null : use.store.get(ticket.connection)
  const missing = connection ? missingScopes(provider, connection, ticket.scopes) : ticket.scopes
  const isOpen = ticket.status === 'open' && ticket.expiresAt > use.now()
  return {
    ticket: ticket.digest,
    state: ticket.status === 'used' ? 'done' : isOpen ? 'open' : 'over',
    provider: { id: provider.id, name: provider.name },
    scopes: ticket.scopes,
    granted: ticket.scopes.filter((scope) => !missing.includes(scope)),
    account: connection?.label ?? null,
    agent: ticket.why.own ? null : { name: ticket.why.agentName, host: ticket.why.agentHost ?? null },
    gateway: ticket.why.gateway,
    tool: ticket.why.tool,
    listsOf: ticket.why.listsOf ?? null,
  }
}

/** From here on the provider is involved: state and PKCE verifier are made only now, after the person said yes. */
export async function startConnect(
  use: VaultUse,
  nonce: string,
  digest: string,
  visitor: Visitor,
): Promise<Result<ConnectStart>> {
  const opened = await ticketFor(use, nonce, visitor)
  if (!opened.ok) return opened
  const ticket = use.tickets.ofCall(opened.value.why.callId).find((one) => one.digest === digest)
  if (!ticket) return invalid('unknown')
  if (ticket.status !== 'open') return invalid(ticket.status)
  if (ticket.expiresAt <= use.now()) return invalid('expired')
  // The company's own sign-in has its own way, and its own callback.
  if (identityProviderOf(ticket.provider) !== null) return invalid('other_provider')
  const provider = await use.provider(ticket.provider)
  if (!provider.ok) return provider

  const { link: state, nonce: stateNonce } = await makeLink(use.config.stateKey, 'state', visitor, use.now())
  const verifier = generateRandomCodeVerifier()
  const granted = ticket.connection === null ? [] : (use.store.get(ticket.connection)?.scopes ?? [])
  const authorizeUrl = await buildAuthorizeUrl(provider.value, ticket.scopes, granted, state, verifier)
  if (authorizeUrl === null) return refuse('vault/unavailable', { evidence: { fault: 'authorize_url' } })
  const sealed = await use.keys.seal(verifierPlace(ticket), 'verifier', 0, verifier)
  use.tickets.start(ticket.digest, await digestOf(stateNonce), sealed)
  record(use, 'connect.started', ticket, {})
  const { id, name } = provider.value
  return ok({ authorizeUrl, state, provider: { id, name }, ticket: ticket.digest })
}

async function buildAuthorizeUrl(
  provider: Provider,
  scopes: readonly string[],
  granted: readonly string[],
  state: string,
  verifier: string,
): Promise<string | null> {
  const { spec } = provider
  const url = providerUrl(provider, spec.authorize.url)
  if (url === null) return null
  const { separator, parameter } = spec.scopes
  const values = { ...provider.values, scopes: scopes.join(separator), existing_scopes: granted.join(separator) }
  const extra = { ...fillAll(spec.authorize.params, values), ...provider.settings.authorizeParams }
  const own = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: provider.redirectUri,
    state,
    ...(scopes.length > 0 ? { [parameter]: scopes.join(separator) } : {}),
    ...(spec.pkce ? { code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' } : {}),
  }
  // Ours last: a configured extra parameter can neither replace the state nor where the answer goes.
  for (const [name, value] of Object.entries({ ...extra, ...own })) url.searchParams.set(name, value)
  return url.href
}

/** The callback. The state is taken before anything else, so that it serves once whatever happens next. */
export async function finishConnect(use: VaultUse, answer: ConnectAnswer): Promise<Result<ConnectEnd>> {
  const ticket = use.tickets.take(await digestOf(answer.stateNonce))
  if (!ticket) return invalid('unknown')
  const wrong = mismatchOf(use, answer.visitor)
  if (wrong) return burn(use, ticket, wrong)
  if (ticket.status !== 'open') return invalid(ticket.status)
  if (ticket.expiresAt <= use.now()) return invalid('expired')
  if (ticket.provider !== answer.provider) return invalid('other_provider')
  const provider = await use.provider(ticket.provider)
  if (!provider.ok) return provider

  const code = readAnswer(provider.value, answer.query)
  if (!code.ok) return ended(use, ticket, provider.value, code.error)
  const verifier = await use.keys.open({ ...verifierPlace(ticket), generation: 0 }, 'verifier', ticket.verifier ?? '')
  if (!verifier.ok) return invalid('verifier')
  const tokens = await askTokenEndpoint(
    provider.value,
    use.egress,
    codeRequest(provider.value),
    {
      code: code.value,
      code_verifier: verifier.value,
      scopes: ticket.scopes.join(provider.value.spec.scopes.separator),
    },
    use.now(),
  )
  if (tokens.kind !== 'tokens') {
    return ended(use, ticket, provider.value, tokens.kind === 'later' ? tokens.reason : tokens.error)
  }
  return accept(use, ticket, provider.value, tokens.tokens, answer.visitor)
}

/** Checks the response as RFC 6749 §4.1.2, RFC 9207 and OAuth 2.1 ask. The state has been matched already. */
function readAnswer(provider: Provider, query: string): Result<string, string> {
  const params = new URLSearchParams(query)
  // RFC 6749 §3.1: none may come twice. Which of two codes is the person's own, nobody could say.
  if (['code', 'state', 'iss', 'error'].some((name) => params.getAll(name).length > 1)) {
    return { ok: false, error: 'invalid_response' }
  }
  const state = params.get('state') ?? ''
  const issuer = provider.spec.issuer === undefined ? null : fill(provider.spec.issuer, provider.values)
  if (issuer === null) params.delete('iss')
  try {
    const server = {
      issuer: issuer ?? 'https://provider.invalid',
      authorization_response_iss_parameter_supported: provider.spec.issuerRequired,
    }
    const code = validateAuthResponse(server, { client_id: provider.clientId }, params, state).get('code')
    return code ? { ok: true, value: code } : { ok: false, error: 'no_code' }
  } catch (error) {
    const isRefusal = error instanceof AuthorizationResponseError
    return { ok: false, error: isRefusal && /^[\w.-]{1,64}$/.test(error.error) ? error.error : 'invalid_response' }
  }
}

function codeRequest({ spec }: Provider) {
  const standard = { grant_type: 'authorization_code', code: '{code}', redirect_uri: '{redirect_uri}' }
  const pkce = spec.pkce ? { code_verifier: '{code_verifier}' } : {}
  return { ...spec.token, params: { ...standard, ...pkce, ...spec.token.params } }
}

async function ticketFor(use: VaultUse, nonce: string, visitor: Visitor): Promise<Result<Ticket>> {
  const ticket = use.tickets.get(await digestOf(nonce))
  if (!ticket) return invalid('unknown')
  const wrong = mismatchOf(use, visitor)
  if (wrong) return burn(use, ticket, wrong)
  if (ticket.status === 'burned') return invalid('burned')
  if (ticket.expiresAt <= use.now()) return invalid('expired')
  return ok(ticket)
}

export async function refuseConnect(use: VaultUse, stateNonce: string, mismatch: Mismatch): Promise<void> {
  const ticket = use.tickets.take(await digestOf(stateNonce))
  if (!ticket) return
  use.tickets.end(ticket.digest, 'burned')
  record(use, mismatch === 'other_browser' ? 'connect.failed' : 'connect.user_mismatch', ticket, { mismatch })
}

const verifierPlace = (ticket: Ticket) => ({ id: ticket.digest, provider: ticket.provider })
