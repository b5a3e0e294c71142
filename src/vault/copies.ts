import { z } from 'zod'
import { identityProviderOf } from '../core/sign-in-provider.ts'
import type { Connection } from './connection.ts'
import type { Owner } from './envelope.ts'
import { wrappedUnder } from './envelope.ts'
import type { OwnerRow } from './keys.ts'
import { recoveryContext, sealToRecoveryKey } from './recovery.ts'
import type { VaultUse } from './use.ts'

/**
 * What KV holds of a vault, so that a lost one can be rebuilt. What is under a key never changes, because the key ends in the
 * generation (or names the key-encryption key), so a late read cannot be wrong; nothing is ever decided or refreshed from it.
 * Refresh tokens are not among it, unless the company has a recovery key; then they are sealed to that.
 */
export const copyPrefix = ({ project, user }: Owner): string => `v1/${encodeURIComponent(project)}/${user}/`
export const tokenKey = (owner: Owner, connection: string, generation: number): string =>
  `${copyPrefix(owner)}${connection}/${generation}`
export const recoveryCopyKey = (owner: Owner, connection: string, generation: number): string =>
  `${tokenKey(owner, connection, generation)}/refresh`
export const keyPrefix = (owner: Owner): string => `${copyPrefix(owner)}key/`

const wrappedKeyKey = (owner: Owner, wrapped: string): string =>
  `${keyPrefix(owner)}${wrapped.split('.')[2] ?? ''}/${wrappedUnder(wrapped) ?? ''}`

/** Everything a generation may have left in KV. */
export const copiesOf = (owner: Owner, connection: string, generation: number): string[] =>
  [generation, generation - 1].flatMap((one) => [
    tokenKey(owner, connection, one),
    recoveryCopyKey(owner, connection, one),
  ])

export const tokenCopy = z.strictObject({
  v: z.literal(1),
  access: z.string(),
  accessExpiresAt: z.number().nullable(),
  accessLifetimeMs: z.number().nullable(),
  tokenAt: z.number(),
  details: z.record(z.string(), z.string()),
  places: z.string().nullable().default(null),
})
export const recoveryCopy = z.strictObject({
  v: z.literal(1),
  refresh: z.string(),
  refreshExpiresAt: z.number().nullable(),
  details: z.record(z.string(), z.string()),
  places: z.string().nullable().default(null),
})

/** KV takes no time to live under a minute; such a token is not worth a copy. */
const shortestMs = 60_000

export async function copyTokens(use: VaultUse, owner: Owner, connection: Connection): Promise<void> {
  // An administrator has it already, and can set it again.
  if (connection.kind !== 'user') return
  // The person signs in again.
  if (identityProviderOf(connection.provider) !== null) return
  const { id, generation, access, accessExpiresAt, accessLifetimeMs, tokenAt, details, places } = connection
  const { KV } = use.env
  const left = accessExpiresAt === null ? Number.POSITIVE_INFINITY : accessExpiresAt - use.now()
  if (access !== null && left >= shortestMs) {
    const times = { accessExpiresAt, accessLifetimeMs, tokenAt }
    const copy: z.input<typeof tokenCopy> = { v: 1, access, ...times, details, places }
    const options = Number.isFinite(left) ? { expirationTtl: Math.floor(left / 1000) } : {}
    await KV.put(tokenKey(owner, id, generation), JSON.stringify(copy), options)
  }
  await copyRefreshToken(use, owner, connection)
  if (generation > 1)
    await Promise.all(
      copiesOf(owner, id, generation - 1)
        .slice(0, 2)
        .map((key) => KV.delete(key)),
    )
}

async function copyRefreshToken(use: VaultUse, owner: Owner, connection: Connection): Promise<void> {
  const { recoveryKey } = use.config
  const { id, generation, refresh, refreshExpiresAt, details, places } = connection
  const opened = recoveryKey && refresh ? await use.keys.open(connection, 'refresh', refresh) : null
  if (!recoveryKey || !opened?.ok) return
  const context = recoveryContext(owner.project, owner.user, id, generation)
  const sealed = await sealToRecoveryKey(recoveryKey, context, opened.value)
  const copy: z.input<typeof recoveryCopy> = { v: 1, refresh: sealed, refreshExpiresAt, details, places }
  await use.env.KV.put(recoveryCopyKey(owner, id, generation), JSON.stringify(copy))
}

/** The user's key as it is wrapped now; the copy under a former key-encryption key, or of a destroyed key, goes. */
export async function copyKey(use: VaultUse, owner: OwnerRow): Promise<void> {
  const { wrappedKey, copiedKey } = owner
  if (wrappedKey === copiedKey) return
  if (wrappedKey !== null) await use.env.KV.put(wrappedKeyKey(owner, wrappedKey), wrappedKey)
  if (copiedKey !== null) await use.env.KV.delete(wrappedKeyKey(owner, copiedKey))
  use.keys.copied(wrappedKey)
}
