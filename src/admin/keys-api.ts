import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import { createKey, listKeys, revokeKey } from '../identity/identity.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const key = z.object({
  id: z.string(),
  kind: z.enum(['app', 'admin']),
  prefix: z.string(),
  name: z.string(),
  role: z.string(),
  agent: z.string().nullable(),
  actsFor: z.string().nullable(),
  createdAt: z.int(),
  createdBy: z.string(),
  expiresAt: z.int().nullable(),
  revokedAt: z.int().nullable(),
})

const name = z.string().trim().min(1).max(100)
const expiresAt = z.int().nullable().default(null).describe('Epoch milliseconds; null: never.')

const wanted = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('admin'),
    name,
    role: z.enum(['owner', 'admin', 'editor', 'auditor']),
    expiresAt,
  }),
  z.strictObject({
    kind: z.literal('app'),
    name,
    agent: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'use 1 to 63 of a-z, 0-9, _ and -'),
    actsFor: z.string().min(1).max(500).nullable().default(null),
    expiresAt,
  }),
])

export const keyRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/keys',
    summary: 'List app keys and admin tokens, without their secrets',
    role: 'auditor',
    reply: z.object({ items: z.array(key), nextCursor: z.null() }),
    async read(_, { db, admin }) {
      return ok({ items: await listKeys(db, admin.project), nextCursor: null })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/keys',
    summary: 'Make a key. Its token is shown this once. Only an owner makes an owner',
    role: 'admin',
    status: 201,
    body: wanted,
    reply: z.object({ token: z.string(), key }),
    async change({ body }, { admin, identity }) {
      return ok({
        action: 'create',
        target: `keys/${body.name}`,
        before: null,
        after: body,
        commit: () => createKey(admin, body, identity),
      })
    },
  }),
  changeRoute({
    method: 'DELETE',
    path: '/keys/{id}',
    summary: 'Revoke a key. The sessions of its agent end at once',
    role: 'admin',
    params: z.strictObject({ id: z.string().min(1).max(100) }),
    reply: key,
    async change({ params: { id } }, { db, admin, identity }) {
      const found = (await listKeys(db, admin.project)).find((one) => one.id === id)
      if (!found) return refuse('core/not_found')
      return ok({
        action: 'revoke',
        target: `keys/${id}`,
        before: { name: found.name, prefix: found.prefix, revokedAt: found.revokedAt },
        after: null,
        commit: () => revokeKey(admin, id, identity),
      })
    },
  }),
]
