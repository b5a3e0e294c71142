import { z } from 'zod'
import { ledgerOf, readRetention, retentionSettings, saveRetention } from '../audit/audit.ts'
import { ok } from '../core/result.ts'
import type { AdminRoute } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const settings = z.object(retentionSettings.shape)

export const retentionRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/retention',
    summary: 'How long the record is kept and where it lies',
    role: 'auditor',
    reply: z.object({
      settings,
      records: z.int(),
      archivedUpTo: z.int().describe('Records before this sequence are in the archive and are not searched.'),
      expiredUpTo: z.int().describe('Records before this sequence are nowhere any more; their hashes are.'),
      searchableBytes: z.number().describe('About what the record takes of D1.'),
      d1Bytes: z.number().nullable().describe('The whole database, of all projects.'),
      ledgerBytes: z.number(),
      alarms: z.array(z.string()).describe('docs/operations.md says what to do about each.'),
      parts: z.array(
        z.object({
          from: z.int(),
          to: z.int(),
          key: z.string(),
          bytes: z.int(),
          lastAt: z.int(),
          state: z.enum(['stored', 'archived', 'expired']),
        }),
      ),
    }),
    async read(_, { env, admin }) {
      const ledger = ledgerOf(env, admin.project)
      const [current, status, parts] = await Promise.all([
        readRetention(env.DB, admin.project),
        ledger.storageStatus(),
        ledger.parts(),
      ])
      return ok({
        ...status,
        settings: current,
        parts: parts.map(({ from_sequence: from, up_to: to, key, bytes, last_at: lastAt, state }) => {
          return { from, to, key, bytes, lastAt, state }
        }),
      })
    },
  }),
  changeRoute({
    method: 'PUT',
    path: '/retention',
    summary: 'Say how long the record is kept. What is older leaves D1 for the archive, or is deleted, within the hour',
    role: 'owner',
    body: retentionSettings,
    reply: settings,
    async change({ body }, { env, admin, now }) {
      const before = await readRetention(env.DB, admin.project)
      return ok({
        action: 'update',
        target: 'retention',
        before,
        after: body,
        async commit() {
          await saveRetention(env.DB, admin.project, body, now())
          return ok(body)
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/retention/run',
    summary: 'Move to the archive, and delete, what is due now',
    role: 'owner',
    reply: z.object({ archivedUpTo: z.int(), expiredUpTo: z.int(), alarms: z.array(z.string()) }),
    async change(_, { env, admin }) {
      return ok({
        action: 'run',
        target: 'retention',
        before: null,
        after: null,
        commit: async () => ok(await ledgerOf(env, admin.project).archiveNow(admin.project)),
      })
    },
  }),
]
