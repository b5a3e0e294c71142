import { giveBackDue } from './confirming.ts'
import type { By, TakenBack } from './taking-back.ts'
import { takeBack } from './taking-back.ts'
import type { VaultUse } from './use.ts'

/** Nothing is lent or connected from the next turn on; everything is taken back. A frozen vault stays frozen until it is opened again. */
export async function offboard(use: VaultUse, by: By): Promise<TakenBack[]> {
  if (use.keys.owner()?.status === 'open') use.keys.setStatus('frozen')
  use.tickets.clear()
  use.held.expireAll(use.now())
  const [taken] = await Promise.all([takeBack(use, use.store.all(), by), giveBackDue(use)])
  return taken
}

/** What is said of a shredded vault, and what the record keeps of it. */
export type Certificate = {
  connections: number
  /** By what the provider answered. */
  revocations: Record<string, number>
  /** Id of the key that was destroyed; null when nothing was ever sealed. */
  key: string | null
  shreddedAt: number
}

/**
 * Crypto-shredding: the key of the user is destroyed, so that every copy of what was sealed for them is noise. Providers are
 * told first, once: what they did not confirm cannot be asked again afterwards, and the certificate says so.
 */
export async function shred(use: VaultUse, by: By): Promise<Certificate> {
  const taken = await offboard(use, by)
  const revocations: Record<string, number> = {}
  for (const { revocation } of taken) revocations[revocation] = (revocations[revocation] ?? 0) + 1
  const key = use.keys.keyId()
  for (const one of use.store.all()) use.store.remove(one.id)
  use.held.clear()
  use.keys.destroy()
  const certificate = { connections: taken.length, revocations, key, shreddedAt: use.now() }
  use.record({
    type: 'vault.shredded',
    attributes: { ...certificate, by: by.kind, ...(by.reason === undefined ? {} : { reason: by.reason }) },
    payload: { by: by.id },
  })
  use.settle()
  return certificate
}
