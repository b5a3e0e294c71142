import type { Result } from '../core/result.ts'
import { ok, refuse } from '../core/result.ts'
import type { ConnectEnd, Mismatch, Visitor } from './connect-api.ts'
import type { Provider } from './provider.ts'
import type { Ticket } from './tickets.ts'
import { calledFrom } from './tickets.ts'
import type { VaultUse } from './use.ts'

export const invalid = (fault: string) => refuse('connect/invalid', { evidence: { fault } })

export function mismatchOf(use: VaultUse, visitor: Visitor): Mismatch | null {
  const owner = use.keys.owner()
  if (!owner || owner.project !== visitor.project) return 'other_tenant'
  return owner.user === visitor.user ? null : 'other_person'
}

/** Promise 6. The link is worthless from here on, also for the right person: it has been in other hands. */
export function burn(use: VaultUse, ticket: Ticket, mismatch: Mismatch): ReturnType<typeof refuse> {
  use.tickets.end(ticket.digest, 'burned')
  record(use, 'connect.user_mismatch', ticket, { mismatch })
  return refuse('connect/wrong_person', { evidence: { mismatch } })
}

export function ended(use: VaultUse, ticket: Ticket, provider: Provider, reason: string): Result<ConnectEnd> {
  record(use, 'connect.failed', ticket, { reason })
  if (reason === 'access_denied') return ok({ kind: 'declined', provider: provider.name })
  return ok({ kind: 'failed', provider: provider.name, reason })
}

export function record(
  use: VaultUse,
  type: 'connect.started' | 'connect.failed' | 'connect.user_mismatch',
  { why, provider, scopes }: Ticket,
  attributes: Record<string, string>,
): void {
  use.record({ type, ...calledFrom(why), attributes: { provider, scopes: [...scopes], ...attributes } })
  use.settle()
}
