import { z } from 'zod'
import { ok, refuse } from '../core/result.ts'
import { endSessions, readHeadBySlug } from '../gateways/gateways.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute } from './route.ts'

const id = z.string().min(1).max(200)

const match = z.union([
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({ user: id }),
  z.strictObject({ agent: id }),
  z.strictObject({ session: id }),
])

export const sessionRoutes: readonly AdminRoute[] = [
  changeRoute({
    method: 'POST',
    path: '/sessions/end',
    summary: 'Kill switch: end live sessions of a person, an agent, a gateway or all. New ones may begin',
    role: 'admin',
    body: z.strictObject({
      match,
      gateway: z.string().min(1).max(64).nullable().default(null).describe('Name of one gateway; null: every gateway.'),
      reason: z.string().trim().min(1).max(200).default('ended_by_admin'),
    }),
    reply: z.object({ sessions: z.int(), pending: z.int() }),
    async change({ body }, { env, db, admin }) {
      const head = body.gateway === null ? null : await readHeadBySlug(db, admin.project, body.gateway)
      if (body.gateway !== null && !head) return refuse('core/not_found')
      const which = { gateway: head?.gateway ?? null, match: body.match, reason: body.reason }
      return ok({
        action: 'end',
        target: 'sessions',
        before: null,
        after: body,
        commit: async () => ok(await endSessions(env, admin.project, which)),
      })
    },
  }),
]
