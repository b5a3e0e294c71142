import { z } from 'zod'
import { ok } from '../core/result.ts'
import type { AdminRoute } from './route.ts'
import { readRoute } from './route.ts'

export const meRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/me',
    summary: 'Whose token this is',
    role: 'auditor',
    reply: z.object({ project: z.string(), role: z.string(), name: z.string(), keyId: z.string().nullable() }),
    async read(_, { admin }) {
      return ok(admin)
    },
  }),
]
