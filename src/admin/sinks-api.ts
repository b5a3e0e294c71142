import { z } from 'zod'
import { deleteSink, ledgerOf, listSinks, saveSink, sinkInput } from '../audit/audit.ts'
import type { SinkStatus, SinkView } from '../audit/audit.ts'
import type { Json } from '../core/json.ts'
import { ok, refuse } from '../core/result.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const status = z.object({
  waiting: z.int().describe('Records that have not gone out yet.'),
  waitingSince: z.int().nullable(),
  delivered: z.int(),
  deliveredAt: z.int().nullable(),
  deadLetters: z.int().describe('Records the receiver refused for good.'),
  failures: z.int().describe('In a row.'),
  error: z.string().nullable(),
  nextAt: z.int(),
})
const shown = z.object({
  id: z.string(),
  enabled: z.boolean(),
  settings: z.json(),
  hasSecret: z.boolean(),
  updatedAt: z.int(),
  status: status.nullable(),
})
const params = z.strictObject({ id: z.string().min(1).max(64) })
const letter = z.object({ from: z.int(), to: z.int(), count: z.int(), reason: z.string(), at: z.int() })

export const sinkRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/sinks',
    summary: 'Where the record is sent, and how far each has got',
    role: 'auditor',
    reply: z.object({ items: z.array(shown) }),
    async read(_, use) {
      const [sinks, all] = await Promise.all([
        listSinks(use.db, use.admin.project),
        ledgerOf(use.env, use.admin.project).sinkStatus(),
      ])
      return ok({ items: sinks.map((sink) => view(sink, all)) })
    },
  }),
  changeRoute({
    method: 'PUT',
    path: '/sinks/{id}',
    summary: 'Set up a sink or change it. The secret is written, never read back',
    role: 'admin',
    params,
    body: sinkInput.omit({ id: true }),
    reply: shown.omit({ status: true }),
    async change({ params: { id }, body }, use) {
      const { db, config, admin, now, env } = use
      const known = await find(id, use)
      return ok({
        action: known ? 'update' : 'create',
        target: `sinks/${id}`,
        before: known ? plain(known) : null,
        after: {
          enabled: body.enabled,
          settings: body.settings as Json,
          secret: body.secret === undefined ? 'kept' : 'set',
        },
        async commit() {
          const saved = await saveSink(db, config, admin.project, { ...body, id }, now())
          if (saved.ok) await ledgerOf(env, admin.project).sinksChanged(admin.project)
          return saved.ok ? ok({ ...saved.value, settings: saved.value.settings as Json }) : saved
        },
      })
    },
  }),
  changeRoute({
    method: 'DELETE',
    path: '/sinks/{id}',
    summary: 'Stop sending to a sink and forget how far it had got',
    role: 'admin',
    params,
    reply: z.object({ id: z.string() }),
    async change({ params: { id } }, use) {
      const known = await find(id, use)
      if (!known) return refuse('core/not_found')
      return ok({
        action: 'delete',
        target: `sinks/${id}`,
        before: plain(known),
        after: null,
        async commit() {
          await deleteSink(use.db, use.admin.project, id)
          await ledgerOf(use.env, use.admin.project).sinksChanged(use.admin.project)
          return ok({ id })
        },
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/sinks/{id}/test',
    summary: 'Send one made-up event and show what the receiver answered',
    role: 'admin',
    params,
    reply: z.object({ ok: z.boolean(), reason: z.string(), status: z.int().nullable(), answer: z.string() }),
    async change({ params: { id } }, use) {
      if (!(await find(id, use))) return refuse('core/not_found')
      return ok({
        action: 'test',
        target: `sinks/${id}`,
        before: null,
        after: null,
        async commit() {
          const answer = await ledgerOf(use.env, use.admin.project).testSink(id)
          return answer ? ok(answer) : refuse('core/not_found')
        },
      })
    },
  }),
  readRoute({
    path: '/sinks/{id}/dead-letters',
    summary: 'What the receiver refused for good, and why',
    role: 'auditor',
    params,
    reply: z.object({ items: z.array(letter) }),
    async read({ params: { id } }, use) {
      if (!(await find(id, use))) return refuse('core/not_found')
      const letters = await ledgerOf(use.env, use.admin.project).deadLetters(id, 0)
      return ok({
        items: letters.map(({ from_sequence: from, up_to: to, count, reason, at }) => ({
          from,
          to,
          count,
          reason,
          at,
        })),
      })
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/sinks/{id}/dead-letters/retry',
    summary: 'Send dead letters once more',
    role: 'admin',
    params,
    reply: z.object({ delivered: z.int() }),
    async change({ params: { id } }, use) {
      if (!(await find(id, use))) return refuse('core/not_found')
      return ok({
        action: 'retry',
        target: `sinks/${id}/dead-letters`,
        before: null,
        after: null,
        async commit() {
          return ok({ delivered: await ledgerOf(use.env, use.admin.project).reviveDeadLetters(id) })
        },
      })
    },
  }),
]

async function find(id: string, { db, admin }: AdminUse): Promise<SinkView | undefined> {
  return (await listSinks(db, admin.project)).find((sink) => sink.id === id)
}

const plain = ({ enabled, settings, hasSecret }: SinkView): Json => ({ enabled, settings: settings as Json, hasSecret })

function view(sink: SinkView, all: readonly SinkStatus[]) {
  return { ...sink, settings: sink.settings as Json, status: all.find((one) => one.id === sink.id) ?? null }
}
