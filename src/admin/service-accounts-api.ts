import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import type { UserId } from '../core/ids.ts'
import { serviceAccountId } from '../core/ids.ts'
import { users } from '../db/schema.ts'
import { addServiceAccount } from '../identity/identity.ts'
import { serviceCredentialSchema, vaultOf } from '../vault/vault.ts'
import { byAdmin } from './connections-api.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute } from './route.ts'

const params = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'use 1 to 63 of a-z, 0-9, _ and -'),
})
const scope = z.string().min(1).max(300)

export const serviceAccountRoutes: readonly AdminRoute[] = [
  changeRoute({
    method: 'PUT',
    path: '/service-accounts/{name}',
    summary: 'Add a service account, for agents without a person or for tools that share one credential',
    role: 'admin',
    params,
    reply: z.object({ id: z.string(), name: z.string() }),
    async change({ params: { name } }, use) {
      const known = await find(name, use)
      return ok({
        action: known ? 'update' : 'create',
        target: `service-accounts/${name}`,
        before: null,
        after: { name },
        async commit() {
          return ok({ id: await addServiceAccount(use.db, use.admin.project, name, use.now()), name })
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/service-accounts/{name}/credentials',
    summary: "Set a service account's own credential at a provider. It is tried first, sealed, and never shown again",
    role: 'admin',
    params,
    body: z.strictObject({
      provider: z.string().min(1).max(40),
      scopes: z.array(scope).max(100).describe('What tools may use it for. What it can do beyond that is not used.'),
      credential: serviceCredentialSchema,
    }),
    reply: z.object({
      id: z.string(),
      kind: z.string(),
      provider: z.string(),
      label: z.string(),
      scopes: z.array(scope),
    }),
    async change({ params: { name }, body: { provider, scopes, credential } }, use) {
      const user = await find(name, use)
      if (user === null) return refuse('core/not_found')
      return ok({
        action: 'set-credential',
        target: `service-accounts/${name}/credentials/${provider}`,
        before: null,
        after: { kind: credential.kind, scopes },
        async commit() {
          const owner = { project: use.admin.project, user }
          const set = await vaultOf(use.env, user).setCredential(owner, provider, { credential, scopes }, byAdmin(use))
          return set.ok ? ok({ ...set.value, scopes: [...set.value.scopes] }) : set
        },
      })
    },
  }),
]

async function find(name: string, { db, admin }: AdminUse): Promise<UserId | null> {
  const id = await serviceAccountId(admin.project, name)
  const where = and(eq(users.project, admin.project), eq(users.id, id))
  return (await db.select({ id: users.id }).from(users).where(where).limit(1)).length > 0 ? id : null
}
