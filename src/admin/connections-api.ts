import { and, asc, eq, gt } from 'drizzle-orm'
import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import { connections, providers } from '../db/schema.ts'
import type { By, TakenBack } from '../vault/vault.ts'
import { takeBackProvider, vaultOf } from '../vault/vault.ts'
import { afterText, pageOf, pageQuery, toPage } from './paging.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const id = z.string().min(1).max(100)
const params = z.strictObject({ id })

/** For the record. */
const reason = z.string().trim().min(1).max(200)

const connection = z.object({
  id: z.string(),
  user: z.string(),
  provider: z.string(),
  account: z.string(),
  label: z.string(),
  scopes: z.json(),
  status: z.string(),
  reason: z.string().nullable(),
  isDefault: z.boolean(),
  createdAt: z.int(),
  updatedAt: z.int(),
  lastUsedAt: z.int().nullable(),
})

const query = pageQuery.extend({ user: id.optional(), provider: id.optional() })

/** `not_possible`: the provider has no way to revoke. `failed`: it did not confirm yet and is asked again for a few minutes. */
const taken = z.object({ id: z.string(), provider: z.string(), label: z.string(), atProvider: z.string() })
const show = ({ connection: one, revocation, ...rest }: TakenBack) => ({ id: one, ...rest, atProvider: revocation })

const usersPerCall = 50

export const connectionRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/connections',
    summary: "People's connections at providers. Tokens are never shown, to anybody",
    role: 'auditor',
    query,
    reply: pageOf(connection),
    async read({ query: { limit, cursor, user, provider } }, { db, admin }) {
      const rows = await db
        .select()
        .from(connections)
        .where(
          and(
            eq(connections.project, admin.project),
            gt(connections.id, afterText(cursor)),
            user === undefined ? undefined : eq(connections.user, user),
            provider === undefined ? undefined : eq(connections.provider, provider),
          ),
        )
        .orderBy(asc(connections.id))
        .limit(limit + 1)
      const shown = rows.map((row) => ({ ...row, scopes: row.scopes as z.core.util.JSONType }))
      return ok(toPage(shown, limit, (one) => one.id))
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/connections/{id}/revoke',
    summary: 'Take one connection back: from live sessions within 5 s, from storage, and at the provider',
    role: 'admin',
    params,
    body: z.strictObject({ reason }),
    reply: taken,
    async change({ params: wanted, body }, use) {
      const row = await find(wanted.id, use)
      if (!row) return refuse('core/not_found')
      return ok({
        action: 'revoke',
        target: `connections/${row.id}`,
        before: { user: row.user, provider: row.provider, status: row.status },
        after: null,
        async commit() {
          const done = await vaultOf(use.env, row.user).disconnect(row.id, byAdmin(use, body.reason))
          return done ? ok(show(done)) : refuse('core/not_found')
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/connections/{id}/suspend',
    summary: 'Lend nothing of a connection until it is resumed. The grant at the provider stays',
    role: 'admin',
    params,
    reply: z.object({ status: z.string() }),
    change: ({ params: wanted }, use) => setSuspended(wanted.id, true, use),
  }),
  changeRoute({
    method: 'POST',
    path: '/connections/{id}/resume',
    summary: 'Undo a suspension',
    role: 'admin',
    params,
    reply: z.object({ status: z.string() }),
    change: ({ params: wanted }, use) => setSuspended(wanted.id, false, use),
  }),
  changeRoute({
    method: 'POST',
    path: '/users/{id}/connections/revoke',
    summary: 'Take back all connections of one person',
    role: 'admin',
    params,
    body: z.strictObject({ reason }),
    reply: z.object({ connections: z.array(taken) }),
    async change({ params: { id: user }, body }, use) {
      const [any] = await use.db
        .select({ id: connections.id })
        .from(connections)
        .where(and(eq(connections.project, use.admin.project), eq(connections.user, user)))
        .limit(1)
      if (!any) return refuse('core/not_found')
      return ok({
        action: 'revoke',
        target: `users/${user}/connections`,
        before: null,
        after: null,
        async commit() {
          const done = await vaultOf(use.env, user).disconnectAll(byAdmin(use, body.reason))
          return ok({ connections: done.map(show) })
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/providers/{id}/connections/revoke',
    summary:
      'Take back all connections at one provider, fifty people at a time. Call again with `next` until it is null',
    role: 'admin',
    params,
    body: z.strictObject({ reason, after: z.string().max(100).default('') }),
    reply: z.object({ revoked: z.record(z.string(), z.int()), next: z.string().nullable() }),
    async change({ params: { id: provider }, body }, use) {
      // A provider that was removed may have left connections behind.
      if (!(await isKnown(provider, use))) return refuse('core/not_found')
      return ok({
        action: 'revoke',
        target: `providers/${provider}/connections`,
        before: null,
        after: { after: body.after },
        async commit() {
          const sweep = { env: use.env, db: use.db, config: use.config, project: use.admin.project }
          const done = await takeBackProvider(sweep, provider, byAdmin(use, body.reason), body.after, usersPerCall)
          return ok({ revoked: done.counts, next: done.next })
        },
      })
    },
  }),
]

export function byAdmin({ admin }: AdminUse, reason?: string): By {
  return { kind: 'admin', id: admin.keyId ?? admin.name, ...(reason === undefined ? {} : { reason }) }
}

async function setSuspended(wanted: string, suspended: boolean, use: AdminUse) {
  const row = await find(wanted, use)
  if (!row) return refuse('core/not_found')
  return ok({
    action: suspended ? 'suspend' : 'resume',
    target: `connections/${row.id}`,
    before: { status: row.status },
    after: null,
    async commit() {
      const vault = vaultOf(use.env, row.user)
      const done = await (suspended ? vault.suspend(row.id, byAdmin(use)) : vault.resume(row.id, byAdmin(use)))
      return done ? ok({ status: suspended ? 'suspended' : 'active' }) : refuse('admin/conflict')
    },
  })
}

async function isKnown(provider: string, { db, admin }: AdminUse): Promise<boolean> {
  const [configured, used] = await db.batch([
    db
      .select({ id: providers.id })
      .from(providers)
      .where(and(eq(providers.project, admin.project), eq(providers.id, provider)))
      .limit(1),
    db
      .select({ id: connections.id })
      .from(connections)
      .where(and(eq(connections.project, admin.project), eq(connections.provider, provider)))
      .limit(1),
  ])
  return configured.length + used.length > 0
}

async function find(wanted: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(connections)
    .where(and(eq(connections.project, admin.project), eq(connections.id, wanted)))
    .limit(1)
  return row ?? null
}
