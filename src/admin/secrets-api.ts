import { and, asc, eq, gt } from 'drizzle-orm'
import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import { secrets } from '../db/schema.ts'
import { sealToolSecret } from '../db/tool-secrets.ts'
import { afterText, pageOf, pageQuery, toPage } from './paging.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const secret = z.object({ name: z.string(), updatedAt: z.int(), updatedBy: z.string() })
const params = z.strictObject({
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'use 1 to 64 of A-Z, a-z, 0-9, _'),
})

export const secretRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/secrets',
    summary: 'Names of the secrets that tools may use. Values are never shown',
    role: 'auditor',
    query: pageQuery,
    reply: pageOf(secret),
    async read({ query: { limit, cursor } }, { db, admin }) {
      const rows = await db
        .select({ name: secrets.name, updatedAt: secrets.updatedAt, updatedBy: secrets.updatedBy })
        .from(secrets)
        .where(and(eq(secrets.project, admin.project), gt(secrets.name, afterText(cursor))))
        .orderBy(asc(secrets.name))
        .limit(limit + 1)
      return ok(toPage(rows, limit, (one) => one.name))
    },
  }),
  changeRoute({
    method: 'PUT',
    path: '/secrets/{name}',
    summary: 'Set a secret',
    role: 'admin',
    params,
    body: z.strictObject({ value: z.string().min(1).max(16_384) }),
    reply: secret,
    async change({ params: { name }, body }, use) {
      const { db, config, admin, now } = use
      const known = await exists(name, use)
      return ok({
        action: known ? 'update' : 'create',
        target: `secrets/${name}`,
        before: null,
        after: null,
        async commit() {
          const sealed = await sealToolSecret(config, admin.project, name, body.value)
          const row = { sealed, updatedAt: now(), updatedBy: admin.keyId ?? admin.name }
          await db
            .insert(secrets)
            .values({ project: admin.project, name, ...row })
            .onConflictDoUpdate({ target: [secrets.project, secrets.name], set: row })
          return ok({ name, ...row })
        },
      })
    },
  }),
  changeRoute({
    method: 'DELETE',
    path: '/secrets/{name}',
    summary: 'Forget a secret',
    role: 'admin',
    params,
    reply: z.object({ name: z.string() }),
    async change({ params: { name } }, use) {
      if (!(await exists(name, use))) return refuse('core/not_found')
      const { db, admin } = use
      return ok({
        action: 'delete',
        target: `secrets/${name}`,
        before: null,
        after: null,
        async commit() {
          await db.delete(secrets).where(and(eq(secrets.project, admin.project), eq(secrets.name, name)))
          return ok({ name })
        },
      })
    },
  }),
]

async function exists(name: string, { db, admin }: AdminUse): Promise<boolean> {
  const where = and(eq(secrets.project, admin.project), eq(secrets.name, name))
  return (await db.select({ name: secrets.name }).from(secrets).where(where).limit(1)).length > 0
}
