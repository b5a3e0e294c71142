import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { ledgerOf } from '../audit/audit.ts'
import type { UserId } from '../core/ids.ts'
import { ok, refuse } from '../core/result.ts'
import { memberships, users } from '../db/schema.ts'
import { revokeUser } from '../identity/identity.ts'
import { vaultOf } from '../vault/vault.ts'
import { byAdmin } from './connections-api.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute } from './route.ts'

export const eraseRoutes: readonly AdminRoute[] = [
  changeRoute({
    method: 'POST',
    path: '/users/{id}/erase',
    summary: 'Erase a person for good: offboard, destroy their keys, forget who they were. The record stays provable',
    role: 'owner',
    params: z.strictObject({ id: z.string().min(1).max(100) }),
    body: z.strictObject({ reason: z.string().trim().min(1).max(200) }),
    reply: z.object({
      connections: z.int(),
      revocations: z.record(z.string(), z.int()),
      vaultKey: z.string().nullable().describe('Id of the key that was destroyed.'),
      recordKey: z.boolean().describe('A key for what the record says about the person was destroyed.'),
      erasedAt: z.int(),
    }),
    async change({ params: { id }, body: { reason } }, use) {
      const { db, admin, now } = use
      const { project } = admin
      const where = and(eq(users.project, project), eq(users.id, id))
      const [row] = await db.select({ active: users.active }).from(users).where(where).limit(1)
      if (!row) return refuse('core/not_found')
      return ok({
        action: 'erase',
        target: `users/${id}`,
        before: { active: row.active },
        after: null,
        async commit() {
          await db.update(users).set({ active: false, updatedAt: now() }).where(where)
          await revokeUser(use.identity, project, id as UserId, { by: admin.keyId ?? admin.name, reason: 'erased' })
          const certificate = await vaultOf(use.env, id).shred({ project, user: id }, byAdmin(use, reason))
          const recordKey = await ledgerOf(use.env, project).eraseUser(id)
          // The id stays, so that the same person cannot come back as if nothing had been; it is a hash.
          const nobody = { name: 'Erased', email: null, subject: `erased:${id}`, manager: null, attributes: {} }
          await db.batch([
            db
              .update(users)
              .set({ ...nobody, updatedAt: now() })
              .where(where),
            db.delete(memberships).where(and(eq(memberships.project, project), eq(memberships.user, id))),
          ])
          return ok({
            connections: certificate?.connections ?? 0,
            revocations: certificate?.revocations ?? {},
            vaultKey: certificate?.key ?? null,
            recordKey,
            erasedAt: certificate?.shreddedAt ?? now(),
          })
        },
      })
    },
  }),
]
