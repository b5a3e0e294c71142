import { and, asc, eq, gt, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { UserId } from '../core/ids.ts'
import { ok, refuse } from '../core/result.ts'
import { groups, memberships, users } from '../db/schema.ts'
import { revokeUser } from '../identity/identity.ts'
import { vaultOf } from '../vault/vault.ts'
import { afterText, pageOf, pageQuery, toPage } from './paging.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const params = z.strictObject({ id: z.string().min(1).max(100) })

const user = z.object({
  id: z.string(),
  kind: z.enum(['person', 'service_account']),
  issuer: z.string(),
  subject: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  manager: z.string().nullable(),
  active: z.boolean(),
  createdAt: z.int(),
  updatedAt: z.int(),
  lastSeenAt: z.int().nullable(),
})

const query = pageQuery.extend({
  q: z.string().min(1).max(200).optional().describe('Part of the name or the address.'),
  active: z.enum(['true', 'false']).optional(),
})

export const userRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/users',
    summary: 'List people and service accounts',
    role: 'auditor',
    query,
    reply: pageOf(user),
    async read({ query: { limit, cursor, q, active } }, { db, admin }) {
      const rows = await db
        .select()
        .from(users)
        .where(
          and(
            eq(users.project, admin.project),
            gt(users.id, afterText(cursor)),
            active === undefined ? undefined : eq(users.active, active === 'true'),
            q === undefined ? undefined : or(contains(users.name, q), contains(users.email, q)),
          ),
        )
        .orderBy(asc(users.id))
        .limit(limit + 1)
      return ok(toPage(rows, limit, (one) => one.id))
    },
  }),
  readRoute({
    path: '/users/{id}',
    summary: 'One person, with groups and attributes',
    role: 'auditor',
    params,
    reply: user.extend({
      attributes: z.json(),
      groups: z.array(z.object({ id: z.string(), name: z.string(), source: z.string() })),
    }),
    async read(input, use) {
      const row = await find(input.params.id, use)
      if (!row) return refuse('core/not_found')
      return ok({ ...row, attributes: row.attributes as z.core.util.JSONType, groups: await groupsOf(row.id, use) })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/users/{id}/deactivate',
    summary: 'Offboard: nothing works for this person any more, here and now',
    role: 'admin',
    params,
    reply: z.object({ active: z.boolean(), grants: z.int(), connections: z.int() }),
    async change({ params: { id } }, use) {
      const row = await find(id, use)
      if (!row) return refuse('core/not_found')
      return ok({
        action: 'deactivate',
        target: `users/${id}`,
        before: { active: row.active },
        after: { active: false },
        async commit() {
          // First the row: whoever asks from now on is refused, then everyone who is in already is put out.
          await setActive(id, false, use)
          const { project } = use.admin
          const by = use.admin.keyId ?? use.admin.name
          const [{ grants }, connections] = await Promise.all([
            revokeUser(use.identity, project, id as UserId, { by, reason: 'offboarded' }),
            vaultOf(use.env, id).offboard({ project, user: id }, { kind: 'admin', id: by, reason: 'offboarded' }),
          ])
          return ok({ active: false, grants, connections: connections.length })
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/users/{id}/activate',
    summary: 'Let a person in again. They sign in and connect anew',
    role: 'admin',
    params,
    reply: z.object({ active: z.boolean() }),
    async change({ params: { id } }, use) {
      const row = await find(id, use)
      if (!row) return refuse('core/not_found')
      return ok({
        action: 'activate',
        target: `users/${id}`,
        before: { active: row.active },
        after: { active: true },
        async commit() {
          await vaultOf(use.env, id).reopen({ kind: 'admin', id: use.admin.keyId ?? use.admin.name })
          await setActive(id, true, use)
          return ok({ active: true })
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/users/{id}/sign-out',
    summary: 'End every grant, session and browser of a person. They may sign in again',
    role: 'admin',
    params,
    reply: z.object({ grants: z.int() }),
    async change({ params: { id } }, use) {
      if (!(await find(id, use))) return refuse('core/not_found')
      const by = { by: use.admin.keyId ?? use.admin.name, reason: 'signed_out_by_admin' }
      return ok({
        action: 'sign-out',
        target: `users/${id}`,
        before: null,
        after: null,
        commit: async () => ok(await revokeUser(use.identity, use.admin.project, id as UserId, by)),
      })
    },
  }),
]

/** LIKE with its own signs taken literally: `%` from outside would match everybody (attack case 37). */
function contains(column: typeof users.name | typeof users.email, text: string) {
  return sql`${column} LIKE ${`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`} ESCAPE '\\'`
}

async function find(id: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(users)
    .where(and(eq(users.project, admin.project), eq(users.id, id)))
    .limit(1)
  return row ?? null
}

async function groupsOf(id: string, { db, admin }: AdminUse) {
  return db
    .select({ id: groups.id, name: groups.name, source: memberships.source })
    .from(memberships)
    .innerJoin(groups, and(eq(groups.project, memberships.project), eq(groups.id, memberships.group)))
    .where(and(eq(memberships.project, admin.project), eq(memberships.user, id)))
    .orderBy(asc(groups.name))
}

async function setActive(id: string, active: boolean, { db, admin, now }: AdminUse): Promise<void> {
  await db
    .update(users)
    .set({ active, updatedAt: now() })
    .where(and(eq(users.project, admin.project), eq(users.id, id)))
}
