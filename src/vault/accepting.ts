import type { Result } from '../core/result.ts'
import { ok } from '../core/result.ts'
import type { Account } from './account.ts'
import { furtherDetails, probeAccount } from './account.ts'
import { confirmWithinMs, giveBack, hold, needsConfirmation, openHeld, revokeUnlessConnected } from './confirming.ts'
import type { ConnectEnd, Visitor } from './connect-api.ts'
import { burn, ended, invalid, mismatchOf, record } from './connect-ends.ts'
import { isNamed, missingScopes } from './leasing.ts'
import type { Provider } from './provider.ts'
import { revokeTokens } from './revoking.ts'
import { saveConnection } from './saving.ts'
import { tellElicited } from './session-control.ts'
import type { Ticket } from './tickets.ts'
import type { TokenSet } from './token-answer.ts'
import { introspected } from './token-endpoint.ts'
import type { VaultUse } from './use.ts'

/** We hold tokens now: from here every way out either keeps them or gives them back to the provider. */
export async function accept(
  use: VaultUse,
  ticket: Ticket,
  provider: Provider,
  tokens: TokenSet,
  visitor: Visitor,
): Promise<Result<ConnectEnd>> {
  const probe = await probeAccount(provider, use.egress, tokens)
  if (probe.kind !== 'account') {
    await revokeTokens(use, provider, tokens.accessToken, tokens.refreshToken, {})
    return ended(use, ticket, provider, probe.kind === 'unknown' ? probe.reason : 'token_refused')
  }
  const problem = faultOf(use, ticket, provider, probe.account, visitor)
  if (problem) return refused(use, ticket, provider, { tokens, account: probe.account }, problem)
  const account = {
    ...probe.account,
    details: { ...probe.account.details, ...(await furtherDetails(provider, use.egress, tokens)) },
  }
  const told = await introspected(provider, use.egress, tokens, use.now())
  const found = { tokens: { ...tokens, ...told }, account }
  if (!needsConfirmation(use, provider, ticket, account, visitor)) return keep(use, ticket, provider, found)

  const held = await hold(use, ticket, found)
  if (held === null) {
    await revokeUnlessConnected(use, provider, tokens, account)
    return ended(use, ticket, provider, 'vault_closed')
  }
  const { id, label, email } = account
  // A fixed text names nobody: so it is with MCP servers that have an authorization server of their own.
  const accountId = provider.spec.account.id.includes('{') ? id : null
  return ok({ kind: 'confirm', provider: provider.name, account: label, accountId, email, held })
}

/** What the person said to the account they were shown. Taken first, so that it is answered once. */
export async function confirmConnect(
  use: VaultUse,
  id: string,
  visitor: Visitor,
  accept: boolean,
): Promise<Result<ConnectEnd>> {
  const now = use.now()
  const held = use.held.take(id, now, now + confirmWithinMs)
  if (!held) return invalid('unknown')
  const ticket = use.tickets.get(held.ticket)
  const wrong = mismatchOf(use, visitor)
  const isOver = ticket?.status !== 'open'
  const provider = await use.provider(held.provider)
  const found = accept && !wrong && !isOver && provider.ok ? await openHeld(use, held) : null
  if (!found || !ticket || !provider.ok) await giveBack(use, held)
  if (!ticket) return invalid('unknown')
  if (wrong) return burn(use, ticket, wrong)
  if (isOver) return invalid('expired')
  if (!provider.ok) return provider
  if (!accept) {
    record(use, 'connect.failed', ticket, { reason: 'not_mine' })
    return ok({ kind: 'not_mine', provider: provider.value.name })
  }
  if (!found) return ended(use, ticket, provider.value, 'integrity')
  const whole = { ...found, tokens: { ...found.tokens, raw: {} } }
  const problem = faultOf(use, ticket, provider.value, found.account, visitor)
  const end = problem
    ? await refused(use, ticket, provider.value, whole, problem)
    : await keep(use, ticket, provider.value, whole)
  use.held.remove(held.id)
  return end
}

type Found = { tokens: TokenSet; account: Account }

async function refused(
  use: VaultUse,
  ticket: Ticket,
  provider: Provider,
  { tokens, account }: Found,
  problem: Extract<ConnectEnd, { kind: 'swapped_account' | 'wrong_domain' }>,
): Promise<Result<ConnectEnd>> {
  await revokeUnlessConnected(use, provider, tokens, account)
  use.tickets.end(ticket.digest, 'burned')
  record(use, 'connect.failed', ticket, { reason: problem.kind })
  return ok(problem)
}

async function keep(
  use: VaultUse,
  ticket: Ticket,
  provider: Provider,
  { tokens, account }: Found,
): Promise<Result<ConnectEnd>> {
  const saved = await saveConnection(use, provider, ticket, tokens, account)
  if (!saved) {
    await revokeUnlessConnected(use, provider, tokens, account)
    return ended(use, ticket, provider, 'vault_closed')
  }
  const { session, elicitation } = ticket.why
  if (session !== '' && elicitation !== undefined) await tellElicited(use.env, session, elicitation)
  const waiting = use.tickets
    .ofCall(ticket.why.callId)
    .filter((one) => one.status === 'open' && one.expiresAt > use.now())
  return ok({
    kind: 'connected',
    provider: provider.name,
    account: saved.label,
    connection: saved.id,
    missing: missingScopes(provider, saved, ticket.scopes),
    remaining: waiting.length,
  })
}

function faultOf(
  use: VaultUse,
  ticket: Ticket,
  provider: Provider,
  account: Account,
  visitor: Visitor,
): Extract<ConnectEnd, { kind: 'swapped_account' | 'wrong_domain' }> | null {
  const expected = ticket.connection === null ? null : use.store.get(ticket.connection)
  if (expected && expected.account !== account.id) {
    return { kind: 'swapped_account', provider: provider.name, expected: expected.label, got: account.label }
  }
  const { accounts } = ticket.why
  if (accounts && !isNamed({ label: account.label, account: account.id }, accounts)) {
    return { kind: 'wrong_domain', provider: provider.name, account: account.label, domains: accounts }
  }
  const { emailDomains } = provider.settings
  const domains = emailDomains.flatMap((domain) => (domain === '@user' ? domainOf(visitor.email) : [domain]))
  const [own] = domainOf(account.email)
  if (emailDomains.length > 0 && (own === undefined || !domains.includes(own))) {
    return { kind: 'wrong_domain', provider: provider.name, account: account.label, domains }
  }
  return null
}

/** None where there is no address: a person without one and an account without one do not match. */
const domainOf = (email: string | null | undefined): string[] => {
  const domain = /^[^@\s]+@([^@\s]+)$/.exec(email ?? '')?.[1]
  return domain === undefined ? [] : [domain.toLowerCase()]
}
