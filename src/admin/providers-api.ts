import { and, asc, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Json } from '../core/json.ts'
import { canonicalJson } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'
import { sealSecret } from '../core/seal.ts'
import { providers } from '../db/schema.ts'
import { builtinSpecs, clientSecretContext, makeProvider } from '../vault/vault.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const shown = z.object({
  id: z.string(),
  name: z.string(),
  spec: z.json().describe('Name of a spec that comes with Behalf, or a whole one.'),
  clientId: z.string(),
  hasSecret: z.boolean(),
  settings: z.json(),
  redirectUri: z.string().nullable().describe('What to register at the provider.'),
  updatedAt: z.int(),
})

const params = z.strictObject({ id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use 1 to 40 of a-z, 0-9 and -') })

export const providerRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/providers',
    summary: "The company's OAuth applications. Client secrets are never shown",
    role: 'auditor',
    reply: z.object({ items: z.array(shown), nextCursor: z.null(), builtin: z.array(z.string()) }),
    async read(_, use) {
      const rows = await use.db
        .select()
        .from(providers)
        .where(eq(providers.project, use.admin.project))
        .orderBy(asc(providers.id))
      return ok({ items: rows.map((row) => show(row, use)), nextCursor: null, builtin: [...builtinSpecs.keys()] })
    },
  }),
  readRoute({
    path: '/providers/{id}',
    summary: 'One provider',
    role: 'auditor',
    params,
    reply: shown,
    async read(input, use) {
      const row = await find(input.params.id, use)
      return row ? ok(show(row, use)) : refuse('core/not_found')
    },
  }),
  changeRoute({
    method: 'PUT',
    path: '/providers/{id}',
    summary: "Add or change the company's OAuth application at a provider",
    role: 'admin',
    params,
    body: z.strictObject({
      spec: z
        .union([z.string().min(1).max(40), z.looseObject({})])
        .optional()
        .describe('Default: the one named like the id.'),
      clientId: z.string().min(1).max(500),
      clientSecret: z.string().min(1).max(4000).nullable().optional().describe('Write-only. Left out: stays as it is.'),
      settings: z.looseObject({}).default({}),
    }),
    reply: shown,
    async change({ params: { id }, body }, use) {
      const { db, config, admin, now } = use
      const { clientId, clientSecret, settings } = body
      const spec: Json = (body.spec ?? id) as Json
      const row = await find(id, use)
      const made = makeProvider(config, { id, spec, settings, clientId, clientSecret: null })
      if (!made.ok) {
        const fault = made.error.evidence?.['fault']
        return refuse('core/bad_request', { message: typeof fault === 'string' ? fault : 'The provider is not valid.' })
      }
      // A kept secret would be sent to whatever token endpoint the new spec names.
      const moved =
        row !== null && canonicalJson([row.spec, row.settings] as Json) !== canonicalJson([spec, settings as Json])
      if (clientSecret === undefined && row?.sealedSecret && moved) {
        return refuse('core/bad_request', { message: 'body.clientSecret: give it again when spec or settings change' })
      }
      const kept = row?.sealedSecret ?? null
      return ok({
        action: row ? 'update' : 'create',
        target: `providers/${id}`,
        before: row ? { spec: row.spec as Json, clientId: row.clientId, settings: row.settings as Json } : null,
        after: { spec, clientId, settings: settings as Json, secretChanged: clientSecret !== undefined },
        async commit() {
          const sealedSecret =
            typeof clientSecret === 'string'
              ? await sealSecret(config, clientSecretContext(admin.project, id), clientSecret)
              : clientSecret === null
                ? null
                : kept
          const values = { spec, clientId, sealedSecret, settings, updatedAt: now() }
          const [saved] = await db
            .insert(providers)
            .values({ project: admin.project, id, ...values })
            .onConflictDoUpdate({ target: [providers.project, providers.id], set: values })
            .returning()
          return saved ? ok(show(saved, use)) : refuse('core/not_found')
        },
      })
    },
  }),
  changeRoute({
    method: 'DELETE',
    path: '/providers/{id}',
    summary: 'Remove a provider. Its connections stay in the vaults and cannot be used',
    role: 'admin',
    params,
    reply: z.object({ id: z.string() }),
    async change({ params: { id } }, use) {
      const { db, admin } = use
      const row = await find(id, use)
      if (!row) return refuse('core/not_found')
      return ok({
        action: 'delete',
        target: `providers/${id}`,
        before: { spec: row.spec as Json, clientId: row.clientId, settings: row.settings as Json },
        after: null,
        async commit() {
          await db.delete(providers).where(and(eq(providers.project, admin.project), eq(providers.id, id)))
          return ok({ id })
        },
      })
    },
  }),
]

function show(row: typeof providers.$inferSelect, { config }: AdminUse) {
  const { id, spec, clientId, settings, sealedSecret, updatedAt } = row
  const made = makeProvider(config, { id, spec, settings, clientId, clientSecret: null })
  return {
    id,
    name: made.ok ? made.value.name : id,
    spec: spec as z.core.util.JSONType,
    clientId,
    hasSecret: sealedSecret !== null,
    settings: settings as z.core.util.JSONType,
    redirectUri: made.ok ? made.value.redirectUri : null,
    updatedAt,
  }
}

async function find(id: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(providers)
    .where(and(eq(providers.project, admin.project), eq(providers.id, id)))
    .limit(1)
  return row ?? null
}
