import type { Bytes } from '../core/bytes.ts'
import { isObject } from '../core/json.ts'
import type { Connection } from './connection.ts'
import { keyPrefix, recoveryCopy, recoveryCopyKey, tokenCopy, tokenKey } from './copies.ts'
import type { Owner } from './envelope.ts'
import { openWithRecoveryKey, recoveryContext } from './recovery.ts'
import type { VaultUse } from './use.ts'

/** A row of the connection index, as D1 has it. */
export type IndexedConnection = Pick<
  Connection,
  'id' | 'provider' | 'account' | 'label' | 'scopes' | 'isDefault' | 'generation' | 'connectedAt' | 'lastUsedAt'
>

export type Restored = {
  /** With an access token that works until its own end, or a refresh token too. */
  connections: number
  /** Known, but without a token: the person signs in again when a tool next needs it. */
  needSignIn: number
  withRefreshToken: number
}

/**
 * Rebuilds a vault whose object has lost its storage. The index says which generation was current and KV has exactly that one;
 * a copy that does not open in its place is not used. A vault that has connections is not touched.
 */
export async function restore(
  use: VaultUse,
  owner: Owner,
  rows: readonly IndexedConnection[],
  recoveryKey: Bytes | null,
): Promise<Restored | null> {
  if (use.store.all().length > 0) return null
  await adoptKey(use, owner)
  const restored: Restored = { connections: 0, needSignIn: 0, withRefreshToken: 0 }
  for (const row of rows) {
    const connection = await rebuild(use, owner, row, recoveryKey)
    if (use.store.ofAccount(row.provider, row.account)) continue
    use.store.insert(connection)
    if (connection.status === 'active') restored.connections++
    else restored.needSignIn++
    if (connection.refresh !== null) restored.withRefreshToken++
  }
  use.record({ type: 'admin.changed', attributes: { what: 'vault', restored } })
  use.settle()
  return restored
}

async function adoptKey(use: VaultUse, owner: Owner): Promise<void> {
  const { keys } = await use.env.KV.list({ prefix: keyPrefix(owner) })
  for (const { name } of keys) {
    const wrapped = await use.env.KV.get(name)
    if (wrapped !== null && (await use.keys.adopt(wrapped)).ok) return
  }
}

async function rebuild(
  use: VaultUse,
  owner: Owner,
  row: IndexedConnection,
  recoveryKey: Bytes | null,
): Promise<Connection> {
  const access = await accessOf(use, owner, row)
  const refresh = recoveryKey && (await refreshOf(use, owner, row, recoveryKey))
  const now = use.now()
  const isUsable = access !== null || refresh !== null
  return {
    ...row,
    // A service account's credential has no copy: an administrator sets it again.
    kind: 'user',
    status: isUsable ? 'active' : 'needs_sign_in',
    reason: isUsable ? null : 'restored',
    access: access?.access ?? null,
    accessExpiresAt: access?.accessExpiresAt ?? null,
    accessLifetimeMs: access?.accessLifetimeMs ?? null,
    tokenAt: access?.tokenAt ?? 0,
    refresh: refresh?.sealed ?? null,
    refreshExpiresAt: refresh?.refreshExpiresAt ?? null,
    details: access?.details ?? refresh?.details ?? {},
    places: access?.places ?? refresh?.places ?? null,
    attemptAt: null,
    attemptTries: 0,
    // What was sent after the last copy, nobody knows: a refusal is then our loss and not the user's withdrawal.
    uncertain: true,
    failures: 0,
    retryAt: null,
    accountUnchecked: false,
    updatedAt: now,
  }
}

async function accessOf(use: VaultUse, owner: Owner, row: IndexedConnection) {
  const copy = tokenCopy.safeParse(parsed(await use.env.KV.get(tokenKey(owner, row.id, row.generation))))
  if (!copy.success) return null
  const opened = await use.keys.open(row, 'access', copy.data.access)
  return opened.ok ? copy.data : null
}

async function refreshOf(use: VaultUse, owner: Owner, row: IndexedConnection, recoveryKey: Bytes) {
  const { id, generation } = row
  const copy = recoveryCopy.safeParse(parsed(await use.env.KV.get(recoveryCopyKey(owner, id, generation))))
  if (!copy.success) return null
  const context = recoveryContext(owner.project, owner.user, id, generation)
  const token = await openWithRecoveryKey(recoveryKey, context, copy.data.refresh)
  if (token === null) return null
  return { ...copy.data, sealed: await use.keys.seal(row, 'refresh', generation, token) }
}

function parsed(text: string | null): unknown {
  try {
    const value: unknown = text === null ? null : JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
