import { and, asc, eq } from 'drizzle-orm'
import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import { identityProviders } from '../db/schema.ts'
import { identityProviderSettings, saveIdentityProvider } from '../identity/identity.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const shown = z.object({
  id: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  hasSecret: z.boolean(),
  settings: z.json(),
  active: z.boolean(),
})

const params = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'use 1 to 64 of a-z, 0-9, _ and -'),
})

export const identityProviderRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/identity-providers',
    summary: 'Where people sign in. Client secrets are never shown',
    role: 'auditor',
    reply: z.object({ items: z.array(shown), nextCursor: z.null() }),
    async read(_, { db, admin }) {
      const rows = await db
        .select()
        .from(identityProviders)
        .where(eq(identityProviders.project, admin.project))
        .orderBy(asc(identityProviders.id))
      return ok({ items: rows.map(show), nextCursor: null })
    },
  }),
  readRoute({
    path: '/identity-providers/{id}',
    summary: 'One identity provider',
    role: 'auditor',
    params,
    reply: shown,
    async read(input, use) {
      const row = await find(input.params.id, use)
      return row ? ok(show(row)) : refuse('core/not_found')
    },
  }),
  changeRoute({
    method: 'PUT',
    path: '/identity-providers/{id}',
    summary: 'Add or change an OpenID Connect issuer',
    role: 'admin',
    params,
    body: z.strictObject({
      issuer: z.url({ protocol: /^https?$/ }).max(500),
      clientId: z.string().min(1).max(500),
      clientSecret: z
        .string()
        .min(1)
        .max(4000)
        .nullable()
        .optional()
        .describe('Write-only. Left out: stays as it is. null: a public client.'),
      settings: identityProviderSettings.prefault({}),
      active: z.boolean().default(true),
    }),
    reply: shown,
    async change({ params: { id }, body }, use) {
      const { db, config, admin, now } = use
      const { issuer, clientId, clientSecret, settings, active } = body
      const row = await find(id, use)
      if (!config.development && !issuer.startsWith('https:')) {
        return refuse('core/bad_request', { message: 'body.issuer: has to begin with https://' })
      }
      // A kept secret would be sent to whatever token endpoint the new issuer names.
      if (clientSecret === undefined && row?.sealedSecret && row.issuer !== issuer) {
        return refuse('core/bad_request', { message: 'body.clientSecret: give it again when the issuer changes' })
      }
      return ok({
        action: row ? 'update' : 'create',
        target: `identity-providers/${id}`,
        before: row ? show(row) : null,
        after: {
          id,
          issuer,
          clientId,
          settings,
          active,
          hasSecret: clientSecret === undefined ? !!row?.sealedSecret : clientSecret !== null,
          secretChanged: clientSecret !== undefined,
        },
        async commit() {
          const where = and(eq(identityProviders.project, admin.project), eq(identityProviders.id, id))
          if (clientSecret === undefined && row) {
            await db.update(identityProviders).set({ issuer, clientId, settings, active }).where(where)
          } else {
            const provider = { id, issuer, clientId, clientSecret: clientSecret ?? null, settings }
            await saveIdentityProvider(db, config, admin.project, provider, now())
            await db.update(identityProviders).set({ active }).where(where)
          }
          const saved = await find(id, use)
          return saved ? ok(show(saved)) : refuse('core/not_found')
        },
      })
    },
  }),
]

type Row = typeof identityProviders.$inferSelect

const show = ({ id, issuer, clientId, sealedSecret, settings, active }: Row) => ({
  id,
  issuer,
  clientId,
  hasSecret: sealedSecret !== null,
  settings: settings as z.core.util.JSONType,
  active,
})

async function find(id: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(identityProviders)
    .where(and(eq(identityProviders.project, admin.project), eq(identityProviders.id, id)))
    .limit(1)
  return row ?? null
}
