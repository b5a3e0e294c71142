import { and, asc, eq, gt } from 'drizzle-orm'
import { z } from 'zod'
import { uuidv7 } from '../core/ids.ts'
import { ok, refuse } from '../core/result.ts'
import { groups, memberships, users } from '../db/schema.ts'
import { principalsChanged } from '../gateways/gateways.ts'
import { afterText, pageOf, pageQuery, toPage } from './paging.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

/** Who says so: what an administrator adds here, no sign-in and no directory takes away, and the other way round. */
const manual = 'manual'

const id = z.string().min(1).max(100)
const group = z.object({ id: z.string(), name: z.string(), source: z.string() })
const member = z.object({ user: z.string(), name: z.string(), source: z.string() })
const membership = z.object({ group: z.string(), user: z.string(), member: z.boolean() })

export const groupRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/groups',
    summary: 'List groups: from the directory, from sign-ins, and made here',
    role: 'auditor',
    query: pageQuery,
    reply: pageOf(group),
    async read({ query: { limit, cursor } }, { db, admin }) {
      const rows = await db
        .select()
        .from(groups)
        .where(and(eq(groups.project, admin.project), gt(groups.id, afterText(cursor))))
        .orderBy(asc(groups.id))
        .limit(limit + 1)
      return ok(toPage(rows, limit, (one) => one.id))
    },
  }),
  readRoute({
    path: '/groups/{id}/members',
    summary: 'Members of a group, and who says so',
    role: 'auditor',
    params: z.strictObject({ id }),
    query: pageQuery,
    reply: pageOf(member),
    async read({ params, query: { limit, cursor } }, use) {
      const { db, admin } = use
      if (!(await find(params.id, use))) return refuse('core/not_found')
      const rows = await db
        .select({ user: users.id, name: users.name, source: memberships.source })
        .from(memberships)
        .innerJoin(users, and(eq(users.project, memberships.project), eq(users.id, memberships.user)))
        .where(
          and(
            eq(memberships.project, admin.project),
            eq(memberships.group, params.id),
            gt(memberships.user, afterText(cursor)),
          ),
        )
        .orderBy(asc(memberships.user))
        .limit(limit + 1)
      return ok(toPage(rows, limit, (one) => one.user))
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/groups',
    summary: 'Make a group',
    role: 'admin',
    status: 201,
    body: z.strictObject({ name: z.string().trim().min(1).max(200) }),
    reply: group,
    async change({ body: { name } }, { db, admin, now }) {
      const row = { project: admin.project, id: uuidv7(now()), name, source: manual }
      return ok({
        action: 'create',
        target: `groups/${name}`,
        before: null,
        after: { name },
        async commit() {
          const [made] = await db.insert(groups).values(row).onConflictDoNothing().returning()
          return made ? ok(made) : refuse('admin/conflict', { message: `There is a group ${name} already.` })
        },
      })
    },
  }),
  changeRoute({
    method: 'DELETE',
    path: '/groups/{id}',
    summary: 'Delete a group that was made here',
    role: 'admin',
    params: z.strictObject({ id }),
    reply: group,
    async change({ params }, use) {
      const { db, admin } = use
      const found = await find(params.id, use)
      if (!found) return refuse('core/not_found')
      if (found.source !== manual)
        return refuse('admin/conflict', { message: `It comes from ${found.source}, not from here.` })
      const own = and(eq(memberships.project, admin.project), eq(memberships.group, params.id))
      return ok({
        action: 'delete',
        target: `groups/${params.id}`,
        before: { name: found.name },
        after: null,
        async commit() {
          await db.batch([
            db.delete(memberships).where(own),
            db.delete(groups).where(and(eq(groups.project, admin.project), eq(groups.id, params.id))),
          ])
          await principalsChanged(use.env, admin.project, { all: true })
          return ok(found)
        },
      })
    },
  }),
  ...([true, false] as const).map((wanted) =>
    changeRoute({
      method: wanted ? 'PUT' : 'DELETE',
      path: '/groups/{id}/members/{user}',
      summary: wanted ? 'Put a person into a group' : 'Take a person out, as far as it was said here',
      role: 'admin',
      params: z.strictObject({ id, user: id }),
      reply: membership,
      async change({ params }, use) {
        const { db, admin } = use
        const person = and(eq(users.project, admin.project), eq(users.id, params.user))
        const [known] = await db.select({ id: users.id }).from(users).where(person).limit(1)
        if (!known || !(await find(params.id, use))) return refuse('core/not_found')
        const row = { project: admin.project, user: params.user, group: params.id, source: manual }
        return ok({
          action: wanted ? 'add-member' : 'remove-member',
          target: `groups/${params.id}`,
          before: wanted ? null : { user: params.user },
          after: wanted ? { user: params.user } : null,
          async commit() {
            if (wanted) await db.insert(memberships).values(row).onConflictDoNothing()
            else await db.delete(memberships).where(exactly(row))
            await principalsChanged(use.env, admin.project, { user: params.user })
            return ok({ group: params.id, user: params.user, member: wanted })
          },
        })
      },
    }),
  ),
]

function exactly({ project, user, group: of, source }: typeof memberships.$inferInsert) {
  return and(
    eq(memberships.project, project),
    eq(memberships.user, user),
    eq(memberships.group, of),
    eq(memberships.source, source),
  )
}

async function find(wanted: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(groups)
    .where(and(eq(groups.project, admin.project), eq(groups.id, wanted)))
    .limit(1)
  return row ?? null
}
