import type { Connection } from './connection.ts'
import type { Flights } from './leasing.ts'
import { inFlight } from './leasing.ts'
import type { Provider } from './provider.ts'
import { hasMoved } from './provider.ts'
import { attemptEndsMs, maxTries } from './refresh.ts'
import { refresh } from './refreshing.ts'
import type { VaultUse } from './use.ts'

/** After a failure. A provider that is down for a day is asked four times per connection. */
export const retryMs = 6 * 3_600_000

/**
 * When a refresh token that dies unused has to be used, or null: never. Pure. Somewhere between half and four fifths of its
 * idle life, at a moment of its own: ten thousand people who connected on the same day do not refresh in the same hour.
 *
 * Who has not used a connection for `keepAliveDays` does not need it kept: then it may die.
 */
export function keepAliveAt(connection: Connection, { spec, settings }: Pick<Provider, 'spec' | 'settings'>) {
  const idleMs = spec.refresh?.idleMs ?? null
  const { status, refresh: token, tokenAt, attemptAt, attemptTries, retryAt } = connection
  if (idleMs === null || connection.kind !== 'user' || !settings.keepAlive || status !== 'active' || token === null)
    return null
  // An answer may be lost: the next lease finds out, with the person there to ask.
  if (attemptTries >= maxTries) return null
  const due = tokenAt + idleMs * (0.5 + 0.3 * share(connection.id))
  const usedAt = connection.lastUsedAt ?? connection.connectedAt
  if (due > usedAt + settings.keepAliveDays * 86_400_000) return null
  const after = [due, retryAt === null ? 0 : retryAt + retryMs, attemptAt === null ? 0 : attemptAt + attemptEndsMs]
  const at = Math.max(...after)
  return at < tokenAt + idleMs ? at : null
}

/** Refreshes what is due, one after the other, and answers when to come again. A frozen vault keeps nothing alive. */
export async function keepAlive(use: VaultUse, flights: Flights): Promise<number | null> {
  const times: number[] = []
  for (const { id, provider: name } of use.store.all()) {
    if (use.keys.owner()?.status !== 'open') return null
    const before = use.store.get(id)
    if (before?.status !== 'active' || before.refresh === null) continue
    const provider = await use.provider(name)
    // Removed or misconfigured: its tokens can only be taken back.
    if (!provider.ok || hasMoved(before, provider.value)) continue
    const due = dueOf(use, id, provider.value)
    const connection = use.store.get(id)
    if (due !== null && due <= use.now() && connection) {
      await inFlight(flights, id, () => refresh(use, connection, provider.value))
    }
    const next = dueOf(use, id, provider.value)
    if (next !== null) times.push(Math.max(next, use.now() + 60_000))
  }
  return times.length === 0 ? null : Math.min(...times)
}

function dueOf(use: VaultUse, id: string, provider: Provider): number | null {
  const connection = use.store.get(id)
  return connection && keepAliveAt(connection, provider)
}

/** From 0 to 1, always the same for one id (FNV-1a). */
function share(id: string): number {
  let hash = 0x811c9dc5
  for (const letter of id) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash / 0x1_0000_0000
}
