import { z } from 'zod'
import { ledgerOf } from '../audit/audit.ts'
import { ok } from '../core/result.ts'
import { restoreVaults, rotateSecrets, rotateVaults } from '../vault/vault.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute } from './route.ts'

const perCall = 50
/** `next` of the call before; empty to begin. */
const place = z.string().max(100)

const sweepOf = ({ env, db, config, admin }: AdminUse) => ({ env, db, config, project: admin.project })

export const vaultRoutes: readonly AdminRoute[] = [
  changeRoute({
    method: 'POST',
    path: '/vault/rotate',
    summary: 'Put keys under BEHALF_KEK_ACTIVE, fifty vaults at a time. Call again with `next` until it is null',
    role: 'owner',
    body: z.strictObject({ after: place }),
    reply: z.object({
      active: z.string(),
      /** Keys that the deployment still has beside the active one. */
      others: z.array(z.string()),
      vaults: z.record(z.string(), z.int()),
      secrets: z.object({ rewrapped: z.int(), failed: z.int(), left: z.int() }),
      recordKeys: z.object({ rewrapped: z.int(), left: z.boolean() }),
      next: z.string().nullable(),
    }),
    async change({ body: { after } }, use) {
      const { activeKek: active, keks } = use.config
      return ok({
        action: 'rotate',
        target: 'vault/keys',
        before: null,
        after: { active, after },
        async commit() {
          const vaults = await rotateVaults(sweepOf(use), after, perCall)
          const secrets = await rotateSecrets(sweepOf(use), perCall)
          const recordKeys = await ledgerOf(use.env, use.admin.project).rewrapKeys(500)
          const others = [...keks.keys()].filter((kid) => kid !== active)
          return ok({ active, others, vaults: vaults.counts, secrets, recordKeys, next: vaults.next })
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/vault/restore',
    summary: 'Rebuild vaults that have lost their storage from their copies. Vaults that are there are left alone',
    role: 'owner',
    body: z.strictObject({
      user: z.string().min(1).max(100).optional().describe('One person. Left out: everybody, fifty at a time.'),
      after: place,
      recoveryKey: z
        .string()
        .max(1_000)
        .nullable()
        .default(null)
        .describe(
          'Private half of the recovery key (PKCS #8, base64), for refresh tokens. Used for this request only.',
        ),
    }),
    reply: z.object({
      vaults: z.int(),
      notLost: z.int(),
      connections: z.int(),
      needSignIn: z.int(),
      withRefreshToken: z.int(),
      next: z.string().nullable(),
    }),
    async change({ body: { user, after, recoveryKey } }, use) {
      return ok({
        action: 'restore',
        target: user === undefined ? 'vault' : `users/${user}/vault`,
        before: null,
        after: { after, withRecoveryKey: recoveryKey !== null },
        async commit() {
          const which = { after, limit: perCall, recoveryKey, ...(user === undefined ? {} : { user }) }
          const { counts, next } = await restoreVaults(sweepOf(use), which)
          return ok({ ...counts, next })
        },
      })
    },
  }),
]
