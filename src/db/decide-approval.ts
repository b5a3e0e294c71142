import { and, eq, gt } from 'drizzle-orm'
import type { Db } from './db.ts'
import { approvals } from './schema.ts'

export type ApprovalDecision = {
  project: string
  id: string
  approve: boolean
  /** Who decided: a user id, or an admin key. */
  by: string
  note: string | null
}

/** False when it is not pending any more: decided by another, expired, or none of this project. Of two at once one counts. */
export async function decideApproval(db: Db, it: ApprovalDecision, now: number): Promise<boolean> {
  const decided = await db
    .update(approvals)
    .set({ status: it.approve ? 'approved' : 'rejected', decidedAt: now, decidedBy: it.by, note: it.note })
    .where(
      and(
        eq(approvals.project, it.project),
        eq(approvals.id, it.id),
        eq(approvals.status, 'pending'),
        gt(approvals.expiresAt, now),
      ),
    )
    .returning({ id: approvals.id })
  return decided.length === 1
}
