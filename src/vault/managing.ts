import type { By } from './taking-back.ts'
import type { VaultUse } from './use.ts'

/** Used when neither a rule nor an argument names an account. Sessions that were lent the one before it ask again. */
export function makeDefault(use: VaultUse, id: string, by: By): boolean {
  const connection = use.store.get(id)
  if (!connection || connection.status === 'revoking') return false
  const before = use.store.ofProvider(connection.provider).find((one) => one.isDefault)
  if (before?.id === id) return true
  use.store.makeDefault(connection.provider, id)
  if (before) use.holders.recall(before.id)
  use.record({
    type: 'admin.changed',
    attributes: { what: 'connection', connection: id, provider: connection.provider, default: true, by: by.kind },
    payload: { by: by.id },
  })
  use.settle()
  return true
}

/** Sessions give their leases back either way, so that what was lent before a resume is not lent on different terms. */
export function setSuspended(use: VaultUse, id: string, suspended: boolean, by: By): boolean {
  const connection = use.store.get(id)
  const from = suspended ? ['active', 'needs_sign_in'] : ['suspended']
  if (!connection || !from.includes(connection.status)) return false
  // Suspended by the vault itself because the provider answered for somebody else: only a new consent helps.
  if (!suspended && connection.access === null) return false
  const change = suspended ? { status: 'suspended', reason: by.kind } : { status: 'active', reason: null }
  use.store.update(id, { ...(change as { status: 'suspended' | 'active' }), updatedAt: use.now() })
  use.holders.recall(id)
  use.record({
    type: 'admin.changed',
    attributes: { what: 'connection', connection: id, provider: connection.provider, suspended, by: by.kind },
    payload: { by: by.id },
  })
  use.settle()
  return true
}

export function reopen(use: VaultUse, by: By): boolean {
  const status = use.keys.owner()?.status
  if (status !== 'frozen' && status !== 'shredded') return false
  use.keys.setStatus('open')
  use.record({
    type: 'admin.changed',
    attributes: { what: 'vault', opened: true, by: by.kind },
    payload: { by: by.id },
  })
  use.settle()
  return true
}
