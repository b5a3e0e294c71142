import { and, asc, eq, gt } from 'drizzle-orm'
import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import { agents } from '../db/schema.ts'
import { endSessions, principalsChanged } from '../gateways/gateways.ts'
import { createRegisteredClient } from '../identity/identity.ts'
import { afterText, pageOf, pageQuery, toPage } from './paging.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const params = z.strictObject({ id: z.string().min(1).max(100) })
const trust = z.enum(['unknown', 'known', 'trusted'])

const agent = z.object({
  id: z.string(),
  kind: z.enum(['cimd', 'dcr', 'registered', 'app_key']),
  clientId: z.string(),
  name: z.string(),
  host: z.string().nullable(),
  trust,
  disabled: z.boolean(),
  createdAt: z.int(),
  lastSeenAt: z.int().nullable(),
})

export const agentRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/agents',
    summary: 'List the applications that have called or may call',
    role: 'auditor',
    query: pageQuery,
    reply: pageOf(agent),
    async read({ query: { limit, cursor } }, { db, admin }) {
      const rows = await db
        .select()
        .from(agents)
        .where(and(eq(agents.project, admin.project), gt(agents.id, afterText(cursor))))
        .orderBy(asc(agents.id))
        .limit(limit + 1)
      return ok(toPage(rows, limit, (one) => one.id))
    },
  }),
  readRoute({
    path: '/agents/{id}',
    summary: 'One agent',
    role: 'auditor',
    params,
    reply: agent,
    async read(input, use) {
      const row = await find(input.params.id, use)
      return row ? ok(row) : refuse('core/not_found')
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/agents',
    summary: 'Make an OAuth client by hand. The secret is shown this once',
    role: 'admin',
    status: 201,
    body: z.strictObject({
      name: z.string().trim().min(1).max(100),
      redirectUris: z.array(z.string().max(2000)).min(1).max(20),
      confidential: z.boolean().default(false),
    }),
    reply: z.object({ clientId: z.string(), clientSecret: z.string().nullable() }),
    async change({ body }, { admin, identity }) {
      return ok({
        action: 'create',
        target: `agents/${body.name}`,
        before: null,
        after: body,
        commit: () => createRegisteredClient(admin, body, identity),
      })
    },
  }),
  changeRoute({
    method: 'PATCH',
    path: '/agents/{id}',
    summary: 'Trust or disable an agent. Disabling ends its sessions at once',
    role: 'admin',
    params,
    body: z
      .strictObject({ trust: trust.optional(), disabled: z.boolean().optional() })
      .refine((body) => body.trust !== undefined || body.disabled !== undefined, 'say trust or disabled'),
    reply: agent,
    async change({ params: { id }, body }, use) {
      const { env, db, admin } = use
      const row = await find(id, use)
      if (!row) return refuse('core/not_found')
      const next = { trust: body.trust ?? row.trust, disabled: body.disabled ?? row.disabled }
      return ok({
        action: 'update',
        target: `agents/${id}`,
        before: { trust: row.trust, disabled: row.disabled },
        after: next,
        async commit() {
          await db
            .update(agents)
            .set(next)
            .where(and(eq(agents.project, admin.project), eq(agents.id, id)))
          if (next.disabled) {
            await endSessions(env, admin.project, { gateway: null, match: { agent: id }, reason: 'agent_disabled' })
          } else if (next.trust !== row.trust) await principalsChanged(env, admin.project, { agent: id })
          return ok({ ...row, ...next })
        },
      })
    },
  }),
]

async function find(id: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(agents)
    .where(and(eq(agents.project, admin.project), eq(agents.id, id)))
    .limit(1)
  return row ?? null
}
