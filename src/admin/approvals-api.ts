import { and, eq, lt, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { recordEvents } from '../audit/audit.ts'
import { uuidv7 } from '../core/ids.ts'
import { elicitationId } from '../core/elicitation-id.ts'
import { ok, refuse } from '../core/result.ts'
import { decideApproval } from '../db/decide-approval.ts'
import { approvals } from '../db/schema.ts'
import { tellElicited } from '../vault/vault.ts'
import { pageOf, pageQuery, toPage } from './paging.ts'
import type { AdminRoute, AdminUse } from './route.ts'
import { changeRoute, readRoute } from './route.ts'

const status = z.enum(['pending', 'approved', 'rejected', 'used', 'expired'])

/** Without the arguments: whoever is named as an approver sees them on the approval's own page. */
const approval = z.object({
  id: z.string(),
  gateway: z.string(),
  session: z.string(),
  user: z.string(),
  agent: z.string(),
  tool: z.string(),
  rule: z.string(),
  approvers: z.json(),
  status,
  createdAt: z.int(),
  expiresAt: z.int(),
  decidedAt: z.int().nullable(),
  decidedBy: z.string().nullable(),
  note: z.string().nullable(),
})

const query = pageQuery.extend({ status: status.optional() })

export const approvalRoutes: readonly AdminRoute[] = [
  readRoute({
    path: '/approvals',
    summary: 'Calls that wait for a person, and those that did. Newest first',
    role: 'auditor',
    query,
    reply: pageOf(approval),
    async read({ query: { limit, cursor, status: wanted } }, { db, admin, now }) {
      const [at, id] = placeOf(cursor)
      const older = or(lt(approvals.createdAt, at), and(eq(approvals.createdAt, at), lt(approvals.id, id)))
      const rows = await db
        .select()
        .from(approvals)
        .where(
          and(
            eq(approvals.project, admin.project),
            wanted === undefined ? undefined : eq(approvals.status, wanted),
            older,
          ),
        )
        .orderBy(sql`${approvals.createdAt} DESC, ${approvals.id} DESC`)
        .limit(limit + 1)
      return ok(
        toPage(
          rows.map((row) => show(row, now())),
          limit,
          (one) => `${one.createdAt} ${one.id}`,
        ),
      )
    },
  }),
  changeRoute({
    method: 'POST',
    path: '/approvals/{id}/decide',
    summary: 'Decide in place of the approvers. The record names the token',
    role: 'admin',
    params: z.strictObject({ id: z.string().min(1).max(100) }),
    body: z.strictObject({
      decision: z.enum(['approve', 'reject']),
      note: z.string().max(500).nullable().default(null),
    }),
    reply: approval,
    async change({ params: { id }, body }, use) {
      const row = await find(id, use)
      if (!row) return refuse('core/not_found')
      const approve = body.decision === 'approve'
      return ok({
        action: body.decision,
        target: `approvals/${id}`,
        before: { status: row.status },
        after: { status: approve ? 'approved' : 'rejected', note: body.note },
        async commit() {
          const { db, admin, now } = use
          const by = admin.keyId ?? admin.name
          if (!(await decideApproval(db, { project: admin.project, id, approve, by, note: body.note }, now()))) {
            return refuse('admin/conflict', { message: 'It is not pending any more.' })
          }
          await recordEvents(use.env, [decided(row, by, approve, use)])
          await tellElicited(use.env, row.session, await elicitationId(`${use.config.publicUrl}/approve/${id}`))
          const saved = await find(id, use)
          return saved ? ok(show(saved, now())) : refuse('core/not_found')
        },
      })
    },
  }),
]

type Row = typeof approvals.$inferSelect

function show({ approvers, ...row }: Row, now: number) {
  const expired = row.status === 'pending' && row.expiresAt <= now
  return { ...row, status: expired ? ('expired' as const) : row.status, approvers: approvers as z.core.util.JSONType }
}

function placeOf(cursor: string | number | undefined): [number, string] {
  const [at, id] = String(cursor ?? '').split(' ')
  return cursor === undefined ? [Number.MAX_SAFE_INTEGER, ''] : [Number(at) || 0, id ?? '']
}

function decided(row: Row, by: string, approve: boolean, { admin, now }: AdminUse) {
  const at = now()
  return {
    id: uuidv7(at),
    type: 'approval.decided' as const,
    at,
    project: admin.project,
    gateway: row.gateway,
    user: row.user,
    session: row.session,
    tool: row.tool,
    decision: approve ? ('permit' as const) : ('deny' as const),
    attributes: {
      'behalf.approval.id': row.id,
      'behalf.approver': `key:${by}`,
      'behalf.policy.rules': [row.rule],
      role: admin.role,
    },
  }
}

async function find(id: string, { db, admin }: AdminUse) {
  const [row] = await db
    .select()
    .from(approvals)
    .where(and(eq(approvals.project, admin.project), eq(approvals.id, id)))
    .limit(1)
  return row ?? null
}
